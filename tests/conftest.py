"""Fixtures that every room's tests may use."""

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from xdist.remote import Producer

    from tests.scheduling import RayOneByOne

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


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: "Producer") -> "RayOneByOne | None":
    """With ``--dist loadfile``: tests that start Ray share a worker."""
    if config.getvalue("dist") != "loadfile":
        return None
    from tests.scheduling import RayOneByOne

    return RayOneByOne(config, log)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Of several workers one begins with those that start Ray, which together take longest."""
    if hasattr(config, "workerinput"):
        from tests.scheduling import starts_ray

        items.sort(key=lambda item: not starts_ray(item.path))
