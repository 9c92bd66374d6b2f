"""HDF5 files, with errors in a sentence."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from trainables.errors import DataError

__all__ = ["opened", "reading"]


def opened(file: Path) -> Any:
    """An ``h5py.File`` of ``file``, to be read, and closed.

    Raises:
        DataError: h5py is not installed, or the file is no HDF5 or cut short.
    """
    # Here, because most studies do without it.
    try:
        import h5py
    except ImportError as error:
        raise DataError(
            f"{file} is an HDF5 file, which needs the package h5py: pip install 'aucstudy[hdf5]'."
        ) from error
    with reading(file):
        return h5py.File(file, "r")


@contextmanager
def reading(file: Path) -> Iterator[None]:
    """What h5py raises within it becomes a DataError that names ``file``."""
    try:
        yield
    except (OSError, KeyError, RuntimeError, ValueError) as error:
        raise DataError(
            f"{file} must be a whole HDF5 file, but reading its {file.stat().st_size:,} bytes "
            f"failed ({' '.join(str(error).split())}): fetch it again."
        ) from error
