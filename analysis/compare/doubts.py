"""What besides the methods could have made a difference: budgets, lost runs, runs to come."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import pandas as pd

from analysis.compare.budget import TOLERANCE
from analysis.results import Results

__all__ = ["Facts", "doubts", "facts"]


@dataclass(frozen=True)
class Facts:
    """What of a cell doubts rest on.

    Attributes:
        trials: search trials that ended.
        warm_started: search trials with a configuration that another search paid for.
        spent, a_run: gradient evaluations of the search, and of one confirm trial (NaN: none).
        failed: confirm seeds that have failed for good.
        unfinished: trials are still to come.
    """

    trials: int
    warm_started: int
    spent: float
    a_run: float
    failed: int
    unfinished: bool


def facts(results: Results, budget: pd.DataFrame) -> dict[str, Facts]:
    """By cell.

    Args:
        results: the study.
        budget: what ``analysis.compare.budget.by_cell`` gives for it.
    """
    spent = budget.set_index("cell")
    return {
        cell.id: Facts(
            trials=int(spent["trials"][cell.id]),
            warm_started=int(spent["warm_started"][cell.id]),
            spent=float(spent["search_gradient_evaluations"][cell.id]),
            a_run=float(spent["run_gradient_evaluations"][cell.id]),
            failed=cell.standing.confirm_failed,
            unfinished=cell.standing.search_left + cell.standing.confirm_left > 0,
        )
        for cell in results.study.cells
    }


def doubts(
    facts: Mapping[str, Facts], ahead: str, behind: Iterable[str], beside: Iterable[str]
) -> tuple[str, ...]:
    """Reasons to doubt that one cell is better than others by merit of its method.

    Args:
        facts: what the function of that name returns.
        ahead, behind: ids of the cells.
        beside: ids of all cells of the setting.

    Returns:
        Any of "budget" (more trials than one behind, or over ``TOLERANCE`` more gradient
        evaluations in the search or in a confirm trial, or a warm start that one behind lacks),
        "failed" (confirm trials were lost), "partial" (some are to come), in this order.
    """
    best, others = facts[ahead], [facts[cell] for cell in behind]
    rules = (
        ("budget", any(_spent_less(other, best) for other in others)),
        ("failed", any(cell.failed for cell in (best, *others))),
        ("partial", any(facts[cell].unfinished for cell in beside)),
    )
    return tuple(name for name, holds in rules if holds)


def _spent_less(other: Facts, best: Facts) -> bool:
    # NaN compares as False.
    costs = ((other.spent, best.spent), (other.a_run, best.a_run))
    less = any(theirs * (1 + TOLERANCE) < own for theirs, own in costs)
    warmer = best.warm_started > 0 and not other.warm_started
    return less or warmer or other.trials < best.trials
