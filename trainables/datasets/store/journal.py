"""What of a set is written already, so that a build goes on where an earlier one was interrupted.

The first line tells what is built; each other one is of a chunk: its first image, a checksum of its
bytes in the partial file, and the images in it that could not be decoded.
"""

import json
import zlib
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

from trainables.files import save_atomically

__all__ = ["Chunk", "Journal"]


class Chunk(NamedTuple):
    """A chunk that is written.

    Attributes:
        start: its first image.
        checksum: CRC-32 of its bytes.
        failed: number of each image that could not be decoded, and why.
    """

    start: int
    checksum: int
    failed: list[tuple[int, str]]


class Journal:
    """Of one set.

    Args:
        file: where it lies.
        head: plain JSON; a journal with another one is of another build.
    """

    def __init__(self, file: Path, head: Any) -> None:
        self._file, self._head = file, head

    def sound(self, partial: Path, span: Callable[[int], tuple[int, int]]) -> list[Chunk]:
        """Chunks whose bytes in ``partial`` are those that were written there.

        Args:
            partial: the pixels of the earlier build.
            span: offset and bytes of the chunk with a first image.
        """
        found: list[Chunk] = []
        # What cannot be read is done anew; the last line may have been cut short.
        with suppress(OSError, ValueError, TypeError, IndexError):
            lines = self._file.read_text().splitlines()
            if json.loads(lines[0]) != self._head:
                return []
            with partial.open("rb") as pixels:
                for line in lines[1:]:
                    start, checksum, failed = json.loads(line)
                    offset, size = span(start)
                    pixels.seek(offset)
                    if zlib.crc32(pixels.read(size)) == checksum:
                        found.append(Chunk(start, checksum, [(n, why) for n, why in failed]))
        return found

    def begin(self, done: list[Chunk]) -> None:
        """Write it anew, with the chunks that are done."""
        text = "".join(f"{json.dumps(line)}\n" for line in (self._head, *done))
        save_atomically(self._file, lambda file: file.write(text.encode()))

    def add(self, chunk: Chunk) -> None:
        """Write one more line; the chunk's bytes are written already."""
        with self._file.open("a") as file:
            file.write(f"{json.dumps(chunk)}\n")

    def remove(self) -> None:
        """The build is over."""
        self._file.unlink(missing_ok=True)
