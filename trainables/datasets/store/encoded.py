"""Encoded images that the store decodes: files, or whatever else opens as streams."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, BinaryIO, Protocol

from trainables.errors import DataError

__all__ = ["Encoded", "Files", "stamp"]

NAMED = 3
"""So many files that are missing are named; all are counted."""


class Encoded(Protocol):
    """Images, each a stream of encoded bytes; all methods may be called by several threads."""

    @property
    def made_of(self) -> Any:
        """Plain JSON that is another one as soon as any of the images is."""
        ...

    def __len__(self) -> int:
        """How many there are."""
        ...

    def name(self, index: int) -> str:
        """What one is called, for people."""
        ...

    def open(self, index: int) -> BinaryIO:
        """The bytes of one."""
        ...


@dataclass(frozen=True)
class Files:
    """Files of one image each.

    Raises:
        DataError: one is absent, when `made_of` is asked for.
    """

    paths: Sequence[Path]

    @cached_property
    def made_of(self) -> list[list[str | int]]:
        """Absolute path, size and time of change of each."""
        absent = [path for path in self.paths if not path.is_file()]
        if absent:
            more = ", ..." if len(absent) > NAMED else ""
            raise DataError(
                f"{len(absent):,} of {len(self.paths):,} images that are listed are no files "
                f"({', '.join(map(str, absent[:NAMED]))}{more}): put them there, or take them out "
                "of the list."
            )
        return [stamp(path) for path in self.paths]

    def __len__(self) -> int:
        return len(self.paths)

    def name(self, index: int) -> str:
        """Its path."""
        return str(self.paths[index])

    def open(self, index: int) -> BinaryIO:
        """The file."""
        return self.paths[index].open("rb")


def stamp(file: Path) -> list[str | int]:
    """What tells one state of a file from another without reading it, as ``make`` does.

    A checksum would have to read everything each time: of 20,000 photos that takes seconds to
    minutes, this half a second. The provenance of a study holds checksums besides.
    """
    found = file.stat()
    return [str(file.absolute()), found.st_size, found.st_mtime_ns]
