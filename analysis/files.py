"""Files that appear whole or not at all."""

import os
import tempfile
from collections.abc import Iterable
from pathlib import Path

__all__ = ["remove_others", "write_bytes", "write_text"]


def write_text(path: Path, content: str) -> None:
    """Write UTF-8 to a temporary name in the same folder, then rename."""
    write_bytes(path, content.encode("utf-8"))


def write_bytes(path: Path, content: bytes) -> None:
    """Write to a temporary name in the same folder, then rename."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
        Path(temporary).chmod(0o644)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def remove_others(folder: Path, suffixes: Iterable[str], written: Iterable[Path]) -> None:
    """Remove what an earlier report left in ``folder`` and this one does not have.

    It would contradict the report. Files of other kinds than ``suffixes`` stay.
    """
    keep, kinds = set(written), tuple(suffixes)
    for path in folder.glob("*"):
        if path.suffix in kinds and path not in keep:
            path.unlink()
