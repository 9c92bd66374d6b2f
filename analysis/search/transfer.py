"""What it costs to use a hyperparameter's value at B that was tuned at A.

For one hyperparameter, A and B being searches of one method that differ in the imbalance ratio
or in the data set. The random trials of each are put into common bins along the searched scale;
a search's tuned value is the bin with the highest median AUROC. The regret is the median at B of
B's own bin less that of A's bin.

The peak of a noisy curve looks higher than it is, so B is not judged by the rows that tuned it:
half of B's rows choose, the other half judges (and half of A's rows choose, so that both are
tuned with as many). Over many such splits the mean is the estimate. It is about zero where the
place of tuning does not matter, and can fall below.

It is a cost on average over the other hyperparameters' random draws, not at their best values.
"""

from itertools import permutations
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from analysis.columns import PLACE
from analysis.results import Results
from analysis.search.random_draws import draws

__all__ = ["CONFIDENCE", "LEAST", "refusals", "regret", "regrets", "summary"]

LEAST = 20
"""Finished random rows of a search, at least."""
BIN_ROWS = 4
"""Rows a bin, at least: two to choose, two to judge."""
MAX_BINS = 5
SPLITS = 50
BOOTSTRAPS = 60
CONFIDENCE = 0.95

Floats = NDArray[np.float64]


def refusals(results: Results) -> pd.DataFrame:
    """Searches that cannot take part, with the reason: cell, method, task, imratio, ratio, why.

    Only searches that another one of the same method could stand beside are named.
    """
    cells = results.cells
    places = cells.groupby("method")["cell"].transform("size")
    states = draws(results).groupby(["cell", "state"]).size()
    table = []
    for cell in cells[places > 1].to_dict("records"):
        done, pruned = (int(states.get((cell["cell"], s), 0)) for s in ("COMPLETE", "PRUNED"))
        why = ""
        if pruned:
            why = f"{pruned} of its random trials were pruned"
        elif done < LEAST:
            why = f"it has {done} finished random trials; it takes {LEAST}"
        if why:
            table.append({key: cell[key] for key in PLACE} | {"why": why})
    return pd.DataFrame(table, columns=[*PLACE, "why"])


def regrets(results: Results, points: pd.DataFrame) -> pd.DataFrame:
    """Regret of every pair of searches of a method that differ in one respect.

    Args:
        results: the study.
        points: what ``analysis.search.sensitivity.points`` gives for it.

    Returns:
        One row a method, hyperparameter and ordered pair: method, hyperparameter, across
        ("imratios": same task; "data sets": same ratio), source, source_task, source_ratio (where
        the value was tuned), target, target_task, target_ratio (where it is used), regret (AUROC;
        positive: tuning at the target is better), low, high (interval at ``CONFIDENCE``), bins,
        source_rows, target_rows (numbers of the search rows).
    """
    refused = set(refusals(results)["cell"])
    kept = set(draws(results)["trial"])
    drawn = points[(points["state"] == "COMPLETE") & points["trial"].isin(kept)]
    drawn = drawn[~drawn["cell"].isin(refused)]
    spaces = {cell.id: cell.space for cell in results.study.cells}
    table = []
    for (method, name), group in drawn.groupby(["method", "hyperparameter"], sort=False):
        searches = {str(cell): g for cell, g in group.groupby("cell", sort=False)}
        entry = spaces[next(iter(searches))][str(name)]
        alike = {cell: g for cell, g in searches.items() if spaces[cell][str(name)] == entry}
        edges = _edges([g["value"] for g in alike.values()], entry)
        if edges is None:
            continue
        halves = {
            cell: _split(g["value"], g["auroc"], edges, seed)
            for seed, (cell, g) in enumerate(alike.items())
        }
        first = {cell: g.iloc[0] for cell, g in alike.items()}
        rows = {cell: tuple(g["number"]) for cell, g in alike.items()}
        for a, b in permutations(alike, 2):
            across = _across(first[a], first[b])
            if across:
                table.append(
                    {
                        "method": method,
                        "hyperparameter": name,
                        "across": across,
                        "source": a,
                        "source_task": first[a]["task"],
                        "source_ratio": first[a]["ratio"],
                        "target": b,
                        "target_task": first[b]["task"],
                        "target_ratio": first[b]["ratio"],
                        **_compare(halves[a], halves[b]),
                        "bins": len(edges) + 1,
                        "source_rows": rows[a],
                        "target_rows": rows[b],
                    }
                )
    names = ["method", "hyperparameter", "across", "source", "source_task", "source_ratio"]
    names += ["target", "target_task", "target_ratio", "regret", "low", "high", "bins"]
    return pd.DataFrame(table, columns=[*names, "source_rows", "target_rows"])


