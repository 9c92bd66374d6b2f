"""How validation AUROC depends on each tuned hyperparameter, from search rows.

The curve is a binned median: finished rows in bins of equal count along the searched scale, and
in each bin the median. It needs no model of the response, a few diverged trials do not move it,
and it is the same on a linear and on a logarithmic scale.
"""

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from analysis.results import Results, trial_id

__all__ = ["BIN_SIZE", "binned_medians", "curves", "optima", "points"]

BIN_SIZE = 5
"""Finished rows a bin, at least; fewer than two bins make no curve."""
MAX_BINS = 8

_KEYS = ["cell", "method", "task", "imratio", "ratio", "hyperparameter"]


def points(results: Results) -> pd.DataFrame:
    """One row a search row and tuned hyperparameter, if the row has a validation AUROC.

    Returns:
        hyperparameter, kind ("log", "linear" or "choice"), value (a number; for a choice its
        place in the space's list), text (the value as written), trial, cell, method, task,
        imratio, ratio, number, state (COMPLETE or PRUNED), origin, selected, auroc (at the last
        interval that the row reached), interval (that interval).
    """
    long = pd.DataFrame(
        [
            (trial_id(cell, row), name, _kind(entry), *_value(entry, row.params[name]))
            for cell in results.study.cells
            for row in cell.search
            for name, entry in cell.space.items()
            if name in row.params
        ],
        columns=["trial", "hyperparameter", "kind", "value", "text"],
    ).astype({"value": float, "trial": object})
    rows = results.trials.rename(columns={"last_auroc": "auroc", "last_interval": "interval"})
    rows = rows[rows["state"].isin(["COMPLETE", "PRUNED"]) & rows["auroc"].notna()]
    names = ["trial", "cell", "method", "task", "imratio", "ratio", "number", "state", "origin"]
    return long.merge(rows[[*names, "selected", "auroc", "interval"]], on="trial")


def curves(points: pd.DataFrame) -> pd.DataFrame:
    """Binned medians of the COMPLETE rows; pruned rows never enter.

    Returns:
        One row a bin: cell, method, task, imratio, ratio, hyperparameter, and the columns of
        ``binned_medians``, plus rows (numbers of the search rows in the bin). Cells with too few
        finished rows have none.
    """
    done = points[points["state"] == "COMPLETE"]
    parts = []
    for _, group in done.groupby(["cell", "hyperparameter"], sort=False):
        values = group["value"]
        bins = binned_medians(values, group["auroc"])
        bins["rows"] = [
            tuple(group.loc[(values >= low) & (values <= high), "number"])
            for low, high in zip(bins["low"], bins["high"], strict=True)
        ]
        parts.append(bins.assign(**{name: group[name].iloc[0] for name in _KEYS}))
    names = [*_KEYS, "x", "low", "high", "median", "n", "rows"]
    return pd.concat(parts)[names] if parts else pd.DataFrame(columns=names)


