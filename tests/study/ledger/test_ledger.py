"""The ledger decides what is next; it must decide the same after any crash, in any database."""

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from study.ledger.cell_ledger import CellLedger
from study.ledger.ledger import Ledger
from study.ledger.rules import MAX_REPLACEMENTS
from study.ledger.storage import open_storage
from tests.study.conftest import CELL
from tests.study.ledger.conftest import finish
from trainables.config import Outcome

Opener = Callable[..., Ledger]


@pytest.fixture
def open_ledger(database: str) -> Iterator[Opener]:
    """As the one in conftest, but in each kind of database."""
    storages = []

    def open_it(**changes: object) -> Ledger:
        storages.append(open_storage(database))
        return Ledger(storages[-1], "s", [replace(CELL, **changes)])  # type: ignore[arg-type]

    yield open_it
    for storage in storages:
        storage.engine.dispose()


def cell_of(ledger: Ledger) -> CellLedger:
    (cell,) = ledger.cells.values()
    return cell


def search_all(cell: CellLedger) -> None:
    while row := cell.next_search():
        finish(cell, row, 1 - abs(row.params.get("margin", 0.5) - 0.5))


def test_hands_out_exactly_the_planned_rows(open_ledger: Opener) -> None:
    cell = cell_of(open_ledger())
    search_all(cell)
    assert [row.number for row in cell.rows["search"]] == list(range(6))
    assert cell.next_search() is None
    seeds = []
    while row := cell.next_confirm():
        seeds.append(row.seed)
        finish(cell, row, 0.5)
    assert seeds == [0, 1]
    assert cell.finished
    assert cell.standing.left == 0


def test_selects_the_best_and_confirms_its_parameters_on_fresh_seeds(open_ledger: Opener) -> None:
    cell = cell_of(open_ledger())
    search_all(cell)
    (chosen,) = cell.standing.selected
    assert chosen.value == max(row.value or 0 for row in cell.rows["search"])
    row = cell.next_confirm()
    assert row is not None
    assert row.params == chosen.params
    assert row.selected_from == chosen.number
    searched = [r.seeds for r in cell.rows["search"]]
    assert all(row.seeds[what] != seeds[what] for seeds in searched for what in row.seeds)


def test_without_a_search_the_only_configuration_is_confirmed(open_ledger: Opener) -> None:
    """On the seeds that it would have after a search; a crash is replaced, more seeds are added."""
    searched = cell_of(open_ledger())
    search_all(searched)
    row = searched.next_confirm()
    assert row is not None

    only = {"id": "only", "space": {}, "trials": 0, "fixed": {"lr": 0.1, "margin": 0.5}}
    cell = cell_of(open_ledger(**only))
    assert cell.next_search() is None
    assert cell.standing.search_over
    assert cell.standing.settled
    assert not cell.finished
    assert cell.standing.left == 2
    first = cell.next_confirm()
    assert first is not None
    assert (first.params, first.selected_from, first.seeds) == ({}, None, row.seeds)
    cell.tell(first, "FAIL", Outcome(reason="a worker died", crashed=True))

    cell = cell_of(open_ledger(**only))  # as after a crash of the driver
    seeds = []
    while (row := cell.next_confirm()) is not None:
        seeds.append(row.seed)
        finish(cell, row, 0.5)
    assert sorted(seeds, key=str) == [0, 1]
    assert cell.finished
    cell = cell_of(open_ledger(**only, seeds=3))
    assert not cell.finished
    assert cell.standing.left == 1


def test_rows_of_a_search_that_is_no_longer_planned_keep_their_place(open_ledger: Opener) -> None:
    """A fixed configuration that an earlier version had searched stays the selected one."""
    cell = cell_of(open_ledger(space={}, trials=1))
    search_all(cell)
    row = cell.next_confirm()
    assert row is not None
    finish(cell, row, 0.5)

    cell = cell_of(open_ledger(space={}, trials=0))
    assert [(row.seed, row.selected_from) for row in cell.standing.current] == [(0, 0), (1, 0)]
    assert cell.standing.left == 1
    row = cell.next_confirm()
    assert row is not None
    assert (row.seed, row.selected_from) == (1, 0)
    finish(cell, row, 0.5)
    assert cell.finished


