"""The search as the unit of sampling, where a study repeats it.

Seeds of one search share what it selected. Where there are several searches, the mean of each is
one value of the sample, and what is said holds for the method as it is tuned; with one search
its seeds are the sample, and what is said holds for the configuration at hand (Bouthillier et al.
2021; docs/results.md has the false claims that either makes).
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["Groups", "grouped", "sampled"]

Groups = Sequence[NDArray[np.intp]]


def grouped(repeats: ArrayLike) -> Groups:
    """Places of the values that make one of the sample.

    Args:
        repeats: (N,), which search each seed belongs to.

    Returns:
        The seeds of each search; of one search each seed by itself.
    """
    of = np.asarray(repeats)
    known = np.unique(of)
    if len(known) < 2:
        return [np.array([place]) for place in range(len(of))]
    return [np.flatnonzero(of == repeat) for repeat in known]


def sampled(values: ArrayLike, groups: Groups) -> NDArray[np.float64]:
    """The mean of each group (first axis) of ``values`` (N, ...)."""
    x = np.asarray(values, dtype=float)
    if not groups:
        return x[:0]
    return np.stack([x[group].mean(axis=0) for group in groups])
