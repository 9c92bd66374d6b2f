"""The report while a study runs: now and then, by a process of its own that nobody waits for."""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO

import psutil

import study
from study.ledger.ledger import Ledger
from study.ledger.rows import Row
from study.tune.progress import PlainProgress, Progress, TableProgress, progress_for

__all__ = ["Reporting", "reporting"]

NICE = 19
"""Lowest priority: trials come first."""


def reporting(seconds: float | None, directory: Path) -> Callable[[IO[str]], Progress]:
    """A maker of progress displays that also has the report written every ``seconds``; None: not.

    Args:
        seconds: above 0.
        directory: the study's.
    """
    if seconds is None:
        return progress_for
    command = [sys.executable, "-m", "study", "report", str(directory.absolute())]
    return lambda stream: Reporting(progress_for(stream), command, seconds)


class Reporting:
    """A progress display beside which a command is started now and then, never two at once.

    Whatever becomes of it, the study goes on; a failure is one line.

    Args:
        shown: the display.
        command: to start.
        seconds: from one start to the next, at least.
    """

    def __init__(
        self, shown: PlainProgress | TableProgress, command: Sequence[str], seconds: float
    ) -> None:
        self._shown = shown
        self._command = list(command)
        self._seconds = seconds
        self._last = time.monotonic()
        self._process: subprocess.Popen[bytes] | None = None
        self._output: IO[bytes] | None = None

    def start(self, ledger: Ledger, slots: Callable[[], int]) -> None:
        """Show it."""
        self._last = time.monotonic()
        self._shown.start(ledger, slots)

    def told(self, row: Row) -> None:
        """Show it."""
        self._shown.told(row)

    def tick(self, waits_for: str | None) -> None:
        """Show it, and see to the report."""
        self._shown.tick(waits_for)
        if self._process is not None:
            self._look()
        elif time.monotonic() - self._last >= self._seconds:
            self._last = time.monotonic()
            self._begin()

    def stop(self) -> None:
        """Show it; a report under way is given up, since the study's own follows or can."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._end()
        self._shown.stop()

    def _begin(self) -> None:
        self._output = tempfile.TemporaryFile()  # noqa: SIM115 - the process goes on with it
        try:
            self._process = subprocess.Popen(
                self._command,
                stdin=subprocess.DEVNULL,
                stdout=self._output,
                stderr=self._output,
                # Where the program lies, so that no folder of the user's is taken for it.
                cwd=Path(study.__file__).parents[1],
                env=os.environ | {"OMP_NUM_THREADS": "1"},
                start_new_session=True,
            )
        except OSError as error:
            self._failed(str(error))
            self._end()
            return
        with suppress(psutil.Error):  # it has ended already
            psutil.Process(self._process.pid).nice(NICE)

    def _look(self) -> None:
        if self._process is None or self._process.poll() is None or self._output is None:
            return
        if self._process.returncode:
            self._output.seek(0)
            lines = self._output.read().decode(errors="replace").strip().splitlines()
            self._failed(lines[-1] if lines else f"exit code {self._process.returncode}")
        self._end()

    def _failed(self, reason: str) -> None:
        self._shown.say(f"The report could not be written, and the study goes on: {reason}")

    def _end(self) -> None:
        self._process = None
        if self._output is not None:
            self._output.close()
            self._output = None
