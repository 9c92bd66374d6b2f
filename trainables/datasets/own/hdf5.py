"""An HDF5 file of the user's own, read array by array, never all of it in memory."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trainables.datasets.formats.hdf5 import opened, reading
from trainables.datasets.own.archive import source_of
from trainables.datasets.own.listed import placed
from trainables.datasets.source import Source, missing
from trainables.datasets.store.arrays import blocks
from trainables.datasets.store.encoded import stamp

__all__ = ["read_hdf5"]


def read_hdf5(
    root: Path,
    download: bool,  # noqa: ARG001
    *,
    hdf5: str,
    image_size: int | None = None,
) -> Source:
    """Images of one's own in an HDF5 file, with the names of an .npz file (`read_npz`).

    Args:
        root: folder of the data sets.
        download: not used.
        hdf5: the file; a relative path counts from the folder of the data sets. Of its arrays see
            `trainables.datasets.own.archive.source_of`.
        image_size: pixels of the squares that 2-D images become; None: as they are.

    Raises:
        DataError: h5py is not installed; the file is missing or damaged, or holds something else.
    """
    file = placed(root, hdf5)
    if not file.is_file():
        raise missing(f"the file {hdf5!r}", [file], download="")
    return source_of(_Hdf5(file), image_size)


@dataclass(frozen=True)
class _Hdf5:
    """An ``Archive``; its names are those of data sets at the top."""

    file: Path

    @cached_property
    def names(self) -> Sequence[str]:
        with opened(self.file) as content, reading(self.file):
            return [name for name, each in content.items() if getattr(each, "shape", ())]

    def form(self, name: str) -> tuple[tuple[int, ...], np.dtype[Any]]:
        with opened(self.file) as content, reading(self.file):
            return content[name].shape, content[name].dtype

    def blocks(self, name: str) -> Iterator[NDArray[Any]]:
        with opened(self.file) as content, reading(self.file):
            array = content[name]
            row = int(np.prod(array.shape[1:], dtype=np.int64)) * array.dtype.itemsize
            for rows in blocks(len(array), max(1, row)):
                yield array[rows]

    def made_of(self, name: str) -> Any:
        return [stamp(self.file), name]
