"""A study is asked to stop: by a signal, by its time budget, or by what makes going on useless."""

import re
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from study.errors import SpecError, StudyError

__all__ = ["DRAIN_SECONDS", "Stop", "duration"]

DRAIN_SECONDS = 60.0
"""How long a stop waits for intervals under way; longer ones go on from their last checkpoint."""

ECHO_SECONDS = 1.0
"""A signal so soon after the first is the same one: `timeout` sends it twice."""

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGUSR1, signal.SIGHUP)

INSISTING = (signal.SIGINT, signal.SIGTERM)
"""A lost connection gives SIGHUP more than once."""

_DURATION = re.compile(r"(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?")


def duration(text: str) -> float:
    """Seconds of "2h", "90m", "1d12h", "30s".

    Raises:
        SpecError: the text is no such duration, or it is 0.
    """
    found = _DURATION.fullmatch(text.strip())
    days, hours, minutes, seconds = (
        (int(part or 0) for part in found.groups()) if found else (0,) * 4
    )
    total = seconds + 60 * (minutes + 60 * (hours + 24 * days))
    if total == 0:
        raise SpecError(
            f"A time budget is written like 2h, 90m, 1d12h or 30s and is above 0; {text!r} is not."
        )
    return float(total)


class Stop:
    """Whether, why and since when the study is to stop.

    The first signal (SIGINT, SIGTERM, SIGUSR1, SIGHUP) asks for a stop; a second SIGINT or SIGTERM
    raises KeyboardInterrupt where the driver is. Under ``nohup`` SIGHUP is not heard.

    Args:
        after: seconds from now, above 0, that the study may take; None: no limit.

    Attributes:
        error: what forbids going on, if that is the reason; no row may be told after it.
    """

    def __init__(self, after: float | None = None) -> None:
        self.error: StudyError | None = None
        self._deadline = None if after is None else time.monotonic() + after
        self._reason: str | None = None
        self._since = 0.0

    @property
    def reason(self) -> str | None:
        """Why, in a few words; None while the study may go on."""
        if self._deadline is not None and time.monotonic() >= self._deadline:
            self.ask("the time budget is used up")
        return self._reason

    @property
    def impatient(self) -> bool:
        """Intervals under way are not waited for any longer."""
        waited = time.monotonic() - self._since
        return self.reason is not None and (self.error is not None or waited > DRAIN_SECONDS)

    def ask(self, reason: str) -> None:
        """Stop for ``reason``; the first reason stays."""
        if self._reason is None:
            self._reason, self._since = reason, time.monotonic()

    def fail(self, error: StudyError) -> None:
        """Stop, since going on is useless or harmful; the first error stays."""
        self.error = self.error or error
        self.ask("an error")

    @contextmanager
    def signals(self) -> Iterator["Stop"]:
        """Listen to signals; in a thread other than the main one Python allows none."""
        if threading.current_thread() is not threading.main_thread():
            yield self
            return
        before = {number: signal.getsignal(number) for number in SIGNALS}
        self.listen()
        try:
            yield self
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def listen(self) -> None:
        """Take the signals (again: Tune takes SIGUSR1 for itself)."""
        if threading.current_thread() is threading.main_thread():
            for number in SIGNALS:
                if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:
                    signal.signal(number, self._hear)

    def _hear(self, number: int, _frame: FrameType | None) -> None:
        asked_before = self._reason is not None and time.monotonic() - self._since > ECHO_SECONDS
        if asked_before and number in INSISTING:
            raise KeyboardInterrupt
        self.ask(signal.Signals(number).name)
