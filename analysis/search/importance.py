"""Which hyperparameters matter, method by method, by two measures.

Both are the share of a quantity's variance that one hyperparameter explains by itself: the
first-order Sobol index, which is functional ANOVA's main effect (Hutter et al., ICML 2014),
estimated from bins of the random rows and freed of the bias that bins bring (Kelley's epsilon
squared). They differ in the quantity:

- "everywhere": where a trial stands among the random trials of its search. Diverged trials weigh
  no more than bad ones, and searches of different level can be put together.
- "at the top": whether it is in the best quarter of its search. In bins of equal count this is
  PED-ANOVA's divergence (Watanabe, Bansal, Hutter, IJCAI 2023), scaled so that 1 is its largest
  value.

Random rows alone: draws of one hyperparameter are then independent of all the others, so that
shuffling is an exact test of "this one does nothing". Every search of a method has bins of its
own where each has rows enough; else they share bins, and an effect that turns round from search to
search cancels. Neither measure sees an effect that only two hyperparameters together have.
"""

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from analysis.holm import holm
from analysis.results import Results, trial_id
from analysis.search.bins import bin_labels
from analysis.search.random_draws import draws
from analysis.search.scale import place

__all__ = ["LEAST", "LEVEL", "MEASURES", "disagreements", "importance", "refusals", "share"]

LEAST = 20
"""Random rows of a method, at least; and of each of its searches, for bins of its own."""
LEVEL = 0.05
"""Chance that a measure calls any hyperparameter of a method important that does nothing."""
TOP = 0.25
BOOTSTRAPS = 200
SHUFFLES = 999

MEASURES = ("everywhere", "at the top")

Floats = NDArray[np.float64]


def importance(results: Results) -> pd.DataFrame:
    """Importance of every tuned hyperparameter, over all settings of a method together.

    Returns:
        One row a method, hyperparameter and measure: method, hyperparameter, measure (one of
        ``MEASURES``), share (of the variance; below 0 is noise about 0), low, high (bootstrap
        band at 95 %), p (by shuffling within searches), important (p <= ``LEVEL`` after Holm's
        correction over the method's hyperparameters), n (rows), cells, apart (whether each
        cell has bins of its own), pruned, failed (rows among n). Methods with fewer than
        ``LEAST`` random rows have none.
    """
    sample = draws(results)
    parts = [_of_method(results, method, sample) for method in results.methods]
    names = ["method", "hyperparameter", "measure", "share", "low", "high", "p", "important"]
    names += ["n", "cells", "apart", "pruned", "failed"]
    return pd.DataFrame([row for part in parts for row in part], columns=names)


def refusals(results: Results) -> pd.DataFrame:
    """Methods that tune something but have too few random rows: method, n."""
    sample = draws(results)
    tuned = {cell.method for cell in results.study.cells if cell.space}
    counts = {m: int((sample["method"] == m).sum()) for m in results.methods if m in tuned}
    rows = [(method, n) for method, n in counts.items() if n < LEAST]
    return pd.DataFrame(rows, columns=["method", "n"])


def disagreements(table: pd.DataFrame) -> pd.DataFrame:
    """Hyperparameters that one measure calls important and the other does not.

    Returns:
        method, hyperparameter, measure (the one that does).
    """
    called = table.groupby(["method", "hyperparameter"], sort=False)["important"].transform("sum")
    rows = table[table["important"] & (called == 1)]
    return rows[["method", "hyperparameter", "measure"]].reset_index(drop=True)


def share(
    labels: NDArray[np.int64], target: ArrayLike, weights: ArrayLike | None = None, groups: int = 1
) -> Floats:
    """Share of the variance of ``target`` that lies between the bins, freed of its bias.

    Args:
        labels: (n,), bins from 0.
        target: (n,) or (B, n), B samples at once.
        weights: (B, n), how often each row was drawn; default once.
        groups: searches with bins of their own, in each of which the target has the same mean.

    Returns:
        (B,): 1 - (1 - eta squared)(n - groups) / (n - k). Its mean is about 0 for labels that do
        not matter; 0 for a constant target.
    """
    y = np.atleast_2d(np.asarray(target, dtype=float))
    w = np.ones_like(y) if weights is None else np.asarray(weights, dtype=float)
    inside = np.eye(labels.max() + 1)[labels]
    n, k = inside.shape
    y = y - (w * y).sum(axis=1, keepdims=True) / w.sum(axis=1, keepdims=True)
    count, total = w @ inside, (w * y) @ inside
    between = (total**2 / np.maximum(count, 1e-9)).sum(axis=1)
    around = (w * y**2).sum(axis=1)
    explained = between / np.where(around > 0, around, np.inf)
    return np.where(around > 0, 1 - (1 - explained) * (n - groups) / (n - k), 0.0)