def test_search_rows_share_the_split_but_not_the_weights(open_ledger: Opener) -> None:
    cell = cell_of(open_ledger())
    search_all(cell)
    rows = cell.rows["search"]
    assert len({row.seeds["data_seed"] for row in rows}) == 1
    assert len({row.seeds["init_seed"] for row in rows}) == len(rows)


def test_no_confirm_before_the_search_is_over(open_ledger: Opener) -> None:
    cell = cell_of(open_ledger())
    rows = [cell.next_search() for _ in range(6)]
    for row in rows[:-1]:
        assert row is not None
        finish(cell, row, 0.5)
    assert cell.standing.selected == []
    assert cell.next_confirm() is None


def test_reopened_after_a_crash_it_holds_the_same_rows(open_ledger: Opener) -> None:
    cell = cell_of(open_ledger())
    first, second = cell.next_search(), cell.next_search()
    assert first is not None
    assert second is not None
    finish(cell, first, 0.9)
    cell.report(second, {1: 0.6})

    again = cell_of(open_ledger())
    assert again.running() == [second]
    assert again.rows["search"] == [first, second]
    assert again.standing.left == cell.standing.left == 5 + 2


def test_random_rows_do_not_depend_on_when_they_are_asked(open_ledger: Opener) -> None:
    cell = cell_of(open_ledger(sampler="random"))
    search_all(cell)
    undisturbed = [row.params for row in cell.rows["search"]]

    other = cell_of(open_ledger(sampler="random", id="auc_m__digits-mlp__0.1", trials=6))
    assert [row.params for row in other.rows["search"]] == undisturbed
    in_a_hurry = cell_of(open_ledger(sampler="random", trials=8))
    rows = [in_a_hurry.next_search(), in_a_hurry.next_search()]
    slow = cell_of(open_ledger(sampler="random", trials=8))
    assert [row.params for row in slow.rows["search"][6:]] == [r.params for r in rows if r]


def test_later_rows_come_from_tpe_and_say_so(open_ledger: Opener, database: str) -> None:
    cell = cell_of(open_ledger())
    search_all(cell)
    storage = open_storage(database)
    trials = storage.get_all_trials(storage.get_study_id_from_name(f"s/{cell.cell.id}"))
    storage.engine.dispose()
    assert [trial.user_attrs["origin"] for trial in trials] == ["random"] * 3 + ["tpe"] * 3


def test_an_interval_whose_report_was_lost_is_in_the_curve(open_ledger: Opener) -> None:
    cell = cell_of(open_ledger())
    row = cell.next_search()
    assert row is not None
    cell.report(row, {1: 0.6})
    # The second report died with a driver, after the worker had saved its checkpoint.
    again = cell_of(open_ledger())
    (row,) = again.running()
    again.report(row, {3: 0.8})
    curve = [{"interval": i, "val_auroc": 0.5 + 0.1 * i, "loss": 1.0} for i in (1, 2, 3)]
    again.tell(row, "PRUNED", Outcome(curve=curve))
    stored = cell_of(open_ledger()).rows["search"][0]
    assert stored.validations == {1: 0.6, 2: 0.7, 3: 0.8}
    assert stored == row


def test_the_ledger_keeps_what_is_selected_by(open_ledger: Opener) -> None:
    plan = {"run": CELL.run | {"select": "auprc"}}
    cell = cell_of(open_ledger(**plan))
    row = cell.next_search()
    assert row is not None
    curve = [{"interval": i, "val_auroc": 0.9, "val_auprc": 0.1 * i} for i in (1, 2)]
    cell.tell(row, "COMPLETE", Outcome(curve=curve))
    assert row.validations == {1: 0.1, 2: 0.2}
    assert cell_of(open_ledger(**plan)).rows["search"][0].value == 0.2


def test_with_the_best_weights_the_value_is_the_highest_validation(open_ledger: Opener) -> None:
    """What a search selects by is of the weights that are tested; a last interval may be lower."""
    plan = {"run": CELL.run | {"evaluation": {"best": True}}}
    cell = cell_of(open_ledger(**plan))
    rows = [cell.next_search(), cell.next_search()]
    for row, scores in zip(rows, ((0.6, 0.9, 0.7), (0.5, 0.6, 0.8)), strict=True):
        assert row is not None
        cell.report(row, {1: scores[0], 2: scores[1]})
        cell.tell(row, "COMPLETE", Outcome(curve=[{"interval": 3, "val_auroc": scores[2]}]))
    there = cell_of(open_ledger(**plan)).rows["search"]
    assert [row.value for row in there] == [0.9, 0.8]
    assert there[0].validations == {1: 0.6, 2: 0.9, 3: 0.7}


