"""Files that appear whole or not at all."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import IO

__all__ = ["save_atomically"]


def save_atomically(
    path: Path, write: Callable[[IO[bytes]], object], keep: Path | None = None
) -> None:
    """Call ``write(file)`` on a temporary file beside ``path``, then rename it to ``path``.

    Args:
        path: the file to be.
        write: fills it.
        keep: where the file that was at ``path`` goes; None: it is replaced.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    try:
        with temporary.open("wb") as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
        if keep is not None and path.exists():
            path.replace(keep)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