def summary(table: pd.DataFrame) -> pd.DataFrame:
    """``regrets`` a method, hyperparameter and direction.

    Returns:
        method, hyperparameter, across, pairs, mean (regret over all pairs), and of the pair with
        the highest regret its columns, plus positive (pairs whose interval lies above zero).
    """
    keys = ["method", "hyperparameter", "across"]
    groups = table.groupby(keys, sort=False)
    worst = table.loc[groups["regret"].idxmax()].set_index(keys)
    counted = groups.agg(
        pairs=("regret", "size"),
        mean=("regret", "mean"),
        positive=("low", lambda low: (low > 0).sum()),
    )
    return counted.join(worst).reset_index()


def regret(
    source: tuple[ArrayLike, ArrayLike], target: tuple[ArrayLike, ArrayLike], edges: ArrayLike
) -> tuple[float, float, float]:
    """Regret of one pair, from (values, scores) of each, and its interval.

    Args:
        edges: inner edges of the common bins, rising; each bin holds ``BIN_ROWS`` rows of both.
    """
    compared = _compare(_split(*source, edges, 0), _split(*target, edges, 1))
    return compared["regret"], compared["low"], compared["high"]


class _Halves(NamedTuple):
    """Medians a bin of both halves of a search's rows: (1 + BOOTSTRAPS, SPLITS, bins) each.

    The first of axis 0 is of the rows themselves, the others of rows drawn again; a row that is
    drawn twice stays in one half.
    """

    choose: Floats
    judge: Floats


def _split(values: ArrayLike, scores: ArrayLike, edges: ArrayLike, seed: int) -> _Halves:
    # Each search has its own seed: halves of two searches must not go together.
    score, inner = np.asarray(scores, dtype=float), np.asarray(edges, dtype=float)
    labels = np.searchsorted(inner, np.asarray(values, dtype=float), side="right")
    draw = np.random.default_rng(seed)
    bins = [_halved(np.sort(score[labels == label]), draw) for label in range(len(inner) + 1)]
    return _Halves(*(np.stack(half, axis=-1) for half in zip(*bins, strict=True)))


def _halved(rising: Floats, draw: np.random.Generator) -> tuple[Floats, Floats]:
    count = len(rising)
    first = draw.permuted(np.tile(np.arange(count) < count // 2, (SPLITS, 1)), axis=1)
    again = draw.multinomial(count, np.full(count, 1 / count), BOOTSTRAPS)
    weights = np.vstack([np.ones((1, count), dtype=int), again])[:, None, :]
    return _medians(rising, weights, first), _medians(rising, weights, ~first)


def _medians(rising: Floats, weights: NDArray[np.int64], half: NDArray[np.bool_]) -> Floats:
    """Median of the values in ``half``, each counted ``weights`` times.

    Where none of them was drawn, each counts once.
    """
    counted = weights * half
    counted = np.where(counted.any(axis=-1, keepdims=True), counted, half)
    upto = np.cumsum(counted, axis=-1)
    total = upto[..., -1:]
    low, high = (2 * upto >= total).argmax(-1), (2 * upto > total).argmax(-1)
    return np.asarray((rising[low] + rising[high]) / 2)


def _compare(source: _Halves, target: _Halves) -> dict[str, float]:
    """The mean over splits, and what drawing the rows again makes of it."""
    chosen, own = source.choose.argmax(-1), target.choose.argmax(-1)
    here, there = (
        np.take_along_axis(target.judge, place[..., None], axis=-1)[..., 0]
        for place in (own, chosen)
    )
    means = (here - there).mean(axis=1)
    half = stats.norm.ppf((1 + CONFIDENCE) / 2) * means[1:].std(ddof=1)
    return {
        "regret": float(means[0]),
        "low": float(means[0] - half),
        "high": float(means[0] + half),
    }


def _edges(values: list[pd.Series], entry: dict[str, Any]) -> Floats | None:
    """Inner edges of as many common bins as give every search enough rows in each."""
    pooled = np.sort(np.concatenate([v.to_numpy() for v in values]))
    distinct = np.unique(pooled)
    if "choices" in entry or len(distinct) <= MAX_BINS:
        candidates = [(distinct[1:] + distinct[:-1]) / 2]
    else:
        candidates = [
            np.quantile(pooled, np.arange(1, k) / k, method="nearest")
            for k in range(MAX_BINS, 1, -1)
        ]
    for edges in candidates:
        counts = [
            np.bincount(np.searchsorted(edges, v, side="right"), minlength=len(edges) + 1)
            for v in values
        ]
        if len(edges) and np.min(counts) >= BIN_ROWS:
            return np.asarray(edges)
    return None


def _across(a: pd.Series, b: pd.Series) -> str:
    if a["task"] == b["task"]:
        return "imratios"
    return "data sets" if a["ratio"] == b["ratio"] else ""
