"""Which cells a spec plans, and which of them follow which."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

from study.cell import confirm_seeds
from study.cells import cells
from study.ledger.ledger import plan_of
from study.ledger.rows import Row
from study.places import Places
from study.spec import parse_spec
from study.spec.model import Resources
from study.tune.generation import _job
from tests.study.specs import SPEC
from trainables.config import TrialConfig

RATIOS = [0.1, None, 0.3, 0.05]


def neighbours(**changes: Any) -> dict[str, str | None]:
    spec = parse_spec({**SPEC, "imratios": RATIOS, **changes})
    return {cell.id: cell.neighbour for cell in cells(spec)}


def test_without_a_warm_start_no_cell_follows_another() -> None:
    assert set(neighbours().values()) == {None}


def test_a_warm_start_goes_to_the_next_smaller_ratio_of_the_same_method_and_task() -> None:
    search = {"trials": 4, "warm_start": True}
    tasks = [SPEC["tasks"][0], {**SPEC["tasks"][0], "name": "other"}]
    variant = {"name": "narrow", "method": "auc_m", "set": {"margin": 0.3}}
    found = neighbours(search=search, tasks=tasks, methods=["auc_m", variant], space={})
    assert len(found) == 2 * 2 * len(RATIOS)
    for cell, neighbour in found.items():
        chain, _, ratio = cell.rpartition("__")
        larger = {"0.05": "0.1", "0.1": "0.3"}.get(ratio)
        assert neighbour == (larger and f"{chain}__{larger}")


def test_evaluation_is_part_of_a_trial_where_it_asks_for_something() -> None:
    """So that plans of older studies are equal to what they plan now."""
    (first, *_), (asked, *_) = (
        cells(parse_spec({**SPEC, "evaluation": evaluation}))
        for evaluation in ({"best": False}, {"tta": 30, "ema": 0.999, "swa": None, "best": True})
    )
    assert "evaluation" not in first.run
    assert asked.run == {**first.run, "evaluation": {"tta": 30, "ema": 0.999, "best": True}}
    assert asked.id == first.id
    trial = TrialConfig(**asked.trial({}, confirm_seeds(asked, 0)))
    assert trial.evaluation == {"tta": 30, "ema": 0.999, "best": True}


def test_confirm_rows_alone_are_looked_at(tmp_path: Path) -> None:
    """And a cell's plan does not tell of it, so that it may change in a study that has begun."""
    plain, asked = (
        cells(parse_spec({**SPEC, "diagnostics": wanted}))[0] for wanted in (False, True)
    )
    assert plan_of(asked) == plan_of(plain)
    for cell, phases in ((plain, set[str]()), (asked, {"confirm"})):
        found = set()
        for phase in ("search", "confirm", "profile"):
            row = Row(cell.id, phase, 0, 0, {}, confirm_seeds(cell, 0), "WAITING", seed=0)
            ledger = cast(Any, SimpleNamespace(cell=cell))
            job = _job(ledger, row, Places(tmp_path), Resources())
            if TrialConfig(**job.trial).diagnostics:
                found.add(phase)
        assert found == phases


def test_cells_of_a_chain_search_the_same_space() -> None:
    spec = parse_spec({**SPEC, "imratios": RATIOS, "search": {"trials": 4, "warm_start": True}})
    planned = {cell.id: cell for cell in cells(spec)}
    followers = [cell for cell in planned.values() if cell.neighbour is not None]
    assert followers
    for cell in followers:
        above = planned[str(cell.neighbour)]
        assert (cell.space, cell.fixed) == (above.space, above.fixed)
