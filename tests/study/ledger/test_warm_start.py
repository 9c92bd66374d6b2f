"""What a search takes over from its neighbour's: which, when, and the same after any crash."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from optuna.distributions import CategoricalDistribution

from study.cell import search_seeds
from study.ledger.cell_ledger import CellLedger
from study.ledger.ledger import Ledger
from study.ledger.rows import Row
from study.ledger.warm_start import MOST
from tests.study.conftest import CELL
from tests.study.ledger.conftest import Open, finish
from trainables.config import Outcome

RATIOS = (0.3, 0.1, 0.05)
NAMES = tuple(f"auc_m__digits-mlp__{ratio:g}" for ratio in RATIOS)
WARM: dict[str, Any] = {"trials": 8, "random_trials": 4, "sampler": "random", "pruner": "none"}

Opener = Callable[..., list[CellLedger]]


@pytest.fixture
def opened(open_it: Open, database: str) -> Opener:
    """The cells of a chain, the largest ratio first; again and again, as after a crash."""

    def opened(**changes: Any) -> list[CellLedger]:
        before = (None, *NAMES)
        chain = [
            replace(
                CELL,
                **{"id": name, "imratio": ratio, "neighbour": neighbour, **WARM, **changes},
            )
            for name, ratio, neighbour in zip(NAMES, RATIOS, before, strict=False)
        ]
        return list(Ledger(open_it(database), "s", chain).cells.values())

    return opened


def value(row: Row) -> float:
    """The best lies at margin = 0.5, another way in each cell and search."""
    return 1 - (row.params["margin"] - 0.5) ** 2 - len(row.cell) * 1e-3 - row.repeat * 1e-4


def search(cell: CellLedger) -> list[Row]:
    """All that the cell's searches may add now, one after the other."""
    rows = []
    while row := cell.next_search():
        finish(cell, row, value(row))
        rows.append(row)
    return rows


def best(rows: list[Row], count: int = MOST) -> list[Row]:
    return sorted(rows, key=lambda row: -(row.value or 0))[:count]


def test_a_search_waits_and_then_tries_what_its_neighbour_found(opened: Opener) -> None:
    first, second, third = opened()
    assert second.next_search() is None
    assert third.next_search() is None
    above = search(first)
    assert [row.warm_from for row in above] == [None] * 8
    assert third.next_search() is None
    rows = search(second)
    taken = best(above)
    assert [row.params for row in rows[:MOST]] == [row.params for row in taken]
    assert [row.warm_from for row in rows] == [(NAMES[0], r.number) for r in taken] + [None] * 5
    # The chain goes on with what the neighbour found, taken over or its own.
    assert {row.warm_from for row in search(third)[:MOST]} == {
        (NAMES[1], row.number) for row in best(rows)
    }
    assert [len(cell.rows["search"]) for cell in (first, second, third)] == [8, 8, 8]


def test_all_rows_of_a_search_share_their_split_and_no_weights(opened: Opener) -> None:
    first, second, _ = opened()
    rows = [*search(first), *search(second)]
    assert len({row.seeds["data_seed"] for row in rows}) == 1
    own = second.rows["search"]
    assert len({row.seeds["init_seed"] for row in own}) == len(own)


@pytest.mark.parametrize("sampler", ["random", "tpe", "gp"])
def test_draws_are_those_of_a_search_that_takes_nothing_over(
    opened: Opener, open_it: Open, database: str, sampler: str
) -> None:
    first, second, _ = opened(sampler=sampler)
    search(first)
    warm = [row for row in search(second) if row.warm_from is None]
    plan = replace(second.cell, neighbour=None)
    alone = Ledger(open_it(database), "alone", [plan]).cells[plan.id]
    cold = search(alone)
    assert [row.params for row in warm[:4]] == [row.params for row in cold[:4]]
    assert [row.seeds for row in warm] == [row.seeds for row in cold[:5]]


def test_draws_while_it_waits_change_nothing_but_the_order(
    opened: Opener, open_it: Open, database: str
) -> None:
    """Random rows, all to their end: the same rows with the same seeds, whoever was faster."""
    first, second, third = opened()
    while row := second.next_meanwhile():
        finish(second, row, value(row))
    assert len(second.rows["search"]) == 4  # its random trials, and no more
    assert second.next_search() is None
    search(first)
    search(second)
    hasty = second.rows["search"]
    assert [row.warm_from is None for row in hasty] == [True] * 4 + [False] * 3 + [True]

    plans = [cell.cell for cell in (first, second, third)]
    calm = list(Ledger(open_it(database), "calm", plans).cells.values())
    search(calm[0])

    def trained(rows: list[Row]) -> list[str]:
        return sorted(repr((row.params, row.seeds, row.warm_from, row.value)) for row in rows)

    assert trained(hasty) == trained(search(calm[1]))


@pytest.mark.parametrize("early", [0, 2])
def test_of_equals_the_first_draw_is_selected_whenever_it_came(opened: Opener, early: int) -> None:
    first, second, _ = opened(trials=4, random_trials=2)
    rows = [second.next_meanwhile() for _ in range(early)]
    search(first)
    rows += [second.next_search() for _ in range(4 - early)]
    for row in rows:
        assert row is not None
        finish(second, row, 0.7)
    (selected,) = second.standing.selected
    assert selected.seeds == search_seeds(second.cell, 0)


