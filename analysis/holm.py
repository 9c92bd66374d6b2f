"""Holm's correction for several tests."""

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["holm"]


def holm(p: ArrayLike) -> NDArray[np.float64]:
    """Holm's adjusted p values; those that are NaN were not tested and do not count."""
    values = np.asarray(p, dtype=float)
    # statsmodels has this too, and collects all garbage at each call: 0.3 s in a report.
    order = np.argsort(values)[: np.count_nonzero(~np.isnan(values))]
    steps = values[order] * np.arange(len(order), 0, -1)
    adjusted = np.full(len(values), math.nan)
    adjusted[order] = np.minimum(np.maximum.accumulate(steps), 1.0)
    return adjusted
