"""What a person sees: a table in a terminal, lines elsewhere, and a sound time left."""

import io
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from study.ledger.cell_ledger import CellLedger
from study.ledger.ledger import Ledger
from study.ledger.storage import open_storage
from study.tune.progress import PlainProgress, TableProgress, progress_for
from study.tune.quiet import quiet
from study.tune.time_left import TimeLeft
from tests.study.conftest import CELL
from trainables.config import Outcome

Opener = Callable[..., Ledger]


def finish_all_search(ledger: Ledger, progress: PlainProgress | TableProgress) -> CellLedger:
    (cell,) = ledger.cells.values()
    while row := cell.next_search():
        outcome = Outcome(seconds=10.0)
        cell.report(row, {9: 0.75})
        cell.tell(row, "COMPLETE", outcome)
        progress.told(row)
    return cell


def test_plain_lines_say_what_is_done_and_what_is_left(
    open_ledger: Opener, monkeypatch: pytest.MonkeyPatch
) -> None:
    out, now = io.StringIO(), 100.0
    monkeypatch.setattr("study.tune.progress.time.monotonic", lambda: now)
    progress = PlainProgress(Console(file=out))
    ledger = open_ledger()
    progress.start(ledger, slots=lambda: 2)
    assert out.getvalue() == "0/8 trials, time left: measuring\n"
    cell = finish_all_search(ledger, progress)
    now += 120
    row = cell.next_confirm()
    assert row is not None
    progress.stop()
    lines = out.getvalue().splitlines()
    assert lines[1] == f"{cell.cell.id}: confirm, best validation AUROC 0.7500"
    # Two confirm trials of about 10 s, side by side.
    assert lines[-1] == f"6/8 trials, 3.0 a minute, about 10.0 s left, at {cell.cell.id}"
    now += 1080
    progress.stop()
    assert ", 18.0 an hour, " in out.getvalue().splitlines()[-1]


