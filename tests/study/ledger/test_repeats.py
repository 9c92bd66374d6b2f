"""Repeated searches: each is one by itself, and more of them only add to a study."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from study.cell import confirm_seeds, search_seeds
from study.ledger.cell_ledger import CellLedger
from study.ledger.ledger import Ledger
from study.ledger.rows import Row
from tests.study.conftest import CELL
from tests.study.ledger.conftest import Open, cell_of, finish
from trainables.config import Outcome

Opener = Callable[..., CellLedger]


@pytest.fixture
def opened(open_it: Open, database: str) -> Opener:
    """The ledger of the one cell, changed as named; again and again, as after a driver's death."""

    def opened(**changes: Any) -> CellLedger:
        return cell_of(Ledger(open_it(database), "s", [replace(CELL, **changes)]))

    return opened


def run_all(cell: CellLedger) -> list[Row]:
    """Everything that is left; the row with the lowest lr is the best."""
    rows = []
    while row := cell.next_search() or cell.next_confirm():
        finish(cell, row, 1 - row.params["lr"])
        rows.append(row)
    return rows


def test_each_search_has_its_rows_its_winner_and_its_seeds(opened: Opener) -> None:
    cell = opened(trials=4, repeats=3, seeds=6)
    run_all(cell)
    search = cell.rows["search"]
    assert [row.number for row in search] == list(range(12))
    assert [row.repeat for row in search] == [0] * 4 + [1] * 4 + [2] * 4
    for repeat in range(3):
        own = [row for row in search if row.repeat == repeat]
        winner = min(own, key=lambda row: row.params["lr"])
        confirm = [row for row in cell.rows["confirm"] if row.repeat == repeat]
        assert [row.seed for row in confirm] == [0, 1]
        assert {row.selected_from for row in confirm} == {winner.number}
        assert all(row.params == winner.params for row in confirm)
        assert [row.seeds for row in own] == [search_seeds(CELL, n, repeat) for n in range(4)]
        assert [row.seeds for row in confirm] == [confirm_seeds(CELL, n, repeat) for n in (0, 1)]
    assert cell.finished


def test_searches_share_no_split_no_seed_and_no_draw(opened: Opener) -> None:
    cell = opened(trials=4, repeats=3, seeds=6)
    run_all(cell)
    search, confirm = cell.rows["search"], cell.rows["confirm"]
    assert len({row.seeds["data_seed"] for row in search}) == 3
    assert len({row.seeds["data_seed"] for row in confirm}) == 6
    assert len({row.seeds["init_seed"] for row in (*search, *confirm)}) == 18
    assert len({row.params["lr"] for row in search}) == 12


def test_methods_meet_the_same_seeds_in_each_search() -> None:
    other = replace(CELL, id="ce__digits-mlp__0.1", method="ce")
    for repeat in range(3):
        assert search_seeds(CELL, 1, repeat) == search_seeds(other, 1, repeat)
        assert confirm_seeds(CELL, 1, repeat) == confirm_seeds(other, 1, repeat)


@pytest.mark.parametrize("sampler", ["random", "tpe"])
def test_more_searches_only_add(opened: Opener, sampler: str) -> None:
    alone = run_all(opened(sampler=sampler))
    rows = opened(sampler=sampler).rows
    before = [row for phase in rows.values() for row in phase]
    more = run_all(opened(sampler=sampler, repeats=2, seeds=4))
    again = opened(sampler=sampler, repeats=2, seeds=4)
    after = [row for phase in again.rows.values() for row in phase]
    assert [row for row in after if row.repeat == 0] == before
    assert {row.repeat for row in more} == {1}
    assert len(more) == len(alone)
    # More trials come to the first search as they would without the second.
    grown = opened(sampler=sampler, trials=8, repeats=2, seeds=4)
    (first, *_) = (row for row in run_all(grown) if row.phase == "search" and row.repeat == 0)
    assert (first.number, first.seeds) == (12, search_seeds(CELL, 6))


def test_a_winner_is_confirmed_while_another_search_goes_on(opened: Opener) -> None:
    cell = opened(trials=1, repeats=2, seeds=2)
    first, second = cell.next_search(), cell.next_search()
    assert first is not None
    assert second is not None
    finish(cell, second, 0.9)
    row = cell.next_confirm()
    assert row is not None
    assert (row.repeat, row.selected_from) == (1, 1)
    assert cell.next_confirm() is None
    finish(cell, first, 0.8)
    row = cell.next_confirm()
    assert row is not None
    assert (row.repeat, row.selected_from) == (0, 0)


def test_a_search_that_fails_leaves_the_others_their_result(opened: Opener) -> None:
    cell = opened(trials=1, repeats=2, seeds=2)
    lost = cell.next_search()
    assert lost is not None
    cell.tell(lost, "FAIL", Outcome(reason="the loss is nan"))
    assert [(row.phase, row.repeat) for row in run_all(cell)] == [("search", 1), ("confirm", 1)]
    assert cell.finished
    assert not cell.standing.failed


def test_a_crash_is_replaced_within_its_search(opened: Opener) -> None:
    cell = opened(trials=1, repeats=2, seeds=2)
    row = cell.next_search()
    assert row is not None
    cell.tell(row, "FAIL", Outcome(reason="a worker died", crashed=True))
    again = cell.next_search()
    assert again is not None
    assert (again.repeat, again.number, again.seeds) == (0, 1, search_seeds(CELL, 1))