def binned_medians(values: ArrayLike, scores: ArrayLike) -> pd.DataFrame:
    """Medians of ``scores`` in bins of equal count along ``values``.

    With at most ``MAX_BINS`` distinct values every value is its own bin, if it has two rows or
    more. Otherwise there are n // BIN_SIZE bins (at most ``MAX_BINS``; none below two), and
    equal values share a bin. The result does not change when ``values`` go through any rising
    function (a logarithm).

    Returns:
        One row a bin, by rising value: x (median value), low, high (smallest and largest value),
        median, n.
    """
    x, score = np.asarray(values, dtype=float), np.asarray(scores, dtype=float)
    distinct = np.unique(x)
    if len(distinct) <= MAX_BINS:
        label, least = np.searchsorted(distinct, x), 2
    else:
        bins = min(len(x) // BIN_SIZE, MAX_BINS)
        # The number of smaller values is the same for equal values, so they share a bin.
        label, least = (
            np.searchsorted(np.sort(x), x) * bins // len(x),
            1 if bins > 1 else len(x) + 1,
        )
    rows = []
    for number in np.unique(label):
        inside, reached = np.sort(x[label == number]), score[label == number]
        if len(inside) >= least:
            # The lower median is a value that was tried, so it commutes with the logarithm.
            middle = inside[(len(inside) - 1) // 2]
            rows.append((middle, inside[0], inside[-1], float(np.median(reached)), len(inside)))
    return pd.DataFrame(rows, columns=["x", "low", "high", "median", "n"])


def optima(results: Results, points: pd.DataFrame, curves: pd.DataFrame) -> pd.DataFrame:
    """Where the curves peak, and how much the hyperparameter moves them.

    Args:
        results: the study.
        points, curves: what the functions of these names return for it.

    Returns:
        One row a cell and tuned hyperparameter: cell, method, task, imratio, ratio,
        hyperparameter, searched (text), chosen (the selected row's value as text, "" without
        one), best_low and best_high (values that the best bin spans, as text; "" without a curve),
        best_median, swing (best minus worst bin median), finished, pruned (rows), rows (those
        of the best bin).
    """
    tried = dict(list(points.groupby(["cell", "hyperparameter"])))
    drawn = dict(list(curves.groupby(["cell", "hyperparameter"])))
    table = []
    for cell in results.study.cells:
        for name, entry in cell.space.items():
            mine = tried.get((cell.id, name), points[:0])
            curve = drawn.get((cell.id, name), curves[:0])
            place = {"cell": cell.id, "hyperparameter": name, "searched": _searched(entry)}
            table.append(place | _peak(mine, curve))
    names = ["searched", "chosen", "best_low", "best_high", "best_median", "swing"]
    out = pd.DataFrame(
        table, columns=["cell", "hyperparameter", *names, "finished", "pruned", "rows"]
    ).astype({"cell": object})
    merged = results.cells[_KEYS[:-1]].merge(out, on="cell")
    order = merged["method"].map({method: i for i, method in enumerate(results.methods)})
    spaces = list(dict.fromkeys(name for cell in results.study.cells for name in cell.space))
    within = merged["hyperparameter"].map({name: i for i, name in enumerate(spaces)})
    rank = np.argsort(order * len(spaces) + within, kind="stable")
    return merged.iloc[rank].reset_index(drop=True)


def _peak(mine: pd.DataFrame, curve: pd.DataFrame) -> dict[str, Any]:
    chosen = mine.loc[mine["selected"], "text"]
    peak: dict[str, Any] = {
        "chosen": chosen.iloc[0] if len(chosen) else "",
        "finished": int((mine["state"] == "COMPLETE").sum()),
        "pruned": int((mine["state"] == "PRUNED").sum()),
        "best_low": "",
        "best_high": "",
        "best_median": float("nan"),
        "swing": float("nan"),
        "rows": (),
    }
    if len(curve) < 2:
        return peak
    best = curve.loc[curve["median"] == curve["median"].max()].iloc[0]
    text = mine.drop_duplicates("value").set_index("value")["text"]
    return peak | {
        "best_low": text[best["low"]],
        "best_high": text[best["high"]],
        "best_median": float(best["median"]),
        "swing": float(best["median"] - curve["median"].min()),
        "rows": best["rows"],
    }


def _kind(entry: dict[str, Any]) -> str:
    if "choices" in entry:
        return "choice"
    return "log" if entry.get("log") else "linear"


def _value(entry: dict[str, Any], value: Any) -> tuple[float, str]:
    if "choices" in entry:
        return float(list(entry["choices"]).index(value)), str(value)
    return float(value), f"{value:.3g}"


def _searched(entry: dict[str, Any]) -> str:
    if "choices" in entry:
        return "{" + ", ".join(map(str, entry["choices"])) + "}"
    return f"{entry['low']:.4g} to {entry['high']:.4g}" + (" (log)" if entry.get("log") else "")
