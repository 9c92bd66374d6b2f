"""Where Ray keeps its sockets and logs on this machine: a folder with a short name."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from study.errors import ClusterError

__all__ = ["LONGEST", "cramped", "temporary_folder"]

LONGEST = 39
"""Bytes of a folder below which Ray's sockets can lie: Linux allows their paths 107, and
``/ray/session_2026-01-31_23-59-59_999999_4194304/sockets/plasma_store`` takes 68.
"""

SHARED = Path("/dev/shm")
LEAST_MB = 10


@contextmanager
def temporary_folder() -> Iterator[Path]:
    """``RAY_TMPDIR``, ``TMPDIR`` or /tmp, as Ray has it; instead of a ``TMPDIR`` that is too long
    (batch systems set such) a folder of our own in /tmp, gone in the end.

    Raises:
        ClusterError: ``RAY_TMPDIR`` is too long.
        OSError: /tmp cannot be written.
    """
    wanted = os.environ.get("RAY_TMPDIR")
    folder = Path(wanted or os.environ.get("TMPDIR") or "/tmp").absolute()
    length = len(os.fsencode(folder))
    if length <= LONGEST:
        yield folder
    elif wanted:
        raise ClusterError(
            f"RAY_TMPDIR must have at most {LONGEST} bytes, so that Ray's sockets can lie there, "
            f"and {folder} has {length}: export a shorter one, or unset it."
        )
    else:
        own = tempfile.mkdtemp(prefix="aucstudy-", dir="/tmp")
        try:
            yield Path(own)
        finally:
            shutil.rmtree(own, ignore_errors=True)


def cramped(folder: Path) -> str:
    """Which of the places that Ray needs is full or cannot be written, as words in brackets, with
    a space before them; else nothing. ``folder`` need not exist.
    """
    there = next(place for place in (folder, *folder.parents) if place.exists())
    found = []
    for place in (there, SHARED):
        if not os.access(place, os.W_OK):
            found.append(f"{place} cannot be written")
        elif (free := shutil.disk_usage(place).free / 1e6) < LEAST_MB:
            found.append(f"{place} has {free:.3g} MB left")
    return f" ({'; '.join(found)})" if found else ""
