"""Who is handed out when: no worker idles that could work, and nothing waits for ever."""

import json
import random
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from ray.tune.search import Searcher

from study.ledger.ledger import Ledger
from study.ledger.rows import Row
from study.ledger.storage import open_storage
from study.tune.multiplexer import Multiplexer
from study.tune.stop import Stop
from tests.study.conftest import CELL
from trainables.config import Outcome

CHAINS = [
    replace(
        CELL,
        id=f"{method}__{ratio}",
        neighbour=f"{method}__{above}" if above else None,
        method=method,
        trials=7,
        random_trials=4,
        pruner="none",
    )
    for method in ("auc_m", "ce")
    for ratio, above in ((0.3, None), (0.1, 0.3), (0.05, 0.1))
]

Handed = Callable[[int], tuple[Multiplexer, Ledger]]


@pytest.fixture
def handed(tmp_path: Path) -> Handed:
    def handed(slots: int) -> tuple[Multiplexer, Ledger]:
        ledger = Ledger(open_storage(f"sqlite:///{tmp_path / 'study.db'}"), "s", CHAINS)
        searcher = Multiplexer(
            ledger,
            job=lambda cell, row: {"cell": cell.cell.id, "row": row.name},
            slots=lambda: slots,
            on_told=lambda _row, _outcome: None,
            on_died=lambda _row, _why: None,
            stop=Stop(),
            interrupted=(),
            why_died=lambda _trial: "",
        )
        return searcher, ledger

    return handed


def run(searcher: Multiplexer, seed: int, rows: int | None = None) -> list[Row]:
    """The rows as they were handed out, by workers that end in any order; all, or so many."""
    draws = random.Random(seed)
    order: list[Row] = []
    live: list[str] = []
    while rows is None or len(order) < rows:
        trial = f"{seed}-{len(order)}"
        suggested: Any = searcher.suggest(trial)
        if suggested == Searcher.FINISHED:
            break
        if suggested is not None:
            row = searcher.row(trial)
            assert row is not None
            order.append(row)
            live.append(trial)
            continue
        assert live, "nothing is under way, and nothing is handed out"
        ended = live.pop(draws.randrange(len(live)))
        row = searcher.row(ended)
        assert row is not None
        point = {"interval": 9, "val_auroc": 1 - (row.params.get("margin", 1.0) - 0.5) ** 2}
        outcome = json.dumps(Outcome(curve=[point]).to_json())
        searcher.on_trial_complete(ended, {"interval": 9, "outcome": outcome})
    return order


@pytest.mark.parametrize("slots", [1, 3, 16, 100])
def test_a_chain_of_warm_starts_comes_to_its_end(handed: Handed, slots: int) -> None:
    searcher, ledger = handed(slots)
    order = run(searcher, seed=slots)
    assert ledger.finished
    assert len(order) == len({row.name for row in order}) == len(CHAINS) * (7 + 2)
    for cell in CHAINS:
        taken = [row for row in ledger.cells[cell.id].rows["search"] if row.warm_from]
        assert len(taken) == (3 if cell.neighbour else 0)


def test_who_waits_is_passed_over_until_nothing_else_is_left(handed: Handed) -> None:
    searcher, _ = handed(100)
    first = [searcher.suggest(str(n)) for n in range(14)]
    assert {config["cell"] for config in first if isinstance(config, dict)} == {
        "auc_m__0.3",
        "ce__0.3",
    }
    # Then the other cells' random trials, four each; then all wait.
    rest = [searcher.suggest(str(n)) for n in range(14, 14 + 16)]
    assert all(isinstance(config, dict) for config in rest)
    rows = [searcher.row(str(n)) for n in range(14, 14 + 16)]
    assert all(row is not None and row.cell[-3:] != "0.3" for row in rows)
    assert searcher.suggest("30") is None


def test_without_a_search_all_cells_have_their_first_seed_before_one_has_its_second(
    handed: Handed, monkeypatch: pytest.MonkeyPatch
) -> None:
    none: dict[str, Any] = {"trials": 0, "random_trials": 0, "neighbour": None}
    fixed = [replace(cell, space={}, fixed={"margin": 1.0}, **none) for cell in CHAINS]
    monkeypatch.setattr(f"{__name__}.CHAINS", fixed)
    searcher, ledger = handed(2)
    order = run(searcher, seed=0)
    assert ledger.finished
    assert [(row.cell, row.seed) for row in order] == [
        (cell.id, seed) for seed in range(2) for cell in fixed
    ]


def test_a_new_driver_goes_on_where_the_chain_was(handed: Handed) -> None:
    searcher, _ = handed(4)
    begun = run(searcher, seed=0, rows=20)
    searcher, ledger = handed(4)
    under_way = {row.name for cell in ledger.cells.values() for row in cell.running()}
    rest = run(searcher, seed=1)
    assert ledger.finished
    again = [row.name for row in rest if row.name in {each.name for each in begun}]
    assert set(again) == under_way
    assert len(begun) + len(rest) - len(again) == len(CHAINS) * (7 + 2)
