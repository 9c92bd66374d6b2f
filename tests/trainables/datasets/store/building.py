"""Encoded images that count who opens them, and what another process does with them."""

import os
import sys
import time
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from trainables.datasets.formats.decode import Decoding
from trainables.datasets.store import building as module
from trainables.datasets.store.photos import photos
from trainables.datasets.store.place import CACHE_VARIABLE

__all__ = ["HOW", "SIDE", "Drawn", "build", "pixels_of"]

SIDE = 8
HOW = Decoding(image_size=SIDE, channels=3)


@dataclass(frozen=True)
class Drawn:
    """So many PNGs of random pixels, made when they are opened.

    Attributes:
        total: images.
        seed: of their pixels.
        broken: numbers of those that are none.
        log: gets a letter for each that is opened; None: nothing does.
        seconds: that opening one takes.
        hangs_at: from this number on opening one never ends.
    """

    total: int
    seed: int = 0
    broken: tuple[int, ...] = ()
    log: Path | None = None
    seconds: float = 0.0
    hangs_at: int = sys.maxsize

    @property
    def made_of(self) -> Any:
        return ["drawn", self.total, self.seed, list(self.broken)]

    def __len__(self) -> int:
        return self.total

    def name(self, index: int) -> str:
        return f"image {index}"

    def open(self, index: int) -> BinaryIO:
        time.sleep(self.seconds if index < self.hangs_at else 1e6)
        if self.log is not None:
            with self.log.open("a") as log:
                log.write("x")
        if index in self.broken:
            return BytesIO(b"no image")
        stream = BytesIO()
        Image.fromarray(pixels_of(self.seed, index).transpose(1, 2, 0)).save(stream, "PNG")
        stream.seek(0)
        return stream


def pixels_of(seed: int, index: int) -> NDArray[np.uint8]:
    """uint8 (3, SIDE, SIDE)."""
    draw = np.random.default_rng((seed, index))
    return draw.integers(0, 256, (3, SIDE, SIDE), dtype=np.uint8)


def build(cache: str, encoded: Drawn, chunk_bytes: int) -> None:
    """What a process does that prepares a set, in ``cache``, and ends."""
    os.environ[CACHE_VARIABLE] = cache
    module.CHUNK_BYTES = chunk_bytes
    photos("drawn", encoded, HOW, "skip" if encoded.broken else "stop")
