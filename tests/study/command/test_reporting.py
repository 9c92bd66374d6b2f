"""The report while a study runs: never two at once, at low priority, and never in the way."""

import io
import sys
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest
from rich.console import Console

from study.cells import cells
from study.command.reporting import NICE, Reporting, reporting
from study.ledger.ledger import Ledger
from study.ledger.storage import open_storage, storage_url
from study.spec import directory_of, dump, parse_spec
from study.tune.progress import PlainProgress, progress_for
from tests.study.command.test_watch import SPEC


@pytest.fixture
def shown() -> io.StringIO:
    return io.StringIO()


@pytest.fixture
def make(shown: io.StringIO) -> Callable[..., Reporting]:
    def made(code: str, *words: str) -> Reporting:
        command = [sys.executable, "-c", code, *words]
        return Reporting(PlainProgress(Console(file=shown)), command, seconds=0.01)

    return made


def tick_until(progress: Reporting, there: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 600
    while not there():
        assert time.monotonic() < deadline
        progress.tick(None)
        time.sleep(0.01)


def test_one_after_the_other_and_nicely(make: Callable[..., Reporting], tmp_path: Path) -> None:
    """Each tells when it began and ended, and its priority."""
    code = (
        "import os, sys, time\n"
        "began = time.monotonic()\n"
        "time.sleep(0.3)\n"
        "with open(sys.argv[1], 'a') as file:\n"
        "    print(began, time.monotonic(), os.nice(0), file=file, flush=True)\n"
    )
    told = tmp_path / "told"
    told.touch()
    progress = make(code, str(told))
    tick_until(progress, lambda: told.read_text().count("\n") >= 3)
    progress.stop()
    spans = [tuple(map(float, line.split())) for line in told.read_text().splitlines()]
    for (_, ended, _), (began, _, _) in pairwise(spans):
        assert began > ended
    assert {nice for _, _, nice in spans} == {float(NICE)}


def test_a_failure_is_a_line(make: Callable[..., Reporting], shown: io.StringIO) -> None:
    progress = make("import sys; print('first'); sys.exit('It is so.')")
    tick_until(progress, lambda: "It is so." in shown.getvalue())
    progress.stop()
    lines = [line for line in shown.getvalue().splitlines() if line]
    assert lines[0] == "The report could not be written, and the study goes on: It is so."


def test_what_cannot_be_started_is_a_line(shown: io.StringIO) -> None:
    progress = Reporting(PlainProgress(Console(file=shown)), ["/no/such/program"], 0.01)
    tick_until(progress, lambda: "No such file" in shown.getvalue())
    progress.stop()


def test_a_stop_does_not_wait(make: Callable[..., Reporting], shown: io.StringIO) -> None:
    progress = make("import time; time.sleep(600)")
    tick_until(progress, lambda: progress._process is not None)
    process = progress._process
    assert process is not None
    progress.stop()
    assert process.returncode is not None
    assert "could not" not in shown.getvalue()


def test_it_is_the_report(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a study that has begun, from a folder in which another `study` lies."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "study").mkdir()
    (tmp_path / "study" / "__main__.py").write_text("raise SystemExit('not me')")
    spec = parse_spec(SPEC)
    directory = directory_of(spec)
    directory.mkdir(parents=True)
    (directory / "study.yaml").write_text(dump(spec))
    Ledger(open_storage(storage_url(directory, None)), spec.name, cells(spec))
    out = io.StringIO()
    progress = reporting(0.01, directory)(out)
    assert isinstance(progress, Reporting)
    tick_until(progress, (directory / "report" / "report.html").is_file)
    progress.stop()
    assert "could not" not in out.getvalue()
    assert reporting(None, directory) is progress_for
