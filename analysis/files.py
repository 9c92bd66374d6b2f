"""Files that appear whole or not at all."""

import os
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["remove_others", "replaced", "write_bytes", "write_text"]


def write_text(path: Path, content: str) -> None:
    """Write UTF-8; the file appears whole or not."""
    write_bytes(path, content.encode("utf-8"))


def write_bytes(path: Path, content: bytes) -> None:
    """Write; the file appears whole or not."""
    with replaced(path) as temporary:
        temporary.write_bytes(content)


@contextmanager
def replaced(path: Path) -> Iterator[Path]:
    """A temporary name in the same folder, renamed to ``path`` if nothing fails."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        temporary.chmod(0o644)
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def remove_others(folder: Path, suffixes: Iterable[str], written: Iterable[Path]) -> None:
    """Remove what an earlier report left in ``folder`` and this one does not have.

    It would contradict the report. Files of other kinds than ``suffixes`` stay.
    """
    keep, kinds = set(written), tuple(suffixes)
    for path in folder.glob("*"):
        if path.suffix in kinds and path not in keep:
            path.unlink()
