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
