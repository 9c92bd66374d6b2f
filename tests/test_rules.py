"""Driver, reader, status and report agree on where a cell stands, whatever happened to its rows."""

import io
from dataclasses import replace
from pathlib import Path

import yaml
from rich.console import Console
from rich.table import Table

from study.ledger import CellLedger, Ledger
from study.progress import PlainProgress, TableProgress
from study.reader import read_study
from study.records import StudyRecord
from study.rows import Outcome, Row
from study.storage import open_storage
from study.tables import status_tables
from tests.study.conftest import CELL

CRASH = Outcome(reason="a worker died", crashed=True)


def opened(folder: Path, **plan: object) -> Ledger:
    storage = open_storage(f"sqlite:///{folder / 'study.db'}")
    return Ledger(storage, "s", [replace(CELL, sampler="random", **plan)])  # type: ignore[arg-type]


def cell_of(ledger: Ledger) -> CellLedger:
    (cell,) = ledger.cells.values()
    return cell


def read(folder: Path) -> StudyRecord:
    (folder / "study.yaml").write_text(yaml.safe_dump({"name": "s", "storage": None}))
    return read_study(folder)


def finish(cell: CellLedger, row: Row | None, value: float = 0.8) -> None:
    assert row is not None
    cell.tell(row, "COMPLETE", Outcome(curve=[{"interval": 9, "val_auroc": value}]))


def crash(cell: CellLedger, row: Row | None) -> None:
    assert row is not None
    cell.tell(row, "FAIL", CRASH)


def shown(study: StudyRecord) -> tuple[dict[str, str], str]:
    """What ``status`` shows: the cell's line by column, and the sentence below."""
    table, sentence = status_tables(study)
    assert isinstance(table, Table)
    line = {str(column.header): str(next(iter(column.cells))) for column in table.columns}
    return line, str(sentence)


def headline(ledger: Ledger) -> str:
    """The line that a run prints."""
    out = io.StringIO()
    PlainProgress(Console(file=out)).start(ledger, slots=1)
    return out.getvalue()


def test_nothing_is_selected_while_a_replacement_is_to_come(tmp_path: Path) -> None:
    driver = cell_of(opened(tmp_path, trials=2))
    rows = [driver.next_search(), driver.next_search()]
    finish(driver, rows[0])
    crash(driver, rows[1])
    assert not driver.search_over
    assert read(tmp_path).cells[0].selected is None


def test_a_replacement_is_not_one_more_row_of_the_plan(tmp_path: Path) -> None:
    ledger = opened(tmp_path, trials=2, seeds=2)
    driver = cell_of(ledger)
    crash(driver, driver.next_search())
    finish(driver, driver.next_search())
    line, sentence = shown(read(tmp_path))
    assert line["search"] == "1/2"
    assert sentence.startswith("1 of 4 trials are finished. Nobody works on it; to go on:")
    assert headline(ledger).startswith("1/4 trials")

    finish(driver, driver.next_search())
    crash(driver, driver.next_confirm())
    finish(driver, driver.next_confirm())
    line, sentence = shown(read(tmp_path))
    assert (line["search"], line["confirm"]) == ("2/2", "1/2")
    assert "3 of 4 trials are finished. Nobody works" in sentence
    assert headline(ledger).startswith("3/4 trials")

    finish(driver, driver.next_confirm())
    line, sentence = shown(read(tmp_path))
    assert (line["confirm"], sentence) == ("2/2", "4 of 4 trials are finished.")
    assert headline(ledger).startswith("4/4 trials")
    out = io.StringIO()
    table = TableProgress(Console(file=out, force_terminal=True, width=100, height=30))
    table.start(ledger, slots=1)
    table.stop()
    assert "3/2" not in out.getvalue()


def test_nothing_is_left_where_every_search_row_failed(tmp_path: Path) -> None:
    """The status does not send anybody to a study that is over."""
    ledger = opened(tmp_path, trials=1)
    driver = cell_of(ledger)
    row = driver.next_search()
    assert row is not None
    driver.tell(row, "FAIL", Outcome(reason="the loss is nan"))
    assert ledger.finished
    assert shown(read(tmp_path))[1] == "1 of 3 trials are finished."
    assert headline(ledger).startswith("1/3 trials")
