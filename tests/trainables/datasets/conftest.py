"""Every test here has a store of images of its own."""

from pathlib import Path

import pytest

from trainables.datasets.store.place import CACHE_VARIABLE


@pytest.fixture(autouse=True)
def _own_store(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    folder: Path = tmp_path_factory.mktemp("store")
    monkeypatch.setenv(CACHE_VARIABLE, str(folder))
