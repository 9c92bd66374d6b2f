"""Keep the noise of a library out of the terminal and in a file."""

import io
import logging
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

__all__ = ["quiet"]


@contextmanager
def quiet(log: Path, gone: Callable[[OSError], None] = lambda _: None) -> Iterator[IO[str]]:
    """Send all that this process and its children print to ``log``; yield the terminal.

    It works on the file descriptors, since Ray's C++ parts and child processes print as well.
    Warnings of our own, such as of a database that is away, still reach the terminal.

    Args:
        log: a file, which grows.
        gone: called when nobody reads the terminal any more, with what a write to it gave; writing
            goes on in vain.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    saved = os.dup(1), os.dup(2)
    with log.open("ab") as sink, _terminal(gone) as terminal:
        os.dup2(sink.fileno(), 1)
        os.dup2(sink.fileno(), 2)
        own = logging.StreamHandler(terminal)
        logging.getLogger("study").addHandler(own)
        try:
            yield terminal
        finally:
            logging.getLogger("study").removeHandler(own)
            sys.stdout.flush()
            sys.stderr.flush()
            for number, descriptor in zip((1, 2), saved, strict=True):
                os.dup2(descriptor, number)
                os.close(descriptor)


class _Terminal(io.FileIO):
    """Stdout as it is now, which may be closed or hung up later."""

    def __init__(self, gone: Callable[[OSError], None]) -> None:
        super().__init__(os.dup(1), "w")
        self._gone = gone

    def write(self, data: Any, /) -> int:
        try:
            return super().write(data)
        except OSError as error:  # the pipe is broken (EPIPE), or the terminal was hung up (EIO)
            self._gone(error)
            return len(data)


def _terminal(gone: Callable[[OSError], None]) -> io.TextIOWrapper:
    raw = io.BufferedWriter(_Terminal(gone))
    encoding, errors = sys.stdout.encoding, sys.stdout.errors
    return io.TextIOWrapper(raw, encoding=encoding, errors=errors, line_buffering=True)
