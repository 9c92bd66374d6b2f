"""Fixtures that every room's tests may use."""

import os
from pathlib import Path

import pytest

# Ray runs its workers at nice 15: on a busy machine studies would outlast their tests.
os.environ.setdefault("RAY_worker_niceness", "0")

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


def pytest_itemcollected(item: pytest.Item) -> None:
    """Tests that start Ray share one worker of pytest-xdist: two at once starve each other.

    Long tests of one file share one, too, and with it what they have set up.
    """
    if item.get_closest_marker("ray"):
        item.add_marker(pytest.mark.xdist_group("ray"))
    elif item.get_closest_marker("whole"):
        item.add_marker(pytest.mark.xdist_group(item.path.stem))
