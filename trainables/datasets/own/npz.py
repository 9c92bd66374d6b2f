"""An .npz file of the user's own, read array by array, never all of it in memory."""

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

from trainables.datasets.own.archive import source_of
from trainables.datasets.own.listed import placed
from trainables.datasets.source import Source, missing
from trainables.datasets.store.arrays import blocks
from trainables.datasets.store.encoded import stamp
from trainables.errors import DataError

__all__ = ["read_npz"]

SUFFIX = ".npy"


def read_npz(
    root: Path,
    download: bool,  # noqa: ARG001
    *,
    npz: str,
    image_size: int | None = None,
) -> Source:
    """Images of one's own in an .npz file: 2-D or 3-D, with MedMNIST's names or images and labels.

    Args:
        root: folder of the data sets.
        download: not used.
        npz: the file; a relative path counts from ``root``. Of its arrays see
            `trainables.datasets.own.archive.source_of`.
        image_size: pixels of the squares that 2-D images become; None: as they are.

    Raises:
        DataError: the file is missing or damaged, or holds something else.
    """
    file = placed(root, npz)
    if not file.is_file():
        raise missing(f"the file {npz!r}", [file], download="")
    return source_of(_Npz(file), image_size)


@dataclass(frozen=True)
class _Npz:
    """An ``Archive``."""

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
