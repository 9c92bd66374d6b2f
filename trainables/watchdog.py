"""End a worker process whose training hangs, whatever holds it."""

import faulthandler
import time
from pathlib import Path
from types import TracebackType

__all__ = ["Watchdog"]

REARM_SECONDS = 1.0
"""Arming starts a thread (0.05 ms): at most this often."""


class Watchdog:
    """Context manager around training: the process exits if no ``beat`` comes for too long.

    It works from a thread of the interpreter's own that needs no lock of Python, so that a call
    that never returns, in C code too, is caught. Where the process hung is written to ``file``,
    which is removed if all went well.

    Args:
        file: gets the traceback of all threads.
        seconds: of silence, above 0, after which the process exits with status 1.
    """

    def __init__(self, file: Path, seconds: float) -> None:
        self._path = file
        self._seconds = seconds
        self._armed = 0.0

    def __enter__(self) -> "Watchdog":
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._file = self._path.open("w")
        self._armed = 0.0
        self.beat()
        return self

    def beat(self) -> None:
        """The training lives: the time of silence begins anew."""
        now = time.monotonic()
        if now - self._armed > REARM_SECONDS:
            faulthandler.dump_traceback_later(self._seconds, exit=True, file=self._file)
            self._armed = now

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        faulthandler.cancel_dump_traceback_later()
        self._file.close()
        self._path.unlink(missing_ok=True)
