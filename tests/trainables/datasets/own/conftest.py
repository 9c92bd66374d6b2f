"""A store of the test's own, and what a reader says."""

from pathlib import Path

import pytest

from trainables.datasets.store.place import CACHE_VARIABLE


@pytest.fixture(autouse=True)
def _store(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    cache = tmp_path_factory.mktemp("cache")
    monkeypatch.setenv(CACHE_VARIABLE, str(cache))
    return cache
