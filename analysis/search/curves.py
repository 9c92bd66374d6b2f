"""Validation AUROC over the course of training and over the course of the search."""

import math
from collections.abc import Iterator

import pandas as pd

from analysis import labels
from analysis.columns import PLACE
from analysis.results import LABEL, Results, trial_id
from study.ledger.rules import FINISHED
from study.records import CellRecord

__all__ = ["convergence", "label_convergence", "label_points", "progress"]


def convergence(results: Results) -> pd.DataFrame:
    """Median and range over the confirm seeds at every interval.

    Only COMPLETE confirm rows enter, so that every interval speaks of the same seeds.

    Returns:
        One row a cell and interval: cell, method, task, imratio, ratio, interval, median, low,
        high (smallest and largest seed), n, gradient_evaluations, seconds (medians since the row
        began; NaN if never reported), rows (numbers of the confirm rows).
    """
    curves = results.curves
    done = curves[(curves["phase"] == "confirm") & (curves["state"] == "COMPLETE")]
    done = done.dropna(subset=["val_auroc"])
    return _medians(done, [*PLACE, "interval"])


def label_convergence(results: Results) -> pd.DataFrame:
    """The same label by label, of tasks with several.

    Returns:
        The columns of ``convergence``, and label.
    """
    own = {cell.id: dict(zip(PLACE, _place(cell), strict=True)) for cell in results.study.cells}
    rows = [
        own[str(point["cell"])] | point
        for point in label_points(results)
        if point["phase"] == "confirm" and point["state"] == "COMPLETE"
    ]
    names = [*PLACE, "label", "number", "val_auroc", "interval", "gradient_evaluations", "seconds"]
    table = pd.DataFrame(rows, columns=names).dropna(subset=["val_auroc"])
    table = table.astype({"interval": int, "gradient_evaluations": float, "seconds": float})
    return _medians(table, [*PLACE, "label", "interval"])


def label_points(results: Results) -> Iterator[dict[str, object]]:
    """What the curves of search and confirm rows say of each label, interval by interval."""
    for cell in results.study.cells:
        for row in (*cell.search, *cell.confirm):
            for point in row.curve:
                told = {
                    name: point.get(name)
                    for name in ("interval", "gradient_evaluations", "seconds")
                }
                for name, value in point.items():
                    if name.startswith(LABEL):
                        yield told | {
                            "trial": trial_id(cell, row),
                            "cell": cell.id,
                            "phase": row.phase,
                            "number": row.number,
                            "seed": math.nan if row.seed is None else float(row.seed),
                            "state": row.state,
                            "label": name.removeprefix(LABEL),
                            "val_auroc": value,
                        }


def _place(cell: CellRecord) -> tuple[object, ...]:
    return cell.id, cell.method, cell.task, cell.imratio, labels.ratio(cell.imratio)


def _medians(done: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    return (
        done.groupby(keys, sort=False, dropna=False)
        .agg(
            median=("val_auroc", "median"),
            low=("val_auroc", "min"),
            high=("val_auroc", "max"),
            n=("val_auroc", "size"),
            gradient_evaluations=("gradient_evaluations", "median"),
            seconds=("seconds", "median"),
            rows=("number", tuple),
        )
        .reset_index()
    )


def progress(results: Results) -> pd.DataFrame:
    """Best final validation AUROC among the first rows of each search, by row number.

    Pruned and failed rows count as trials and never as the best. Rows still under way end the
    line: what lies behind them may change.

    Returns:
        One row a search row: cell, method, task, imratio, ratio, repeat (which of the cell's
        searches), trials (its rows so far, from 1), gradient_evaluations, seconds (what these rows
        spent together; NaN from the first row on that never reported it), best (NaN until a row is
        COMPLETE), number (of the row that is best), improved (this row is the new best).
    """
    search = ["cell", "repeat"]
    rows = results.trials.sort_values([*search, "number"], kind="stable")
    rows = rows[rows["state"].isin(FINISHED).groupby([rows[name] for name in search]).cummin()]
    out = rows[[*PLACE, "repeat", "number"]].rename(columns={"number": "row"})
    out["trials"] = rows.groupby(search).cumcount() + 1
    for cost in ("gradient_evaluations", "seconds"):
        known = rows[cost].notna().groupby([rows[name] for name in search]).cummin()
        out[cost] = rows.groupby(search)[cost].cumsum().where(known)
    out["best"] = rows.groupby(search)["value"].transform(lambda values: values.cummax().ffill())
    out["improved"] = rows["value"].notna() & (
        rows["value"] > out.groupby(search)["best"].shift().fillna(-1.0)
    )
    best = out["row"].where(out["improved"])
    out["number"] = best.groupby([out[name] for name in search]).ffill()
    return out.drop(columns="row").sort_index().reset_index(drop=True)
