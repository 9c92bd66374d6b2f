"""``status --watch``: new lines as the study goes on, an end with it, and Ctrl-C."""

import contextlib
import os
import pty
import re
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from study.cell import Cell
from study.cells import cells
from study.cli import app
from study.command import watch as watching
from study.ledger.cell_ledger import CellLedger
from study.ledger.ledger import Ledger
from study.ledger.storage import open_storage, storage_url
from study.spec import directory_of, dump, parse_spec
from trainables.config import Outcome

ROOT = Path(__file__).parents[3]

SPEC = {
    "name": "small",
    "methods": ["ce"],
    "tasks": [{"dataset": "digits", "model": "mlp", "epochs": 2}],
    "imratios": [0.2],
    "search": {"trials": 2},
    "confirm": {"seeds": 1},
}


@pytest.fixture
def begun(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, CellLedger]:
    """A study whose rows the test finishes."""
    monkeypatch.chdir(tmp_path)
    spec = parse_spec(SPEC)
    directory = directory_of(spec)
    directory.mkdir(parents=True)
    (directory / "study.yaml").write_text(dump(spec))
    plan: list[Cell] = cells(spec)
    (cell,) = Ledger(open_storage(storage_url(directory, None)), spec.name, plan).cells.values()
    return directory, cell


def step(cell: CellLedger) -> bool:
    """Finish the next row, if there is one."""
    row = cell.next_search() or cell.next_confirm()
    if row is None:
        return False
    cell.report(row, {1: 0.6, 2: 0.7})
    cell.tell(row, "COMPLETE", Outcome(seconds=1.0, test_auroc=0.7, test_auprc=0.6))
    return True


def test_lines_until_it_is_finished(
    begun: tuple[Path, CellLedger], capsys: pytest.CaptureFixture[str]
) -> None:
    directory, cell = begun
    looks = 0

    def sleep(_: float) -> None:
        nonlocal looks
        looks += 1
        if looks % 2:  # nothing new every other time
            assert step(cell)

    watching.watch(directory, sleep)
    lines = capsys.readouterr().out.splitlines()
    assert [re.findall(r"^(\d) of 3 trials", line) for line in lines] == [
        ["0"],
        ["1"],
        ["2"],
        ["3"],
    ]
    assert lines[-1] == "3 of 3 trials and 1 of 1 cells are finished."
    assert lines[0].endswith("nobody works on it.")
    assert looks == 5


def test_a_database_that_is_away_is_waited_for(
    begun: tuple[Path, CellLedger], capsys: pytest.CaptureFixture[str]
) -> None:
    directory, cell = begun
    database, aside = directory / "study.db", directory / "aside.db"
    looks = 0

    def sleep(_: float) -> None:
        nonlocal looks
        looks += 1
        if looks == 1:
            while step(cell):
                pass
            database.rename(aside)
        else:
            aside.rename(database)

    watching.watch(directory, sleep)
    assert looks == 2
    assert capsys.readouterr().out.splitlines()[-1].startswith("3 of 3")


def test_ctrl_c_ends_it_well(begun: tuple[Path, CellLedger]) -> None:
    def sleep(_: float) -> None:
        raise KeyboardInterrupt

    with pytest.raises(typer.Exit) as end:
        watching.watch(begun[0], sleep)
    assert end.value.exit_code == 0


def test_ctrl_c_on_a_terminal(begun: tuple[Path, CellLedger]) -> None:
    """A real one: the table is drawn in place, and the exit code is 0."""
    directory, cell = begun
    mine, theirs = pty.openpty()
    words = [sys.executable, "-m", "study", "status", "--watch", str(directory)]
    env = os.environ | {"TERM": "xterm", "COLUMNS": "120", "PYTHONPATH": str(ROOT)}
    process = subprocess.Popen(
        words, stdin=theirs, stdout=theirs, stderr=theirs, env=env, preexec_fn=_hear
    )
    os.close(theirs)
    try:
        seen = read_until(mine, lambda text: "0/2" in text)
        assert step(cell)
        seen += read_until(mine, lambda text: "1/2" in text)
        assert "\x1b[1A" in seen or "\x1b[" in seen  # the cursor goes up to draw anew
        process.send_signal(signal.SIGINT)
        # Whoever writes to a terminal that nobody reads waits for ever.
        read_until(mine, lambda _: process.poll() is not None)
        assert process.returncode == 0
    finally:
        process.kill()
        process.wait()
        os.close(mine)


def _hear() -> None:
    """A shell's job in the background ignores SIGINT, and so would all that it starts."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def read_until(terminal: int, there: Callable[[str], bool]) -> str:
    text, deadline = "", time.monotonic() + 600
    while not there(text):
        assert time.monotonic() < deadline, text
        if select.select([terminal], [], [], 1)[0]:
            with contextlib.suppress(OSError):  # Linux: the other end is closed
                text += os.read(terminal, 65_536).decode(errors="replace")
    return text


def test_by_the_command(begun: tuple[Path, CellLedger]) -> None:
    directory, cell = begun
    while step(cell):
        pass
    shown = CliRunner().invoke(app, ["status", "--watch", str(directory)])
    assert shown.exit_code == 0, shown.stderr
    assert shown.stdout == "3 of 3 trials and 1 of 1 cells are finished.\n"
    assert CliRunner().invoke(app, ["status", "--watch", "nowhere.yaml"]).exit_code == 2
    assert CliRunner().invoke(app, ["status", "--watch", "--json", str(directory)]).exit_code == 2
