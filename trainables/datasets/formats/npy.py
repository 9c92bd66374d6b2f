"""A .npy file, with errors in a sentence."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trainables.errors import DataError

__all__ = ["read_npy"]


def read_npy(file: Path) -> NDArray[Any]:
    """The array in ``file``, mapped from it.

    Raises:
        DataError: the file is no .npy, cut short, or holds Python objects.
    """
    try:
        found: NDArray[Any] = np.load(file, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise DataError(
            f"{file} must be a whole .npy file, but reading its {file.stat().st_size:,} bytes "
            f"failed ({' '.join(str(error).split())}): fetch it again."
        ) from error
    return found
