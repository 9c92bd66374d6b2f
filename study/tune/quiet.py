"""Keep the noise of a library out of the terminal and in a file."""

import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

__all__ = ["quiet"]


@contextmanager
def quiet(log: Path) -> Iterator[IO[str]]:
    """Send all that this process and its children print to ``log``; yield the terminal.

    It works on the file descriptors, since Ray's C++ parts and child processes print as well.
    Warnings of our own, such as of a database that is away, still reach the terminal.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    saved = os.dup(1), os.dup(2)
    with log.open("ab") as sink, os.fdopen(os.dup(1), "w", buffering=1) as terminal:
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