def test_deaths_are_kept(open_ledger: Opener) -> None:
    cell = cell_of(open_ledger())
    row = cell.next_search()
    assert row is not None
    cell.died(row, "killed for memory")
    cell.report(row, {1: 0.6})
    cell.died(row, "its node died")
    (stored,) = cell_of(open_ledger()).running()
    assert stored == row
    assert stored.deaths == [(0, "killed for memory"), (1, "its node died")]
    assert stored.deaths_in_place == 1


def test_more_trials_and_seeds_add_exactly_the_difference(open_ledger: Opener) -> None:
    cell = cell_of(open_ledger())
    search_all(cell)
    while row := cell.next_confirm():
        finish(cell, row, 0.5)

    more = cell_of(open_ledger(seeds=5))
    assert more.standing.left == 3
    new = []
    while row := more.next_confirm():
        new.append(row.seed)
        finish(more, row, 0.5)
    assert new == [2, 3, 4]

    more = cell_of(open_ledger(seeds=5, trials=8))
    assert not more.finished
    added = 0
    while row := more.next_search():
        added += 1
        finish(more, row, 0.0)  # worse than the choice, which stays
    assert added == 2
    assert more.finished


def test_a_better_configuration_is_confirmed_anew(open_ledger: Opener) -> None:
    cell = cell_of(open_ledger())
    search_all(cell)
    while row := cell.next_confirm():
        finish(cell, row, 0.5)

    more = cell_of(open_ledger(trials=7))
    row = more.next_search()
    assert row is not None
    finish(more, row, 2.0)
    assert more.standing.selected == [row]
    assert more.standing.current == []
    while confirm := more.next_confirm():
        assert confirm.selected_from == row.number
        finish(more, confirm, 0.5)
    assert more.finished
    assert len(more.rows["confirm"]) == 4


def test_a_diverged_row_is_kept_and_not_replaced(open_ledger: Opener) -> None:
    cell = cell_of(open_ledger())
    row = cell.next_search()
    assert row is not None
    cell.tell(row, "FAIL", Outcome(reason="the loss is nan"))
    search_all(cell)
    assert len(cell.rows["search"]) == 6
    assert cell.standing.search_over


def test_crashed_rows_are_replaced_up_to_the_cap(open_ledger: Opener) -> None:
    cell = cell_of(open_ledger())
    while row := cell.next_search():
        cell.tell(row, "FAIL", Outcome(reason="worker died", crashed=True))
    assert len(cell.rows["search"]) == 6 + MAX_REPLACEMENTS
    assert cell.standing.search_over
    assert cell.standing.selected == []
    assert cell.finished, "a cell whose rows all failed is over, and reported"
    assert cell_of(open_ledger()).finished


def test_a_confirm_seed_that_always_crashes_ends_as_failed(open_ledger: Opener) -> None:
    cell = cell_of(open_ledger())
    search_all(cell)
    while row := cell.next_confirm():
        cell.tell(row, "FAIL", Outcome(reason="worker died", crashed=True))
    assert cell.finished
    assert cell.standing.left == 0
    assert len(cell.rows["confirm"]) == 2 + MAX_REPLACEMENTS


def test_a_crashed_confirm_row_is_replaced_with_the_same_seed(open_ledger: Opener) -> None:
    cell = cell_of(open_ledger())
    search_all(cell)
    row = cell.next_confirm()
    assert row is not None
    cell.tell(row, "FAIL", Outcome(reason="worker died", crashed=True))
    seeds = []
    while row := cell.next_confirm():
        seeds.append(row.seed)
        finish(cell, row, 0.5)
    assert sorted(seed for seed in seeds if seed is not None) == [0, 1]
    assert cell.finished


def test_a_finished_row_is_never_told_twice(open_ledger: Opener) -> None:
    cell = cell_of(open_ledger())
    row = cell.next_search()
    assert row is not None
    finish(cell, row, 0.7)
    cell.tell(row, "FAIL", Outcome(reason="late news"))
    again = cell_of(open_ledger()).rows["search"][0]
    assert (again.state, again.value) == ("COMPLETE", 0.7)
