"""How validation AUROC depends on each tuned hyperparameter, from search rows.

The curve is a binned median: finished rows in bins of equal count along the searched scale, and
in each bin the median. It needs no model of the response, a few diverged trials do not move it,
and it is the same on a linear and on a logarithmic scale. Its band is the interval between two
order statistics that holds the bin's true median (the sign test turned round): no model either.
"""

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from analysis.columns import PLACE
from analysis.results import Results, trial_id
from analysis.search.scale import kind, place, written

__all__ = ["BIN_SIZE", "CONFIDENCE", "bin_labels", "binned_medians", "curves", "points"]

BIN_SIZE = 5
"""Finished rows a bin, at least; fewer than two bins make no curve."""
MAX_BINS = 8
CONFIDENCE = 0.93
"""Least confidence of a band, point by point: what five rows can give (1 - 2 / 2**5)."""

_CURVE = [*PLACE, "hyperparameter"]
_BIN = ["x", "low", "high", "median", "lower", "upper", "n"]


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
            (trial_id(cell, row), name, kind(entry), place(entry, value), written(entry, value))
            for cell in results.study.cells
            for row in cell.search
            for name, entry in cell.space.items()
            if name in row.params
            for value in [row.params[name]]
        ],
        columns=["trial", "hyperparameter", "kind", "value", "text"],
    ).astype({"value": float, "trial": object})
    rows = results.trials.rename(columns={"last_auroc": "auroc", "last_interval": "interval"})
    rows = rows[rows["state"].isin(["COMPLETE", "PRUNED"]) & rows["auroc"].notna()]
    names = ["number", "state", "origin", "selected", "auroc", "interval"]
    return long.merge(rows[["trial", *PLACE, *names]], on="trial")


def curves(points: pd.DataFrame) -> pd.DataFrame:
    """Binned medians of the COMPLETE rows; pruned rows never enter.

    Returns:
        One row a bin: cell, method, task, imratio, ratio, hyperparameter, and the columns of
        ``binned_medians``, plus rows (numbers of the search rows in the bin). Cells with too few
        finished rows have none.
    """
    done = points[points["state"] == "COMPLETE"]
    table: list[tuple[object, ...]] = []
    keys = done.drop_duplicates(["cell", "hyperparameter"])[_CURVE].itertuples(index=False)
    groups = done.groupby(["cell", "hyperparameter"], sort=False)[["value", "auroc", "number"]]
    for curve, (_, group) in zip(keys, groups, strict=True):
        values, scores, numbers = (group[name].to_numpy() for name in group)
        labels = bin_labels(values)
        bins = binned_medians(values, scores).itertuples(index=False)
        table += [
            (*curve, *one, tuple(numbers[labels == label].astype(int).tolist()))
            for label, one in enumerate(bins)
        ]
    return pd.DataFrame(table, columns=[*_CURVE, *_BIN, "rows"])


def bin_labels(values: ArrayLike) -> NDArray[np.int64]:
    """The bin of each value, from 0 upwards along the values; -1: in none.

    With at most ``MAX_BINS`` distinct values every value is its own bin, if it has two rows or
    more. Otherwise there are n // BIN_SIZE bins (at most ``MAX_BINS``; none below two), and
    equal values share a bin. Only the order of the values counts: a logarithm changes nothing.
    """
    x = np.asarray(values, dtype=float)
    distinct, place, counts = np.unique(x, return_inverse=True, return_counts=True)
    if len(distinct) <= MAX_BINS:
        kept = np.where(counts >= 2, np.cumsum(counts >= 2) - 1, -1)
        return kept[place].astype(np.int64)
    bins = min(len(x) // BIN_SIZE, MAX_BINS)
    if bins < 2:
        return np.full(len(x), -1, dtype=np.int64)
    # The number of smaller values is the same for equal values, so they share a bin.
    smaller = np.cumsum(counts) - counts
    label = smaller * bins // len(x)
    return np.unique(label, return_inverse=True)[1][place].astype(np.int64)


def binned_medians(values: ArrayLike, scores: ArrayLike) -> pd.DataFrame:
    """Medians of ``scores`` in the bins of ``bin_labels``.

    Returns:
        One row a bin, by rising value: x (median value), low, high (smallest and largest value),
        median, lower, upper (interval of the median at a confidence of ``CONFIDENCE`` or more;
        NaN below five rows), n.
    """
    x, score = np.asarray(values, dtype=float), np.asarray(scores, dtype=float)
    labels = bin_labels(x)
    rows = []
    for label in range(labels.max(initial=-1) + 1):
        inside = np.sort(x[labels == label])
        reached = np.sort(score[labels == label])
        # The lower median is a value that was tried, so it commutes with the logarithm.
        middle = inside[(len(inside) - 1) // 2]
        # The median lies below the (cut + 1)-th of n draws with chance P(Binomial(n, 1/2) <= cut).
        cut = int(stats.binom.ppf((1 - CONFIDENCE) / 2, len(reached), 0.5)) - 1
        band = (reached[cut], reached[-1 - cut]) if cut >= 0 else (np.nan, np.nan)
        rows.append((middle, inside[0], inside[-1], np.median(reached), *band, len(inside)))
    return pd.DataFrame(rows, columns=_BIN)
