"""Where a sampler looks next: reproducible, anywhere in the space, and wiser than chance."""

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

from study.ledger.cell_ledger import CellLedger
from study.ledger.ledger import Ledger
from study.ledger.proposals import propose
from study.ledger.rows import Row
from tests.study.conftest import CELL
from tests.study.ledger.conftest import Open, cell_of, finish
from trainables.config import Outcome

GP = replace(CELL, sampler="gp", random_trials=3, trials=20)
EVERY_KIND = replace(
    GP,
    space={
        "lr": FloatDistribution(1e-3, 1.0, log=True),
        "margin": FloatDistribution(0.1, 1.0),
        "step": FloatDistribution(0.0, 1.0, step=0.25),
        "inner_steps": IntDistribution(1, 3),
        "batch": IntDistribution(16, 256, log=True),
        "score_map": CategoricalDistribution(["sigmoid", "identity", None]),
        "only": FloatDistribution(0.5, 0.5),
    },
)


def row(number: int, params: dict[str, Any], state: str = "COMPLETE", **fields: Any) -> Row:
    return Row("cell", "search", number, number, params, {}, state, **fields)


def drawn(cell: Any, value: Callable[[dict[str, Any]], float], n: int) -> list[Row]:
    """Complete rows of a search, each proposed after those before it."""
    rows: list[Row] = []
    for number in range(n):
        params, _ = propose(cell, rows)
        rows.append(row(number, params, value=value(params)))
    return rows


def hill(params: dict[str, Any]) -> float:
    """Best at lr = 0.03, margin = 0.7."""
    return 1 - (math.log10(params["lr"] / 0.03) / 3) ** 2 - (params["margin"] - 0.7) ** 2


@pytest.mark.parametrize("sampler", ["tpe", "gp"])
def test_every_kind_of_hyperparameter(sampler: str) -> None:
    cell = replace(EVERY_KIND, sampler=sampler)
    for found in drawn(cell, lambda params: params["margin"], 8):
        assert found.params.keys() == cell.space.keys()
        for name, distribution in cell.space.items():
            assert distribution._contains(distribution.to_internal_repr(found.params[name]))


@pytest.mark.parametrize("sampler", ["tpe", "gp"])
def test_random_rows_first_and_then_the_sampler_says_so(sampler: str) -> None:
    cell, alone = replace(GP, sampler=sampler), replace(GP, sampler="random")
    rows = drawn(alone, hill, 5)
    origins = []
    for number in range(5):
        params, origin = propose(cell, rows[:number])
        origins.append(origin)
        assert (params == rows[number].params) == (origin == "random")
    assert origins == ["random"] * 3 + [sampler] * 2


def test_the_process_proposes_the_same_again_and_other_places_in_other_searches() -> None:
    rows = drawn(GP, hill, 6)
    assert propose(GP, rows) == propose(GP, rows)
    elsewhere = [propose(GP, rows, repeat=1), propose(replace(GP, seed=1), rows)]
    assert all(params != propose(GP, rows)[0] for params, _ in elsewhere)


def test_after_a_driver_died_the_process_goes_on_as_it_would_have(
    open_it: Open, database: str
) -> None:
    """From the rows in the database, one of them under way."""

    def opened() -> CellLedger:
        return cell_of(Ledger(open_it(database), "s", [GP]))

    cell = opened()
    for _ in range(5):
        new = cell.next_search()
        assert new is not None
        finish(cell, new, hill(new.params))
    left = cell.next_search()
    assert left is not None
    again = opened()
    assert again.running() == [left]
    assert propose(GP, again.rows["search"]) == propose(GP, cell.rows["search"])


def test_the_process_finds_a_hill_that_chance_does_not() -> None:
    seeds = range(4)
    by_process, by_chance = (
        [
            max(hill(r.params) for r in drawn(replace(GP, sampler=sampler, seed=seed), hill, 14))
            for seed in seeds
        ]
        for sampler in ("gp", "random")
    )
    assert min(by_process) > 0.995
    assert np.mean(by_chance) < 0.98


def test_the_process_keeps_away_from_trials_under_way() -> None:
    rows = drawn(GP, hill, 10)
    first, _ = propose(GP, rows)
    # Many are under way there, so that what they may find is known nearly as well.
    there = [row(10 + n, first, "RUNNING") for n in range(8)]
    second, _ = propose(GP, [*rows, *there])

    def distance(a: dict[str, Any], b: dict[str, Any]) -> float:
        return math.hypot(math.log10(a["lr"] / b["lr"]) / 3, (a["margin"] - b["margin"]) / 0.9)

    assert distance(first, second) > 0.02


def test_the_process_learns_from_pruned_trials_by_their_last_validation() -> None:
    cell = replace(GP, space={"margin": FloatDistribution(0.0, 1.0)}, random_trials=0)
    pruned = [
        row(n, {"margin": m}, "PRUNED", validations={1: 0.0, 2: 1 - (m - 0.3) ** 2})
        for n, m in enumerate(np.linspace(0, 1, 8).tolist())
    ]
    found = [propose(replace(cell, seed=seed), pruned)[0]["margin"] for seed in range(5)]
    assert found == pytest.approx([0.3] * 5, abs=0.1)


def test_the_process_leaves_a_region_that_diverges() -> None:
    """A crash, which is no fault of the place, keeps it from nothing."""
    cell = replace(GP, space={"margin": FloatDistribution(0.0, 1.0)}, random_trials=4)
    # The values rise towards the cliff at 0.5: without the failures it would look beyond.
    for crashed, least, most in ((False, 0, 4), (True, 5, 10)):
        rows: list[Row] = []
        for number in range(14):
            params, _ = propose(cell, rows)
            beyond = params["margin"] > 0.5
            state = "FAIL" if beyond else "COMPLETE"
            value = None if beyond else params["margin"]
            rows.append(row(number, params, state, value=value, crashed=crashed and beyond))
        tried = sum(each.state == "FAIL" for each in rows[4:])
        assert least <= tried <= most, crashed


def test_the_process_without_any_value_makes_a_draw() -> None:
    cell = replace(GP, random_trials=0)
    under_way = row(0, propose(cell, [])[0], "RUNNING")
    failed = row(1, propose(cell, [])[0], "FAIL")
    for rows in ([], [under_way], [failed], [under_way, failed]):
        params, origin = propose(cell, rows)
        assert (params.keys(), origin) == (cell.space.keys(), "gp")


def test_a_ledger_searches_with_the_process_to_the_end(open_it: Open, database: str) -> None:
    cell = cell_of(Ledger(open_it(database), "s", [replace(GP, trials=7)]))
    while new := cell.next_search():
        if new.number == 4:
            cell.tell(new, "FAIL", Outcome(reason="the loss is nan"))
        elif new.number == 5:
            cell.report(new, {1: 0.5})
            cell.tell(new, "PRUNED", Outcome())
        else:
            finish(cell, new, hill(new.params))
    assert [each.state for each in cell.rows["search"]].count("COMPLETE") == 5
    assert cell.standing.search_over
