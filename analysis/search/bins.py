"""Bins of equal count along a hyperparameter's values."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["BIN_SIZE", "bin_labels"]

BIN_SIZE = 5
"""Rows a bin, at least, unless each of a few values is a bin."""
MAX_BINS = 8


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
