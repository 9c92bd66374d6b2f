"""Driver, reader, status and report agree on where a cell stands, whatever happened to its rows."""

import io
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import Phase, example, given, settings
from hypothesis import strategies as st
from optuna.storages import RDBStorage
from rich.console import Console
from rich.table import Table

from analysis.compare import failures
from analysis.findings import Findings
from analysis.results import from_record
from study.cell import Moves
from study.command.tables import status_tables
from study.ledger.cell_ledger import CellLedger
from study.ledger.ledger import Ledger
from study.ledger.rows import Row
from study.ledger.rules import FINISHED
from study.ledger.storage import open_storage
from study.reader import read_study
from study.records import StudyRecord
from study.tune.progress import PlainProgress, TableProgress, stage
from tests.study.conftest import CELL
from trainables.config import Outcome

NUMBERS = count()
CRASH = Outcome(reason="a worker died", crashed=True)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where one database holds the studies of all tests, since making one takes a while."""
    return tmp_path_factory.mktemp("studies")


@pytest.fixture(scope="module")
def storage(folder: Path) -> Iterator[RDBStorage]:
    """The database, as drivers have it."""
    storage = open_storage(f"sqlite:///{folder / 'study.db'}")
    yield storage
    storage.engine.dispose()


def opened(storage: RDBStorage, name: str, **plan: Any) -> Ledger:
    """The ledger of a study of one cell; again and again, as after a driver's death."""
    return Ledger(storage, name, [replace(CELL, space={}, **plan)])


def cell_of(ledger: Ledger) -> CellLedger:
    (cell,) = ledger.cells.values()
    return cell


def read(folder: Path, name: str) -> StudyRecord:
    (folder / "study.yaml").write_text(yaml.safe_dump({"name": name, "storage": None}))
    return read_study(folder)


def finish(cell: CellLedger, row: Row | None, value: float = 0.8) -> None:
    assert row is not None
    curve = [{"interval": 9, "val_auroc": value}]
    tested = value if row.phase == "confirm" else None
    cell.tell(row, "COMPLETE", Outcome(curve=curve, test_auroc=tested))


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
    PlainProgress(Console(file=out)).start(ledger, slots=lambda: 1)
    return out.getvalue()


def test_nothing_is_selected_while_a_replacement_is_to_come(
    folder: Path, storage: RDBStorage
) -> None:
    driver = cell_of(opened(storage, "selection", trials=2))
    rows = [driver.next_search(), driver.next_search()]
    finish(driver, rows[0])
    crash(driver, rows[1])
    assert not driver.standing.search_over
    assert read(folder, "selection").cells[0].selected == ()


def test_a_replacement_is_not_one_more_row_of_the_plan(folder: Path, storage: RDBStorage) -> None:
    ledger = opened(storage, "plan", trials=2, seeds=2)
    driver = cell_of(ledger)
    crash(driver, driver.next_search())
    finish(driver, driver.next_search())
    line, sentence = shown(read(folder, "plan"))
    assert line["search"] == "1/2"
    assert sentence.startswith("1 of 4 trials are finished. Nobody works on it; to go on:")
    assert headline(ledger).startswith("1/4 trials")

    finish(driver, driver.next_search())
    crash(driver, driver.next_confirm())
    finish(driver, driver.next_confirm())
    line, sentence = shown(read(folder, "plan"))
    assert (line["search"], line["confirm"]) == ("2/2", "1/2")
    assert "3 of 4 trials are finished. Nobody works" in sentence
    assert headline(ledger).startswith("3/4 trials")

    finish(driver, driver.next_confirm())
    line, sentence = shown(read(folder, "plan"))
    assert (line["confirm"], sentence) == ("2/2", "4 of 4 trials are finished.")
    assert headline(ledger).startswith("4/4 trials")
    out = io.StringIO()
    table = TableProgress(Console(file=out, force_terminal=True, width=100, height=30))
    table.start(ledger, slots=lambda: 1)
    table.stop()
    assert "3/2" not in out.getvalue()


def test_nothing_is_left_where_every_search_row_failed(folder: Path, storage: RDBStorage) -> None:
    """The status does not send anybody to a study that is over."""
    ledger = opened(storage, "failed", trials=1)
    driver = cell_of(ledger)
    row = driver.next_search()
    assert row is not None
    driver.tell(row, "FAIL", Outcome(reason="the loss is nan"))
    assert ledger.finished
    assert shown(read(folder, "failed"))[1] == "1 of 3 trials are finished."
    assert headline(ledger).startswith("1/3 trials")


