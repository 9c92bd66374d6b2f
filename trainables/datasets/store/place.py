"""Where the store lies, what is in it, and whether more fits."""

import json
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from platformdirs import user_cache_path

from trainables.errors import DataError

__all__ = ["CACHE_VARIABLE", "Kept", "kept", "refuse_full", "store_folder", "store_place"]

CACHE_VARIABLE = "AUCSTUDY_CACHE"

SPARE = 2**28
"""Bytes that a disk keeps free beside a new set of images: studies write there, too."""


@dataclass(frozen=True)
class Kept:
    """What the store holds.

    Attributes:
        sets: sets of images that are whole.
        bytes: of all its files, unfinished ones included.
    """

    sets: int
    bytes: int

    def __str__(self) -> str:
        sets = "1 set" if self.sets == 1 else f"{self.sets:,} sets"
        return f"{sets}, {gib(self.bytes)}"


def store_place() -> Path:
    """Where the folder of all sets is, or would be: in $AUCSTUDY_CACHE, else the user's cache."""
    named = os.environ.get(CACHE_VARIABLE)
    return (Path(named).expanduser() if named else user_cache_path("aucstudy")) / "images"


def store_folder() -> Path:
    """The folder of all sets, made if it is not there.

    Nobody else may look into it (mode 700): images of patients may lie there.

    Raises:
        DataError: it cannot be made.
    """
    folder = store_place()
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise DataError(
            f"the store of images needs a folder that can be written, and {folder} cannot be made "
            f"({error.strerror}): set {CACHE_VARIABLE} to another."
        ) from error
    return folder


def kept() -> Kept:
    """How many sets the store holds, and how much they take of the disk."""
    place = store_place()
    files = [*place.iterdir()] if place.is_dir() else []
    taken = sum(512 * file.stat().st_blocks for file in files)
    return Kept(sum(file.suffix == ".json" for file in files), taken)


def refuse_full(folder: Path, wanted: int, what: str) -> None:
    """Do nothing if ``wanted`` bytes fit beside what lies on the folder's disk.

    Raises:
        DataError: they do not.
    """
    free = shutil.disk_usage(folder).free
    if wanted + SPARE > free:
        raise full(folder, wanted, free, what)


def full(folder: Path, wanted: int, free: int, what: str) -> DataError:
    """The error for a disk that cannot take ``wanted`` bytes."""
    return DataError(
        f"the store of {what} takes {gib(wanted)}, and the disk of {folder} has {gib(free)} free: "
        f"free some space, lower image_size, or set {CACHE_VARIABLE} to a folder on another disk."
    )


def gib(size: int) -> str:
    """Bytes for people."""
    return f"{size / 2**30:.2f} GiB"


def read_record(file: Path) -> dict[str, Any] | None:
    """The JSON object in ``file``; None if there is none that is whole."""
    try:
        found = json.loads(file.read_text())
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None
