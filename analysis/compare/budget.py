"""What each method was given and what it spent. Unequal budgets are flagged, never hidden."""

import pandas as pd

from analysis.columns import PLACE, SETTING
from analysis.results import Results
from study.words import plural

__all__ = ["TOLERANCE", "by_cell", "by_method", "fallbacks"]

TOLERANCE = 0.25
"""Budgets in gradient evaluations count as equal within this share of the median.

Pruning alone makes searches differ by some 20 %; a method of two passes differs by 100 %.
"""

_FELL_BACK = "eager: "
_STATES = {"finished": "COMPLETE", "pruned": "PRUNED", "failed": "FAIL"}
_COSTS = ["gradient_evaluations", "seconds"]


def by_cell(results: Results) -> pd.DataFrame:
    """The ledger of every cell.

    Returns:
        One row a cell: cell, method, task, imratio, ratio, planned (search rows), trials (search
        rows that came to an end), finished, pruned, failed, open (search rows under way),
        warm_started (search rows with a configuration that another search paid for), confirms
        (confirm rows that came to an end, replaced configurations included),
        search_gradient_evaluations, search_seconds, confirm_gradient_evaluations,
        confirm_seconds (sums over the rows that reported them), run_gradient_evaluations (mean
        of its finished confirm rows), peak_memory (highest of its rows, MB; NaN: not told),
        unreported (ended rows that never reported a cost),
        relative (search gradient evaluations over the setting's median; where nothing was
        searched, those of a confirm run), unequal (why the cell's budget differs from those
        beside it; "" if it does not).
    """
    # What followed the searches: confirm trials, and profiles around them.
    confirm = pd.concat([results.confirm, results.profile, results.superseded])
    confirm = confirm[confirm["state"].isin(_STATES.values())]
    search = results.trials
    table = results.cells[[*PLACE, "planned_trials"]].rename(columns={"planned_trials": "planned"})
    states = search.groupby(["cell", "state"]).size()
    for name, state in _STATES.items():
        table[name] = [int(states.get((cell, state), 0)) for cell in table["cell"]]
    trials = table[list(_STATES)].sum(axis=1)
    rows = table["cell"].map(search.groupby("cell").size()).fillna(0).astype(int)
    table.insert(list(table.columns).index("finished"), "trials", trials)
    table["open"] = rows - trials
    warm = search.loc[search["origin"] == "warm-started", "cell"].value_counts()
    table["warm_started"] = table["cell"].map(warm).fillna(0).astype(int)
    table["confirms"] = table["cell"].map(confirm.groupby("cell").size()).fillna(0).astype(int)
    for phase, frame in (("search", search), ("confirm", confirm)):
        sums = frame.groupby("cell")[_COSTS].sum()
        for cost in _COSTS:
            table[f"{phase}_{cost}"] = table["cell"].map(sums[cost]).fillna(0.0)
    complete = results.confirm[results.confirm["state"] == "COMPLETE"]
    a_run = complete.groupby("cell")["gradient_evaluations"].mean()
    table["run_gradient_evaluations"] = table["cell"].map(a_run).astype(float)
    rows_of_all = pd.concat([search, results.confirm, results.profile, results.superseded])
    table["peak_memory"] = table["cell"].map(rows_of_all.groupby("cell")["peak_memory"].max())
    ended = pd.concat([search[search["state"].isin(_STATES.values())], confirm])
    silent = ended[ended["gradient_evaluations"].isna()].groupby("cell").size()
    table["unreported"] = table["cell"].map(silent).fillna(0).astype(int)
    setting = table.groupby([*SETTING])
    most = setting["trials"].transform("max")
    spent = table["search_gradient_evaluations"].where(most > 0, table["run_gradient_evaluations"])
    median = spent.groupby([table["task"], table["ratio"]]).transform("median")
    table["relative"] = spent / median.where(median > 0)
    table["unequal"] = [
        _why(trials, most, relative, ahead)
        for trials, most, relative, ahead in zip(
            table["trials"],
            most,
            table["relative"],
            (table["warm_started"] > 0) & (setting["warm_started"].transform("min") == 0),
            strict=True,
        )
    ]
    return table


def _why(trials: int, most: int, relative: float, ahead: bool) -> str:
    reasons = []
    if trials < most:
        reasons.append(f"{plural(trials, 'trial')} where another method had {most}")
    if abs(relative - 1) > TOLERANCE:
        reasons.append(f"{relative:.2f} times the median gradient evaluations")
    if ahead:
        reasons.append("warm-started where another method's search was not")
    return "; ".join(reasons)


def by_method(cells: pd.DataFrame) -> pd.DataFrame:
    """Sums of ``by_cell`` a method.

    Returns:
        One row a method, in the study's order: method, cells, planned, trials, finished, pruned,
        failed, open, confirms, the four costs, unreported, unequal (number of its cells that are
        flagged), peak_memory (the highest).
    """
    flagged = cells.assign(unequal=(cells["unequal"] != "").astype(int), cells=1)
    costs = [f"{phase}_{cost}" for phase in ("search", "confirm") for cost in _COSTS]
    sums = ["cells", "planned", "trials", *_STATES, "open", "confirms", *costs, "unreported"]
    by = flagged.groupby("method", sort=False)
    found = by[[*sums, "unequal"]].sum().assign(peak_memory=by["peak_memory"].max())
    return found.reset_index()


def fallbacks(results: Results) -> pd.DataFrame:
    """Trials that ran eagerly although their steps should have been captured as a CUDA graph, or
    their networks compiled.

    Returns:
        One row a reason and method: reason, method, trials (replaced configurations included).
    """
    rows = pd.concat([results.trials, results.confirm, results.profile, results.superseded])
    fell = rows[rows["execution"].str.startswith(_FELL_BACK, na=False)]
    reason = fell["execution"].str.removeprefix(_FELL_BACK)
    counts = fell.assign(reason=reason).groupby(["reason", "method"], sort=False).size()
    return counts.rename("trials").reset_index()
