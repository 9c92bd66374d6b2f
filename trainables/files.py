"""Files that appear whole or not at all, and what they hold in one number."""

import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import IO

__all__ = ["checksum", "save_atomically"]


def checksum(file: Path, method: str = "sha256") -> str:
    """Of all bytes of ``file``, in hexadecimal; ``method`` is a name that hashlib knows."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, method).hexdigest()


def save_atomically(
    path: Path,
    write: Callable[[IO[bytes]], object],
    keep: Path | None = None,
    *,
    lasting: bool = True,
) -> None:
    """Call ``write(file)`` on a temporary file beside ``path``, then rename it to ``path``.

    Args:
        path: the file to be.
        write: fills it.
        keep: where the file that was at ``path`` goes; None: it is replaced.
        lasting: wait until the disk has it. Without that a power cut may leave an empty file.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    try:
        with temporary.open("wb") as file:
            write(file)
            file.flush()
            if lasting:
                os.fsync(file.fileno())
        if keep is not None and path.exists():
            path.replace(keep)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
