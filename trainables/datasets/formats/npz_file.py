"""An .npz file, read array by array, never all of it in memory."""

import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from trainables.datasets.store.arrays import blocks
from trainables.datasets.store.encoded import stamp
from trainables.errors import DataError

__all__ = ["NpzFile"]

SUFFIX = ".npy"


@dataclass(frozen=True)
class NpzFile:
    """An ``own.archive.Archive``.

    Raises:
        DataError: from each method: the file is damaged, lacks the array, or holds other than
            numbers in it.
    """

    file: Path

    @cached_property
    def names(self) -> Sequence[str]:
        with self._opened() as archive:
            return [
                each.removesuffix(SUFFIX) for each in archive.namelist() if each.endswith(SUFFIX)
            ]

    def form(self, name: str) -> tuple[tuple[int, ...], np.dtype[Any]]:
        with self._opened() as archive, archive.open(name + SUFFIX) as stream:
            shape, _, dtype = _header(stream)
        return shape, dtype

    def blocks(self, name: str) -> Iterator[NDArray[Any]]:
        with self._opened() as archive, archive.open(name + SUFFIX) as stream:
            shape, columns_first, dtype = _header(stream)
            row = int(np.prod(shape[1:], dtype=np.int64)) * dtype.itemsize
            whole = columns_first and len(shape) > 1
            for rows in [slice(0, shape[0])] if whole else blocks(shape[0], max(1, row)):
                size = (rows.stop - rows.start) * row
                content = stream.read(size)
                if len(content) < size:
                    raise EOFError(f"{name} is cut short")
                found = np.frombuffer(content, dtype)
                form = (rows.stop - rows.start, *shape[1:])
                yield found.reshape(form[::-1]).T if whole else found.reshape(form)
            # At the end zipfile compares what it read with the checksum.
            stream.read(1)

    def whole(self, name: str) -> NDArray[Any]:
        """One array, in memory."""
        shape, dtype = self.form(name)
        return np.concatenate([np.empty((0, *shape[1:]), dtype), *self.blocks(name)])

    def made_of(self, name: str) -> Any:
        with self._opened() as archive:
            return [stamp(self.file), name, archive.getinfo(name + SUFFIX).CRC]

    @contextmanager
    def _opened(self) -> Iterator[zipfile.ZipFile]:
        try:
            with zipfile.ZipFile(self.file) as archive:
                yield archive
        except (DataError, GeneratorExit):
            raise
        except Exception as error:
            # A damaged archive raises almost anything.
            raise DataError(
                f"{self.file} must be a whole .npz file, but reading its "
                f"{self.file.stat().st_size:,} bytes failed ({' '.join(str(error).split())}): "
                "replace the file."
            ) from error


def _header(stream: IO[bytes]) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    """Shape, whether columns come first, and dtype."""
    version = npy.read_magic(stream)
    read = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
    shape, columns_first, dtype = read(stream)
    if dtype.hasobject or not shape:
        raise ValueError(f"it holds {dtype} {shape}, and only arrays of numbers are read")
    return shape, columns_first, dtype
