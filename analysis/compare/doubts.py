"""What besides the methods could have made a difference: budgets, lost runs, runs to come."""

from collections.abc import Iterable

import pandas as pd

from analysis.compare import budget, comparison, failures
from analysis.results import Results

__all__ = ["doubts", "facts"]


def facts(results: Results) -> pd.DataFrame:
    """What doubts rest on.

    Returns:
        One row a cell, with cell as its index: trials (search rows that ended), spent and a_run
        (gradient evaluations of the search, and of one confirm run), failed (confirm seeds with
        failed rows only), unfinished (rows are still to come).
    """
    spent = budget.by_cell(results).set_index("cell")
    missing = failures.missing_rows(results).set_index("cell")
    scores = comparison.scores(results).set_index("cell")
    return pd.DataFrame(
        {
            "trials": spent["trials"],
            "spent": spent["search_gradient_evaluations"],
            "a_run": spent["run_gradient_evaluations"],
            "failed": scores["failed"],
            "unfinished": missing["search"] + missing["confirm"] > 0,
        }
    )


def doubts(
    facts: pd.DataFrame, ahead: str, behind: Iterable[str], beside: Iterable[str]
) -> set[str]:
    """Reasons to doubt that one cell is better than others by merit of its method.

    Args:
        facts: what the function of that name returns.
        ahead, behind: ids of the cells.
        beside: ids of all cells of the setting.

    Returns:
        Any of "budget" (more trials than one behind, or over ``budget.TOLERANCE`` more gradient
        evaluations in the search or in a confirm run), "failed" (confirm runs were lost),
        "partial" (some are to come).
    """
    mine, others = facts.loc[ahead], facts.loc[list(behind)]
    more = others["trials"] < mine["trials"]
    for cost in ("spent", "a_run"):
        more |= others[cost] * (1 + budget.TOLERANCE) < mine[cost]
    rules = (
        ("budget", more.any()),
        ("failed", mine["failed"] or others["failed"].any()),
        ("partial", facts.loc[list(beside), "unfinished"].any()),
    )
    return {name for name, holds in rules if holds}
