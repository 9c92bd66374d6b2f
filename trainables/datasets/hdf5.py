"""HDF5 files, opened with errors in a sentence."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from trainables.errors import DataError

__all__ = ["opened"]


@contextmanager
def opened(file: Path) -> Iterator[Any]:
    """An ``h5py.File`` of ``file``, to be read; what is wrong within becomes a DataError, too.

    Raises:
        DataError: h5py is not installed, or the file is no HDF5, cut short or damaged.
    """
    # Here, because most studies do without it.
    try:
        import h5py
    except ImportError as error:
        raise DataError(
            f"{file} is an HDF5 file, which needs the package h5py: pip install 'aucstudy[hdf5]'."
        ) from error
    try:
        with h5py.File(file, "r") as content:
            yield content
    except DataError:
        raise
    except (OSError, KeyError, RuntimeError, ValueError) as error:
        raise DataError(
            f"{file} must be a whole HDF5 file, but reading its {file.stat().st_size:,} bytes "
            f"failed ({' '.join(str(error).split())}): fetch it again."
        ) from error
