"""Where each curve of ``analysis.search.sensitivity`` peaks, and how surely.

Functions are drawn from the curve's posterior, and the place of each one's highest point is
noted: the interval holds the middle ``CONFIDENCE`` of them. It is wide where the curve is flat,
and that is what it is to say.
"""

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.columns import PLACE
from analysis.read.traces import Trials
from analysis.results import Results
from analysis.search.scale import written
from analysis.search.sensitivity import POOLED, SIZE, Curve
from study.words import searched, span

__all__ = ["CONFIDENCE", "Where", "interval", "optima", "wins"]

CONFIDENCE = 0.95
DRAWS = 1000

_PEAK = ["best", "low", "high", "optimum", "located", "best_mean", "swing"]


class Where(NamedTuple):
    """Where a curve's optimum may lie.

    Attributes:
        low, high: ends of the interval at ``CONFIDENCE``; NaN for choices.
        optimum: the interval as text, or the choices.
        located: whether it leaves a part of the space out.
    """

    low: float
    high: float
    optimum: str
    located: bool


def optima(results: Results, points: pd.DataFrame, curves: list[Curve]) -> pd.DataFrame:
    """Where the curves peak, and how much the hyperparameter moves them.

    Args:
        results: the study.
        points, curves: what ``analysis.search.sensitivity`` gives for it.

    Returns:
        One row a cell and tuned hyperparameter, and one a pooled curve, with no cell and the ratio
        ``POOLED``: cell, method, task, imratio, ratio, hyperparameter, searched (text), chosen (the
        selected row's value as text, "" without one), best (where the curve is highest, as text;
        "" without a curve), low, high (ends of the interval at ``CONFIDENCE``; NaN without one,
        and for choices), optimum (the interval as text), located (whether the interval leaves a
        part of the space out), best_mean (the curve's highest point; of a pooled one above the best
        of its search), swing (highest minus lowest point), finished, pruned (rows), rows (the
        ``Trials`` behind the curve).
    """
    tried = dict(list(points.groupby(["cell", "hyperparameter"])))
    drawn = {(curve.cell, curve.hyperparameter): curve for curve in curves if not curve.pooled}
    spaces = {cell.id: cell.space for cell in results.study.cells}
    table = []
    for cell in results.cells.to_dict("records"):
        for name, entry in spaces[cell["cell"]].items():
            rows = tried.get((cell["cell"], name), points[:0])
            curve = drawn.get((cell["cell"], name))
            table.append({key: cell[key] for key in PLACE} | _row(name, entry, rows, curve))
    together = dict(list(points.groupby(["method", "task", "hyperparameter"])))
    for curve in curves:
        if curve.pooled:
            rows = together[curve.method, curve.task, curve.hyperparameter]
            entry = spaces[curve.sources[0].cell][curve.hyperparameter]
            place = dict(zip(PLACE, ("", curve.method, curve.task, math.nan, POOLED), strict=True))
            row = _row(curve.hyperparameter, entry, rows, curve)
            table.append(place | row | {"chosen": ""})
    names = [*PLACE, "hyperparameter", "searched", "chosen", *_PEAK, "finished", "pruned", "rows"]
    out = pd.DataFrame(table, columns=names).astype({"cell": object})
    order = out["method"].map({method: i for i, method in enumerate(results.methods)})
    known = list(dict.fromkeys(name for space in spaces.values() for name in space))
    within = out["hyperparameter"].map({name: i for i, name in enumerate(known)})
    rank = np.argsort(order * len(known) + within, kind="stable")
    return out.iloc[rank].reset_index(drop=True)


def wins(curve: Curve) -> NDArray[np.float64]:
    """Share of the posterior's draws that are highest at each place of the curve."""
    highest = curve.effect.draws(DRAWS, np.random.default_rng(0)).argmax(axis=1)
    return np.asarray(np.bincount(highest, minlength=len(curve.x)) / DRAWS)


def interval(entry: Mapping[str, Any], share: NDArray[np.float64], x: NDArray[np.float64]) -> Where:
    """From the first to the last place that the middle ``CONFIDENCE`` of the draws touch.

    Args:
        entry: the searched range, with "low" and "high".
        share: what ``wins`` gives.
        x: the curve's places.
    """
    tail = (1 - CONFIDENCE) / 2
    below = np.cumsum(share)
    first = int(np.searchsorted(below, tail, side="right"))
    last = min(int(np.searchsorted(below, 1 - tail)), len(share) - 1)
    low, high = x[first], x[last]
    if len(x) == SIZE:
        # Places of a continuous value meet half way, and the outer ones reach the space's ends.
        low = (x[first - 1] + low) / 2 if first else entry["low"]
        high = (high + x[last + 1]) / 2 if last + 1 < len(x) else entry["high"]
    return Where(float(low), float(high), span(low, high), first > 0 or last + 1 < len(x))


def _row(
    name: str, entry: Mapping[str, Any], rows: pd.DataFrame, curve: Curve | None
) -> dict[str, object]:
    chosen = rows.loc[rows["selected"], "text"]
    return {
        "hyperparameter": name,
        "searched": searched(entry),
        "chosen": chosen.iloc[0] if len(chosen) else "",
        "finished": int((rows["state"] == "COMPLETE").sum()),
        "pruned": int((rows["state"] == "PRUNED").sum()),
        **_peak(entry, curve),
    }


def _peak(entry: Mapping[str, Any], curve: Curve | None) -> dict[str, object]:
    if curve is None:
        nowhere = Where(math.nan, math.nan, "", located=False)
        rows: tuple[Trials, ...] = ()
        return {
            "best": "",
            **nowhere._asdict(),
            "best_mean": math.nan,
            "swing": math.nan,
            "rows": rows,
        }
    mean, share = curve.effect.mean, wins(curve)
    if "choices" in entry:
        texts = [written(entry, entry["choices"][round(i)]) for i in curve.x]
        where, best = _choices(share, texts), texts[int(mean.argmax())]
    else:
        where = interval(entry, share, curve.x)
        best = written(entry, curve.x[mean.argmax()])
    return {
        "best": best,
        "best_mean": float(mean.max()),
        "swing": float(np.ptp(mean)),
        "rows": curve.sources,
        **where._asdict(),
    }


def _choices(share: NDArray[np.float64], texts: list[str]) -> Where:
    """The likeliest choices that together hold ``CONFIDENCE`` of the draws."""
    order = np.argsort(-share, kind="stable")
    count = int(np.searchsorted(np.cumsum(share[order]), CONFIDENCE)) + 1
    kept = [texts[i] for i in sorted(order[:count])]
    return Where(math.nan, math.nan, " or ".join(kept), located=len(kept) < len(share))