def test_long_trials_are_judged_by_their_intervals_before_one_ends(
    open_ledger: Opener, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nine intervals a trial, one in 100 s, but for the first, before which much else is done."""
    now = 0.0
    monkeypatch.setattr("study.tune.time_left.time.monotonic", lambda: now)
    ledger = open_ledger()
    (cell,) = ledger.cells.values()
    intervals = cell.cell.run["intervals"]
    assert intervals == 9
    left = TimeLeft(ledger)
    rows = [cell.next_search(), cell.next_search()]
    told = []
    for count in range(4):
        now = 1000.0 + 100 * count
        for row in rows if count else []:
            assert row is not None
            cell.report(row, {count: 0.7})
        told.append(left.seconds(slots=2))
    # Eight trials of 900 s by twos, of which two have come to their second and third interval.
    assert told == [None, None, pytest.approx(3600 - 200), pytest.approx(3600 - 300)]
    # Eight side by side wait for the longest.
    assert left.seconds(slots=8) == pytest.approx((7200 - 600) / 8)
    assert left.seconds(slots=80) == pytest.approx(600)
    out = io.StringIO()
    progress = PlainProgress(Console(file=out))
    progress.start(ledger, slots=lambda: 2)
    assert out.getvalue().endswith(f"measuring, at {cell.cell.id} (3/9)\n")


def test_a_log_of_days_stays_short(open_ledger: Opener, monkeypatch: pytest.MonkeyPatch) -> None:
    out, now = io.StringIO(), 0.0
    monkeypatch.setattr("study.tune.progress.time.monotonic", lambda: now)
    progress = PlainProgress(Console(file=out))
    progress.start(open_ledger(), slots=lambda: 2)
    lines = []
    for at in range(0, 2 * 86_400, 5):
        now = float(at)
        progress.tick(None)
        lines.append(len(out.getvalue().splitlines()))
    assert lines[12] == 1 + 6  # after a minute, every ten seconds
    assert 500 < lines[-1] < 700
    # What a study begins to wait for is said at once.
    progress.tick("a node")
    assert out.getvalue().endswith("waiting for a node\n")


def test_a_row_that_waits_for_a_worker_is_not_under_way(tmp_path: Path) -> None:
    """Tune is handed one row more than can run; the cluster then grows by a slot."""
    names = ["first", "second", "third"]
    cells = [replace(CELL, id=name, order=i) for i, name in enumerate(names)]
    ledger = Ledger(open_storage(f"sqlite:///{tmp_path / 'study.db'}"), "s", cells)
    out, slots = io.StringIO(), 2
    progress = PlainProgress(Console(file=out))
    rows = [cell.next_search() for cell in ledger.cells.values()]
    progress.start(ledger, slots=lambda: slots)
    second = rows[1]
    assert second is not None
    ledger.cells["second"].report(second, dict.fromkeys(range(1, 5), 0.7))
    progress.stop()
    slots = 3
    progress.stop()
    assert [line.partition("measuring, ")[2] for line in out.getvalue().splitlines()] == [
        "at first and 1 more",
        "at second (4/9) and 1 more",
        "at second (4/9) and 2 more",
    ]


def test_what_a_stopped_driver_had_reported_is_not_timed(
    open_ledger: Opener, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 0.0
    monkeypatch.setattr("study.tune.time_left.time.monotonic", lambda: now)
    ledger = open_ledger()
    (cell,) = ledger.cells.values()
    row = cell.next_search()
    assert row is not None
    cell.report(row, dict.fromkeys(range(1, 7), 0.7))
    left = TimeLeft(ledger)
    for at, count in ((0.0, 6), (500.0, 7), (600.0, 8)):
        now = at
        cell.report(row, {count: 0.7})
        left.seconds(slots=1)
    assert left.seconds(slots=1) == pytest.approx(7 * 900 + 100)


def test_a_run_that_goes_on_judges_by_the_trials_of_earlier_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A cheap and a dear method, a seed of each finished; now one seed of the cheap is under way,
    on a machine that takes twice as long."""
    now = 0.0
    monkeypatch.setattr("study.tune.time_left.time.monotonic", lambda: now)
    fixed = replace(CELL, space={}, trials=0)
    cells = [replace(fixed, id=name, order=i) for i, name in enumerate(["cheap", "dear"])]

    def opened() -> Ledger:
        return Ledger(open_storage(f"sqlite:///{tmp_path / 'study.db'}"), "s", cells)

    ledger = opened()
    assert TimeLeft(ledger).seconds(slots=1) is None
    for cell, seconds in zip(ledger.cells.values(), (900.0, 2700.0), strict=True):
        row = cell.next_confirm()
        assert row is not None
        cell.report(row, dict.fromkeys(range(1, 10), 0.7))
        cell.tell(row, "COMPLETE", Outcome(seconds=seconds))
    ledger = opened()
    left = TimeLeft(ledger)
    assert left.seconds(slots=1) == pytest.approx(900 + 2700)
    cheap = ledger.cells["cheap"]
    row = cheap.next_confirm()
    assert row is not None
    for at, count in ((300.0, 1), (500.0, 2), (700.0, 3)):
        now = at
        cheap.report(row, {count: 0.7})
        left.seconds(slots=1)
    assert left.seconds(slots=1) == pytest.approx(6 * 200 + 2 * 2700)
    cheap.report(row, dict.fromkeys(range(4, 10), 0.7))
    cheap.tell(row, "COMPLETE", Outcome(seconds=2700.0))
    left.told(row)
    assert left.seconds(slots=1) == pytest.approx(3 * 2700)


def test_the_table_shows_every_cell_and_the_bar(open_ledger: Opener) -> None:
    out = io.StringIO()
    progress = TableProgress(Console(file=out, force_terminal=True, width=100, height=30))
    ledger = open_ledger()
    progress.start(ledger, slots=lambda: 1)
    cell = finish_all_search(ledger, progress)
    progress.stop()
    shown = out.getvalue()
    for expected in (cell.cell.id, "confirm", "6/6", "0/2", "0.7500", "6/8 trials"):
        assert expected in shown


def test_a_pipe_gets_lines() -> None:
    assert isinstance(progress_for(io.StringIO()), PlainProgress)


def test_all_noise_goes_to_the_log_and_the_terminal_stays_usable(tmp_path: Path) -> None:
    log = tmp_path / "noise.log"
    code = f"""
import os, subprocess, sys
from pathlib import Path
from study.tune.quiet import quiet
with quiet(Path({str(log)!r})) as terminal:
    print("python noise")
    print("error noise", file=sys.stderr)
    os.write(1, b"descriptor noise\\n")
    subprocess.run(["echo", "child noise"])
    print("progress", file=terminal)
print("afterwards")
"""
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=Path(__file__).parents[3],
        env=os.environ,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert done.stdout == "progress\nafterwards\n"
    assert done.stderr == ""
    noise = log.read_text()
    for kind in ("python", "error", "descriptor", "child"):
        assert f"{kind} noise" in noise


def test_the_terminal_comes_back_after_an_exception(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(RuntimeError), quiet(tmp_path / "noise.log"):
        raise RuntimeError
    print("still here")
    assert capfd.readouterr().out == "still here\n"
