"""Small pictures whose pixels tell which they are, as files."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

__all__ = ["pixels_of", "write"]

SIDE = 6


def pixels_of(number: int) -> NDArray[np.uint8]:
    """Grey, (SIDE, SIDE)."""
    return np.random.default_rng(number).integers(0, 256, (SIDE, SIDE), dtype=np.uint8)


def write(file: Path, number: int) -> Path:
    """The picture of that number, as a PNG."""
    file.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels_of(number)).save(file)
    return file
