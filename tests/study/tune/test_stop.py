"""What a time budget may look like, and when a stop is asked for."""

import os
import signal
import time

import pytest

from study.errors import SpecError, StudyError
from study.tune import stop as stop_module
from study.tune.stop import Stop, duration


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("2h", 7200), ("90m", 5400), ("1d12h", 129_600), ("30s", 30), ("1h30m", 5400), (" 5s ", 5)],
)
def test_durations(text: str, seconds: float) -> None:
    assert duration(text) == seconds


@pytest.mark.parametrize("text", ["", "0h", "2", "h2", "2 h", "-1h", "1.5h", "2h!", "30m1h"])
def test_what_is_no_duration(text: str) -> None:
    with pytest.raises(SpecError, match="2h, 90m"):
        duration(text)


def test_nothing_stops_a_study_by_itself() -> None:
    assert Stop().reason is None
    assert Stop(after=3600).reason is None
    assert not Stop().impatient


def test_the_time_budget_runs_out() -> None:
    stop = Stop(after=0.01)
    time.sleep(0.02)
    assert stop.reason == "the time budget is used up"
    assert not stop.impatient


def test_an_error_is_not_waited_with() -> None:
    stop = Stop()
    first = StudyError("the first")
    stop.fail(first)
    stop.fail(StudyError("the second"))
    assert stop.error is first
    assert stop.impatient


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGUSR1, signal.SIGHUP])
def test_a_signal_asks_and_a_second_one_interrupts(
    number: signal.Signals, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard = signal.signal(signal.SIGHUP, signal.SIG_DFL)  # the tests may run under nohup
    before = signal.getsignal(signal.SIGTERM)
    with Stop().signals() as stop:
        os.kill(os.getpid(), number)
        assert stop.reason == number.name
        os.kill(os.getpid(), signal.SIGTERM)  # an echo of the first
        monkeypatch.setattr(stop_module, "ECHO_SECONDS", 0.0)
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)
        os.kill(os.getpid(), signal.SIGUSR1)
        os.kill(os.getpid(), signal.SIGHUP)  # a lost connection sends it twice
        assert stop.reason == number.name
    assert signal.getsignal(signal.SIGTERM) is before
    signal.signal(signal.SIGHUP, heard)


def test_what_nohup_ignores_is_not_heard() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with Stop().signals() as stop:
            os.kill(os.getpid(), signal.SIGHUP)
            assert stop.reason is None
        assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)
