"""Arrays of an .npz file that need not be in memory whole."""

from collections.abc import Iterator
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import IO
from zipfile import BadZipFile, ZipFile

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from trainables.datasets.store.arrays import blocks

__all__ = ["Member"]


@dataclass(frozen=True)
class Member:
    """One array of an .npz file.

    Raises:
        Exception: the file is damaged, or has no such array of plain numbers; of many kinds.
    """

    file: Path
    name: str

    @property
    def head(self) -> tuple[tuple[int, ...], np.dtype[np.generic]]:
        """Shape and dtype, of which its first bytes tell."""
        with ZipFile(self.file) as archive, archive.open(f"{self.name}.npy") as stream:
            return _head(stream)

    def blocks(self) -> Iterator[NDArray[np.generic]]:
        """All rows in order, some at a time; the checksum within the file is looked at."""
        with ZipFile(self.file) as archive, archive.open(f"{self.name}.npy") as stream:
            shape, dtype = _head(stream)
            row_bytes = prod(shape[1:]) * dtype.itemsize
            for rows in blocks(shape[0], row_bytes):
                count = rows.stop - rows.start
                content = stream.read(count * row_bytes)
                yield np.frombuffer(content, dtype).reshape(count, *shape[1:])
            if stream.read(1):
                raise BadZipFile(f"{self.name} is longer than its head says")


def _head(stream: IO[bytes]) -> tuple[tuple[int, ...], np.dtype[np.generic]]:
    version = npy.read_magic(stream)
    read = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
    shape, by_columns, dtype = read(stream)
    if by_columns or dtype.hasobject:
        raise ValueError("the array must hold plain numbers, row by row (allow_pickle=False)")
    return shape, dtype
