"""Fixtures that every room's tests may use."""

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real data sets: AUCSTUDY_DATA, or ``shared/data`` beside the checkout."""
    beside = Path(__file__).resolve().parents[2] / "shared" / "data"
    folder = Path(os.environ.get("AUCSTUDY_DATA", beside))
    if not folder.is_dir():
        pytest.skip(f"no real data: {folder} is not there; set AUCSTUDY_DATA to their folder")
    return folder