def test_waiting_leaves_room_for_what_comes(opened: Opener) -> None:
    first, second, _ = opened(trials=5, random_trials=5)
    while row := second.next_meanwhile():
        finish(second, row, value(row))
    assert len(second.rows["search"]) == 3
    search(first)
    assert [row.warm_from is None for row in search(second)] == [False, False]


@pytest.mark.parametrize(("trials", "taken"), [(1, 0), (2, 1), (5, 2), (6, 3), (20, 3)])
def test_at_most_half_of_a_search_is_taken_over(opened: Opener, trials: int, taken: int) -> None:
    first, second, _ = opened(trials=trials)
    search(first)
    rows = search(second)
    assert len(rows) == trials
    assert sum(row.warm_from is not None for row in rows) == taken


def test_the_database_keeps_what_was_taken_over(opened: Opener) -> None:
    rows = [row for cell in opened(trials=4) for row in search(cell)]
    assert [row for cell in opened(trials=4) for row in cell.rows["search"]] == rows


def test_a_driver_that_dies_at_every_row_finds_the_same(open_it: Open, tmp_path: Any) -> None:
    def cells(file: str) -> list[CellLedger]:
        chain = [
            replace(CELL, **{"id": name, "neighbour": neighbour, **WARM, "trials": 5})
            for name, neighbour in zip(NAMES, (None, *NAMES), strict=False)
        ]
        return list(Ledger(open_it(f"sqlite:///{tmp_path / file}"), "s", chain).cells.values())

    calm = cells("calm.db")
    for cell in calm:
        search(cell)
    while True:
        rough = cells("rough.db")
        for cell in rough:
            for row in cell.running():
                finish(cell, row, value(row))
        if all(cell.standing.search_over for cell in rough):
            break
        assert any(cell.next_search() for cell in rough)
    for one, other in zip(calm, rough, strict=True):
        rows = [[replace(r, key=0) for r in cell.rows["search"]] for cell in (one, other)]
        assert rows[0] == rows[1]


def test_a_neighbour_that_failed_gives_nothing(opened: Opener) -> None:
    first, second, _ = opened()
    while row := first.next_search():
        first.tell(row, "FAIL", Outcome(reason="the loss is nan"))
    rows = search(second)
    assert len(rows) == 8
    assert {row.warm_from for row in rows} == {None}


def test_pruned_trials_are_not_taken_over(opened: Opener) -> None:
    first, second, _ = opened()
    while row := first.next_search():
        if row.number == 5:
            finish(first, row, 0.6)
        else:
            first.report(row, {1: 0.9})
            first.tell(row, "PRUNED", Outcome())
    taken = [row.warm_from for row in search(second) if row.warm_from is not None]
    assert taken == [(NAMES[0], 5)]


def test_equal_configurations_are_taken_over_once(opened: Opener) -> None:
    space = {"margin": CategoricalDistribution([0.3, 0.5])}
    first, second, _ = opened(space=space, trials=12)
    search(first)
    taken = [row.params["margin"] for row in search(second) if row.warm_from is not None]
    assert taken == [0.5, 0.3]


def test_a_crash_is_replaced_by_a_draw(opened: Opener) -> None:
    """A configuration that always crashes must not take all of a search's trials."""
    first, second, _ = opened()
    search(first)
    crashed = second.next_search()
    assert crashed is not None
    second.tell(crashed, "FAIL", Outcome(reason="a worker died", crashed=True))
    rows = search(second)
    assert len(rows) == 8
    assert crashed.params not in [each.params for each in rows]
    assert sum(each.warm_from is not None for each in rows) == MOST - 1


def test_each_search_takes_from_its_like(opened: Opener) -> None:
    first, second, _ = opened(repeats=2, seeds=2)
    search(first)
    search(second)
    for repeat in range(2):
        own = [row for row in second.rows["search"] if row.repeat == repeat]
        above = [row for row in first.rows["search"] if row.repeat == repeat]
        taken = [row.warm_from for row in own if row.warm_from is not None]
        assert taken == [(NAMES[0], row.number) for row in best(above)]
        assert {row.seeds["data_seed"] for row in own} == {above[0].seeds["data_seed"]}


def test_a_second_search_need_not_wait_for_the_first(opened: Opener) -> None:
    """The neighbour's first search is under way still, its second is over."""
    first, second, _ = opened(repeats=2, seeds=2, trials=2)
    rows = [first.next_search() for _ in range(4)]
    for row in rows[2:]:
        assert row is not None
        finish(first, row, 0.8)
    row = second.next_search()
    assert row is not None
    assert (row.repeat, row.warm_from) == (1, (NAMES[0], 2))


def test_more_trials_bring_what_the_neighbour_has_found_since(opened: Opener) -> None:
    first, second, _ = opened(trials=6)
    search(first)
    before = search(second)
    first, second, _ = opened(trials=9)
    assert second.next_search() is None
    new = [first.next_search() for _ in range(3)]
    for row in new:
        assert row is not None
        finish(first, row, 2.0 if row.number == 7 else 0.0)
    added = search(second)
    assert [row.warm_from for row in added] == [(NAMES[0], 7), None, None]
    assert len(before) + len(added) == 9