def test_a_cell_whose_confirm_rows_all_failed_is_not_done(
    folder: Path, storage: RDBStorage
) -> None:
    ledger = opened(storage, "unconfirmed", trials=1, seeds=2)
    driver = cell_of(ledger)
    finish(driver, driver.next_search())
    assert stage(driver) == "confirm"
    while row := driver.next_confirm():
        assert not driver.standing.failed
        driver.tell(row, "FAIL", Outcome(reason="the loss is nan"))
    assert ledger.finished
    assert driver.standing.failed
    assert stage(driver) == "failed"
    assert shown(read(folder, "unconfirmed"))[0]["failed"] == "2"


def test_one_confirm_row_that_completed_is_a_result(storage: RDBStorage) -> None:
    ledger = opened(storage, "confirmed once", trials=0, seeds=2)
    driver = cell_of(ledger)
    finish(driver, driver.next_confirm())
    row = driver.next_confirm()
    assert row is not None
    driver.tell(row, "FAIL", Outcome(reason="the loss is nan"))
    assert ledger.finished
    assert stage(driver) == "done"


# What may happen to a study, in any order: what a driver does, and what becomes of a row under way.
ENDS = ("complete", "prune", "diverge", "crash")
EVENTS = ("search", "confirm", "profile", "run", *ENDS, "complete", "crash")

# What a driver that comes back may find: the plan has grown, or ("fix") an earlier version searched
# where nothing is tuned and this one does not.
GROWTHS = ("", "trials", "seeds", "fix", "repeats", "values", "values", "profile seeds")


def happen(driver: CellLedger, events: list[tuple[str, int]]) -> None:
    """``events`` come about, where they can."""
    for what, number in events:
        if what == "search":
            driver.next_search()
        elif what == "confirm":
            driver.next_confirm()
        elif what == "profile":
            driver.next_profile()
        elif what == "run":
            go_on(driver, number / 100, most=number % 8)
        elif running := driver.running():
            end(driver, running[number % len(running)], what, number / 100)


def end(driver: CellLedger, row: Row, how: str, value: float) -> None:
    if how == "complete":
        finish(driver, row, value)
    elif how == "crash":
        crash(driver, row)
    else:
        state = "PRUNED" if how == "prune" and row.phase == "search" else "FAIL"
        driver.tell(row, state, Outcome(reason=None if state == "PRUNED" else "the loss is nan"))


def next_of(driver: CellLedger) -> Row | None:
    """The row that is handed out next."""
    return driver.next_search() or driver.next_confirm() or driver.next_profile()


def go_on(driver: CellLedger, value: float, most: int = 100) -> list[Row]:
    """Run up to so many rows, every one well and better than the one before; those rows."""
    ended: list[Row] = []
    while len(ended) < most:
        running = driver.running()
        row = running[0] if running else next_of(driver)
        if row is None:
            break
        finish(driver, row, value + len(ended) / 1000)
        ended.append(row)
    return ended


@settings(
    max_examples=120,
    deadline=None,
    derandomize=True,
    phases=(Phase.explicit, Phase.generate, Phase.shrink),
)
@given(
    plan=st.tuples(st.integers(0, 3), st.integers(0, 4)),
    lives=st.lists(
        st.tuples(
            st.sampled_from(GROWTHS),
            st.lists(st.tuples(st.sampled_from(EVENTS), st.integers(0, 99)), max_size=12),
        ),
        min_size=1,
        max_size=4,
    ),
)
@example(plan=(1, 2), lives=[("", [("search", 0), ("diverge", 0)])])
@example(
    plan=(1, 1), lives=[("", [("search", 0), ("crash", 0)] * 5)]
)  # more crashes than replacements
@example(plan=(1, 1), lives=[("", [("run", 1), *[("confirm", 0), ("crash", 0)] * 4])])
@example(
    plan=(1, 2), lives=[("", [("run", 3)]), ("trials", [("run", 98)])]
)  # what was confirmed is not best
@example(plan=(0, 2), lives=[("", [("run", 1)]), ("seeds", [("confirm", 0), ("crash", 0)])])
@example(
    plan=(2, 1), lives=[("", [("run", 1), ("search", 0)]), ("fix", [])]
)  # its search is under way
@example(plan=(1, 2), lives=[("values", [("run", 95)]), ("repeats", []), ("trials", [])])
@example(plan=(1, 1), lives=[("values", [("run", 2), *[("profile", 0), ("crash", 0)] * 5])])
@example(plan=(1, 1), lives=[("repeats", [("search", 0), ("diverge", 0), ("run", 5)])])
def test_all_agree(
    folder: Path,
    storage: RDBStorage,
    plan: tuple[int, int],
    lives: list[tuple[str, list[tuple[str, int]]]],
) -> None:
    name = f"study {next(NUMBERS)}"
    grown = Plan(*plan)
    for growth, events in lives:
        grown = grown.after(growth)
        happen(cell_of(opened(storage, name, **grown.fields())), events)
    compare(opened(storage, name, **grown.fields()), read(folder, name))


