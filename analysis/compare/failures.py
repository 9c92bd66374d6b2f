"""What is not in the tables, and why: failed rows, cells without a result, missing rows."""

import pandas as pd

from analysis.labels import spans_text
from analysis.results import Results, trial_id
from study.ledger.rules import FINISHED
from study.records import CellRecord

__all__ = ["deaths", "failed_rows", "grouped", "missing_rows", "without_result"]


def failed_rows(results: Results) -> pd.DataFrame:
    """Every row in state FAIL: trial, phase, cell, number, reason, params (a dict), seconds,
    host, method, task, ratio."""
    rows = [
        (
            trial_id(cell, row),
            row.phase,
            cell.id,
            row.number,
            row.reason or "no reason was recorded",
            row.params,
            row.seconds,
            row.host,
        )
        for cell in results.study.cells
        for row in cell.rows
        if row.state == "FAIL"
    ]
    names = ["trial", "phase", "cell", "number", "reason", "params", "seconds", "host"]
    table = pd.DataFrame(rows, columns=names).astype({"cell": object, "seconds": float})
    places = results.cells[["cell", "method", "task", "ratio"]]
    return table.merge(places, on="cell", how="left")


def deaths(results: Results) -> pd.DataFrame:
    """Every time that a worker died with a row, which then began again: trial, phase, cell,
    number, reason, method, task, ratio."""
    rows = [
        (trial_id(cell, row), row.phase, cell.id, row.number, reason)
        for cell in results.study.cells
        for row in cell.rows
        for reason in row.deaths
    ]
    table = pd.DataFrame(rows, columns=["trial", "phase", "cell", "number", "reason"])
    places = results.cells[["cell", "method", "task", "ratio"]]
    return table.astype({"cell": object}).merge(places, on="cell", how="left")


def grouped(failed: pd.DataFrame) -> pd.DataFrame:
    """``failed_rows`` that share cell, phase and reason: method, task, ratio, cell, phase,
    reason, count, rows (numbers), params (what they span, as text), hosts (names)."""
    keys = ["method", "task", "ratio", "cell", "phase", "reason"]
    return (
        failed.groupby(keys, sort=False)
        .agg(
            count=("number", "size"),
            rows=("number", tuple),
            params=("params", lambda params: spans_text(list(params))),
            hosts=("host", lambda hosts: tuple(dict.fromkeys(hosts.dropna()))),
        )
        .reset_index()
    )


def without_result(results: Results) -> pd.DataFrame:
    """Cells that have no finished confirm row: cell, method, task, ratio, why (a sentence), over
    (True: it stays so unless the study is extended)."""
    rows = [
        (cell.id, *_why(cell))
        for cell in results.study.cells
        if not any(row.state == "COMPLETE" for row in cell.confirm)
    ]
    table = pd.DataFrame(rows, columns=["cell", "why", "over"]).astype(
        {"cell": object, "over": bool}
    )
    return results.cells[["cell", "method", "task", "ratio"]].merge(table, on="cell")


def _why(cell: CellRecord) -> tuple[str, bool]:
    standing = cell.standing
    if not standing.search_over:
        ended = sum(row.state in FINISHED for row in cell.search)
        planned = ended + standing.search_left
        return f"the search goes on ({ended} of {planned} trials ended)", False
    if not standing.settled:
        return f"none of its {len(cell.search)} search trials finished", True
    if not cell.planned_seeds:
        return "the study plans no confirm seeds", True
    if standing.confirm_left:
        return "its confirm trials have not finished", False
    return f"all of its {len(cell.confirm)} confirm trials failed", True


def missing_rows(results: Results) -> pd.DataFrame:
    """How far the study is from its plan.

    Returns:
        One row a cell: cell, method, task, ratio, search, confirm and profile (rows still to come
        to an end). A cell whose every search row failed misses no confirm row: none can come.
    """
    table = results.cells[["cell", "method", "task", "ratio"]].copy()
    table["search"] = [cell.standing.search_left for cell in results.study.cells]
    table["confirm"] = [cell.standing.confirm_left for cell in results.study.cells]
    table["profile"] = [cell.standing.profile_left for cell in results.study.cells]
    return table
