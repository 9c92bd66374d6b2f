"""Validation AUROC over the course of training and over the course of the search."""

import pandas as pd

from analysis import labels
from analysis.columns import PLACE
from analysis.results import LABEL, Results
from study.ledger.rules import FINISHED
from study.records import CellRecord

__all__ = ["convergence", "label_convergence", "progress"]


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
    rows = [
        {
            **dict(zip(PLACE, _place(cell), strict=True)),
            "label": name.removeprefix(LABEL),
            "number": row.number,
            "val_auroc": value,
            **{key: point.get(key) for key in ("interval", "gradient_evaluations", "seconds")},
        }
        for cell in results.study.cells
        for row in cell.confirm
        if row.state == "COMPLETE"
        for point in row.curve
        for name, value in point.items()
        if name.startswith(LABEL)
    ]
    names = [*PLACE, "label", "number", "val_auroc", "interval", "gradient_evaluations", "seconds"]
    table = pd.DataFrame(rows, columns=names).dropna(subset=["val_auroc"])
    table = table.astype({"interval": int, "gradient_evaluations": float, "seconds": float})
    return _medians(table, [*PLACE, "label", "interval"])


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
