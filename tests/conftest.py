"""Fixtures that every room's tests may use."""

import os
import tempfile
from pathlib import Path

import pytest

# Ray runs its workers at nice 15: on a busy machine studies would outlast their tests.
os.environ.setdefault("RAY_worker_niceness", "0")

# Images that tests share between processes do not end up in the user's own cache.
_CACHE = tempfile.TemporaryDirectory(prefix="aucstudy-cache-")
os.environ.setdefault("AUCSTUDY_CACHE", _CACHE.name)

REAL = ("cifar-10-batches-py", "medmnist/breastmnist.npz", "medmnist/pneumoniamnist.npz")


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real data sets: AUCSTUDY_DATA, or ``shared/data`` beside the checkout."""
    beside = Path(__file__).resolve().parents[2] / "shared" / "data"
    folder = Path(os.environ.get("AUCSTUDY_DATA") or beside)
    missing = [name for name in REAL if not (folder / name).exists()]
    if missing:
        pytest.skip(f"no real data: {folder} lacks {', '.join(missing)}; set AUCSTUDY_DATA")
    return folder


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Which tests share a worker: those that start Ray, whose studies would starve each other; of
    the others the tests of a file, which share what they have set up.

    Those that start Ray come first: one after the other they take longest.
    """
    items.sort(key=lambda item: item.get_closest_marker("ray") is None)
    for item in items:
        group = "ray" if item.get_closest_marker("ray") else str(item.path)
        item.add_marker(pytest.mark.xdist_group(group))
