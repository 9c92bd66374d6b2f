"""ASHA's rungs after a restart must be those that an undisturbed driver would hold."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest
from ray.tune.experiment import Trial

from study.ledger.cell_ledger import CellLedger
from study.ledger.ledger import Ledger
from study.ledger.rows import Row
from study.tune.scheduler import CellScheduler
from study.tune.stop import Stop
from trainables.config import Outcome

Opener = Callable[..., Ledger]


def trial_of(row: Row) -> Any:
    place = {"cell": row.cell, "phase": row.phase, "repeat": row.repeat}
    config = {"row": place | {"name": row.name}}
    return SimpleNamespace(trial_id=f"ray-{row.number}", config=config)


def rungs(scheduler: CellScheduler) -> dict[int, dict[str, float]]:
    (asha,) = scheduler._asha.values()
    return {int(milestone): dict(recorded) for milestone, recorded in asha._brackets[0]._rungs}


def play(scheduler: CellScheduler, cell: CellLedger, row: Row, values: list[float]) -> int:
    """Report until ASHA stops the row; the interval it got to."""
    trial = trial_of(row)
    scheduler.on_trial_add(cast(Any, None), trial)
    for interval, value in enumerate(values, start=1):
        result = {"interval": interval, "value": value, "done": interval == 9}
        decision = scheduler.on_trial_result(cast(Any, None), trial, result)
        cell.report(row, {interval: value})
        if decision == "STOP" or result["done"]:
            scheduler.on_trial_complete(cast(Any, None), trial, result)
            cell.tell(row, "COMPLETE" if result["done"] else "PRUNED", Outcome())
            return interval
    return len(values)


def test_rungs_are_rebuilt_from_the_ledger(open_ledger: Opener) -> None:
    ledger = open_ledger(trials=8)
    (cell,) = ledger.cells.values()
    scheduler = CellScheduler(ledger, Stop())
    values = np.random.default_rng(0).random((7, 9))
    for row_values in values:
        row = cell.next_search()
        assert row is not None
        play(scheduler, cell, row, list(row_values))
    under_way = cell.next_search()
    assert under_way is not None
    play(scheduler, cell, under_way, [0.99, 0.98, 0.97, 0.96])

    rebuilt = CellScheduler(open_ledger(trials=8), Stop())
    assert rungs(rebuilt) == rungs(scheduler)
    assert set(rungs(rebuilt)) == {1, 3, 9}
    assert any(row.state == "PRUNED" for row in cell.rows["search"])


def test_a_trial_below_the_cut_off_is_stopped_at_the_rung(open_ledger: Opener) -> None:
    ledger = open_ledger()
    (cell,) = ledger.cells.values()
    scheduler = CellScheduler(ledger, Stop())
    reached = []
    for value in (0.9, 0.8, 0.95, 0.1):
        row = cell.next_search()
        assert row is not None
        reached.append(play(scheduler, cell, row, [value] * 9))
    # Cut-off: the upper third of what was seen at the rung. 0.95 is in it, 0.8 and 0.1 are not.
    assert reached == [9, 1, 9, 1]


def test_a_row_run_again_keeps_its_place_in_the_rungs(open_ledger: Opener) -> None:
    ledger = open_ledger()
    (cell,) = ledger.cells.values()
    row = cell.next_search()
    assert row is not None
    play(CellScheduler(ledger, Stop()), cell, row, [0.5, 0.6, 0.7])

    rebuilt = CellScheduler(open_ledger(), Stop())
    before = rungs(rebuilt)
    trial = trial_of(row)
    rebuilt.on_trial_add(cast(Any, None), trial)
    for interval in (1, 2, 3, 4):
        result = {"interval": interval, "value": 0.1}
        assert rebuilt.on_trial_result(cast(Any, None), trial, result) == "CONTINUE"
    assert rungs(rebuilt) == before


class Live:
    """A trial in Tune's set of live ones, which is in no order."""

    def __init__(self, number: int, status: str) -> None:
        self.trial_id, self.status = f"ray-{number}", status
        self.config = {"row": {"cell": "c", "phase": "confirm", "name": f"row{number}"}}

    def __hash__(self) -> int:
        return -int(self.trial_id.removeprefix("ray-"))


@pytest.mark.parametrize("running", [0, 3])
def test_the_trial_that_has_waited_longest_is_next(open_ledger: Opener, running: int) -> None:
    scheduler = CellScheduler(open_ledger(), Stop())
    arrived = [5, 2, 7, 1, 6]
    trials = [
        Live(number, Trial.RUNNING if place < running else Trial.PENDING)
        for place, number in enumerate(arrived)
    ]
    controller: Any = SimpleNamespace(get_live_trials=lambda: set(trials))
    for trial in (*trials, trials[-1]):  # Tune adds a trial again after a fault
        scheduler.on_trial_add(controller, cast(Any, trial))
    chosen: Any = scheduler.choose_trial_to_run(controller)
    assert chosen is trials[running]
    for trial in trials:
        trial.status = Trial.RUNNING
    assert scheduler.choose_trial_to_run(controller) is None


@pytest.mark.parametrize("pruner", ["asha", "none"])
def test_confirm_rows_always_go_on(open_ledger: Opener, pruner: str) -> None:
    ledger = open_ledger(pruner=pruner)
    (cell,) = ledger.cells.values()
    scheduler = CellScheduler(ledger, Stop())
    row = Row(cell.cell.id, "confirm", 0, 1, {}, {}, "RUNNING")
    trial = trial_of(row)
    scheduler.on_trial_add(cast(Any, None), trial)
    for value in (0.9, 0.0):
        result = {"interval": 1, "value": value}
        assert scheduler.on_trial_result(cast(Any, None), trial, result) == "CONTINUE"