def _of_method(results: Results, method: str, sample: pd.DataFrame) -> list[dict[str, Any]]:
    drawn = sample[sample["method"] == method].reset_index(drop=True)
    if len(drawn) < LEAST:
        return []
    values = _values(results, method).reindex(drawn["trial"])
    counts = {
        "n": len(drawn),
        "cells": drawn["cell"].nunique(),
        "pruned": int((drawn["state"] == "PRUNED").sum()),
        "failed": int((drawn["state"] == "FAIL").sum()),
    }
    draw = np.random.default_rng(0)
    cells = pd.factorize(drawn["cell"])[0]
    apart = bool(np.bincount(cells).min() >= LEAST)
    groups = cells if apart else np.zeros_like(cells)
    counts["apart"] = apart
    shuffled = _shuffles(cells, draw)
    weights = _resamples(cells, draw)
    standing = drawn["standing"].to_numpy()
    targets = dict(zip(MEASURES, (standing, (standing > 1 - TOP).astype(float)), strict=True))
    rows = []
    for measure, target in targets.items():
        measured: list[dict[str, Any]] = [
            {"hyperparameter": name, **_measured(values[name], groups, target, shuffled, weights)}
            for name in values.columns
        ]
        adjusted = holm([row["p"] for row in measured])
        rows += [
            {"method": method, "measure": measure, **row, "important": bool(p <= LEVEL), **counts}
            for row, p in zip(measured, adjusted, strict=True)
        ]
    return rows


def _measured(
    values: pd.Series,
    groups: NDArray[np.intp],
    target: Floats,
    shuffled: NDArray[np.int64],
    weights: Floats,
) -> dict[str, float]:
    labels = _labels(values, groups)
    count = int(groups.max()) + 1
    if labels.max() + 1 == count:
        return {"share": 0.0, "low": 0.0, "high": 0.0, "p": 1.0}
    estimate = float(share(labels, target, None, count)[0])
    chance = share(labels, target[shuffled], None, count)
    again = share(labels, np.broadcast_to(target, weights.shape), weights, count)
    # Rows drawn twice agree with themselves, which lifts every bootstrap value alike.
    low, high = np.quantile(again, [0.025, 0.975]) - (again.mean() - estimate)
    p = (1 + int((chance >= estimate - 1e-12).sum())) / (1 + len(chance))
    return {"share": estimate, "low": float(low), "high": float(min(high, 1.0)), "p": p}


def _labels(values: pd.Series, groups: NDArray[np.intp]) -> NDArray[np.int64]:
    """Bins from 0, each within one group."""
    # A row without the hyperparameter is a bin of its own: nothing is dropped in silence.
    filled = values.fillna(np.inf).to_numpy()
    out = np.zeros(len(filled), dtype=np.int64)
    for group in np.unique(groups):
        here = groups == group
        out[here] = np.unique(bin_labels(filled[here]), return_inverse=True)[1] + out.max() + 1
    return np.asarray(np.unique(out, return_inverse=True)[1], dtype=np.int64)


def _values(results: Results, method: str) -> pd.DataFrame:
    """Hyperparameters as numbers (a choice as its place in the space), by trial id."""
    cells = [cell for cell in results.study.cells if cell.method == method]
    spaces = {name: entry for cell in cells for name, entry in cell.space.items()}
    rows = {
        trial_id(cell, trial): {
            name: place(spaces[name], value)
            for name, value in trial.params.items()
            if name in spaces
        }
        for cell in cells
        for trial in cell.search
    }
    return pd.DataFrame.from_dict(rows, orient="index", columns=list(spaces), dtype=float)


def _shuffles(cells: NDArray[np.intp], draw: np.random.Generator) -> NDArray[np.int64]:
    """(SHUFFLES, n): rows trade places within their cell."""
    out = np.tile(np.arange(len(cells)), (SHUFFLES, 1))
    for cell in np.unique(cells):
        here = np.flatnonzero(cells == cell)
        out[:, here] = draw.permuted(np.tile(here, (SHUFFLES, 1)), axis=1)
    return out


def _resamples(cells: NDArray[np.intp], draw: np.random.Generator) -> Floats:
    """(BOOTSTRAPS, n): how often each row is drawn, cell by cell."""
    out = np.zeros((BOOTSTRAPS, len(cells)))
    for cell in np.unique(cells):
        here = np.flatnonzero(cells == cell)
        out[:, here] = draw.multinomial(len(here), np.full(len(here), 1 / len(here)), BOOTSTRAPS)
    return out