@dataclass(frozen=True)
class Plan:
    """What a cell is to do; it only grows.

    Attributes:
        trials, seeds: of each search.
        repeats: searches.
        values: of the profile; none: there is none.
        profile_seeds: of each search, where there is a profile.
    """

    trials: int
    seeds: int
    repeats: int = 1
    values: tuple[float, ...] = ()
    profile_seeds: int = 1

    def after(self, growth: str) -> "Plan":
        """The plan once ``growth`` has happened to it."""
        if growth == "fix":
            return replace(self, trials=0)
        if growth == "values":
            return replace(self, values=(*self.values, round(0.1 * (len(self.values) + 1), 1)))
        if growth == "":
            return self
        name = growth.replace(" ", "_")
        return replace(self, **{name: getattr(self, name) + 1})

    def fields(self) -> dict[str, Any]:
        """The plan as a ``Cell`` has it."""
        seeds = min(self.profile_seeds, self.seeds) * self.repeats
        moves = Moves({"margin": self.values}, {"margin": 0.1}, seeds, test=False)
        return {
            "trials": self.trials,
            "seeds": self.seeds * self.repeats,
            "repeats": self.repeats,
            "moves": moves if self.values else None,
        }


def compare(ledger: Ledger, study: StudyRecord) -> None:
    driver = cell_of(ledger)
    (cell,) = study.cells
    standing = driver.standing
    left = standing.search_left, standing.confirm_left, standing.profile_left

    # The reader.
    assert cell.selected == tuple(row.number for row in standing.selected)
    for mine, its in (
        (standing.current, cell.confirm),
        (standing.profiled, cell.profile),
        (standing.superseded, cell.superseded),
    ):
        assert [(row.phase, row.number) for row in its] == [(r.phase, r.number) for r in mine]
    again = cell.standing
    assert (again.search_left, again.confirm_left, again.profile_left) == left
    assert again.search_over == standing.search_over
    assert again.failed == standing.failed
    assert again.finished == driver.finished == ledger.finished

    # The status, and what a run shows.
    line, sentence = shown(study)
    profiled = standing.profile_done + standing.profile_left
    planned = standing.repeats * standing.trials + standing.seeds + profiled
    assert line["search"] == f"{standing.search_done}/{standing.repeats * standing.trials}"
    assert line["confirm"] == f"{standing.confirm_done}/{standing.seeds}"
    if standing.moves is not None:
        assert line["profile"] == f"{standing.profile_done}/{profiled}"
    assert line["under way"] == str(len(driver.running()))
    assert sentence.startswith(f"{standing.done} of {planned} trials are finished.")
    assert ("to go on" in sentence) == (not ledger.finished)
    assert headline(ledger).startswith(f"{standing.done}/{planned} trials")

    # The report.
    results = from_record(study)
    missing = failures.missing_rows(results).iloc[0]
    assert tuple(missing[["search", "confirm", "profile"]]) == left
    assert sum(left) == ledger.remaining()
    over = failures.without_result(results)["over"]
    assert len(over) == all(row.state != "COMPLETE" for row in standing.current)
    assert over.any() == (len(over) > 0 and not left[0] and not left[1])
    if standing.seeds and not left[2]:
        assert standing.failed == over.any()
    scores = Findings(results).scores.iloc[0]
    complete = {(row.repeat, row.seed) for row in standing.current if row.state == "COMPLETE"}
    assert scores["n"] == len(complete)
    if all(each.settled for each in standing.searches):
        assert scores["missing"] == standing.confirm_left
        assert scores["n"] + scores["failed"] == standing.confirm_done

    # What the driver goes on to do is what all of them have said.
    under_way = any(row.state not in FINISHED for row in driver.rows["search"])
    confirms, profiles = len(driver.rows["confirm"]), len(driver.rows["profile"])
    assert standing.search_over == (driver.next_search() is None and not under_way)
    searches = [*enumerate(standing.searches)]
    driver.next_confirm()
    confirmed = [(row.repeat, row.seed) for row in driver.rows["confirm"][confirms:]]
    assert confirmed == [(r, seed) for r, each in searches for seed in each.missing_seeds]
    driver.next_profile()
    moved = [(row.repeat, row.moved, row.seed) for row in driver.rows["profile"][profiles:]]
    assert moved == [
        (r, (name, value), seed) for r, each in searches for name, value, seed in each.missing_moves
    ]
    # Every search row is the best so far, so that nothing that was confirmed before will serve.
    rows = go_on(driver, value=2.0)
    assert sum(row.phase == "search" for row in rows) == standing.search_left
    now = driver.standing
    assert sum(row in now.current for row in rows) == standing.confirm_left
    assert sum(row in now.profiled for row in rows) == standing.profile_left
    assert driver.finished
    assert ledger.remaining() == 0
