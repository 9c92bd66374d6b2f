"""The search as the unit of sampling, where a study repeats it.

Seeds of one search share what it selected. With three searches or more their means are the
values that intervals and tests go by, and speak of the method as it is tuned; with fewer the seeds
are, and speak of the configurations at hand (Bouthillier et al. 2021; docs/results.md has what
false claims either makes).
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from study.plan.power import LEAST_SEEDS

__all__ = ["over_searches", "sampled"]


def over_searches(repeats: ArrayLike) -> bool:
    """Values of these searches are taken search by search."""
    return len(np.unique(np.asarray(repeats))) >= LEAST_SEEDS


def sampled(values: ArrayLike, repeats: ArrayLike) -> NDArray[np.float64]:
    """The values that a sample consists of.

    Args:
        values: (N,), one a seed.
        repeats: (N,), which search each seed belongs to.

    Returns:
        Mean of each search, or ``values`` where there are fewer than three.
    """
    x, of = np.asarray(values, dtype=float), np.asarray(repeats)
    if not over_searches(of):
        return x
    return np.array([x[of == repeat].mean() for repeat in np.unique(of)])
