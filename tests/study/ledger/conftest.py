"""Databases opened for one test, and a small cell whose rows are run on them."""

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from optuna.storages import RDBStorage

from study.ledger.cell_ledger import CellLedger
from study.ledger.ledger import Ledger
from study.ledger.rows import Row
from study.ledger.storage import open_storage
from tests.study.conftest import CELL
from trainables.config import Outcome

Open = Callable[[str], RDBStorage]


@pytest.fixture
def open_it() -> Iterator[Open]:
    """``open_storage``, closed again after the test."""
    storages = []

    def opened(url: str) -> RDBStorage:
        storages.append(open_storage(url))
        return storages[-1]

    yield opened
    for storage in storages:
        storage.engine.dispose()


def ledger(storage: RDBStorage, trials: int = 6) -> Ledger:
    return Ledger(storage, "s", [replace(CELL, sampler="random", trials=trials)])


def cell_of(ledger: Ledger) -> CellLedger:
    (cell,) = ledger.cells.values()
    return cell


def finish(cell: CellLedger, row: Row, value: float) -> None:
    """The row comes to its end, well."""
    cell.report(row, {9: value})
    cell.tell(row, "COMPLETE", Outcome(seconds=1.0))


def run_all(cell: CellLedger, after_each: Callable[[], None] = lambda: None) -> None:
    """Search and confirm to the end; ``after_each`` is called between any two writes."""
    after_each()
    while row := cell.next_search() or cell.next_confirm():
        after_each()
        for interval in (1, 9):
            cell.report(row, {interval: 1 - abs(row.params["margin"] - 0.5) / interval})
            after_each()
        cell.tell(row, "COMPLETE", Outcome(seconds=1.0))
        after_each()


def rows(storage: RDBStorage) -> list[str]:
    """All rows as they stand in the database, without what differs between databases."""
    found = cell_of(ledger(storage)).rows
    return [repr(replace(row, key=0)) for phase in found.values() for row in phase]
