"""Bayesian signed-rank test with a region of practical equivalence (Benavoli et al. 2014, 2017).

In a setting drawn like those at hand, a may be better by more than the region, about equal, or
worse. The test gives, for each of the three, the probability that it is the likeliest.
"""

from itertools import combinations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.compare.significance import Units, ranks
from study.plan.power import ROPE

__all__ = ["LEAST_SETTINGS", "PROBABILITY", "signed_rank"]

PROBABILITY = 0.95
"""From here on one of the three is called the likeliest."""
LEAST_SETTINGS = 5
"""With fewer, the posterior is mostly the prior."""
SAMPLES = 5000
PRIOR = 0.5


def signed_rank(units: Units, rope: float = ROPE) -> pd.DataFrame:
    """What is likeliest of two methods in a new setting.

    Args:
        units: complete settings.
        rope: differences of AUROC below it count as none.

    Returns:
        One row a pair, the higher average rank as a: a, b, p_better (the likeliest is that a is
        ahead by more than ``rope``), p_equal (that they are within it), p_worse; seeded draws,
        good to about .01; reading ("a better", "equal", "a worse", or "" if none has
        ``PROBABILITY``), why (what forbids a reading, else ""). NaN below ``LEAST_SETTINGS``
        settings.
    """
    settings = len(units.values)
    why = ""
    if settings < LEAST_SETTINGS:
        why = f"{settings} complete settings; the posterior takes {LEAST_SETTINGS} or more"
    elif units.nested:
        why = f"the settings share {units.datasets.nunique()} data sets, so they are too few"
    names = ["a", "b", "p_better", "p_equal", "p_worse", "reading", "why"]
    order = list(ranks(units)["method"])
    pairs = combinations(order, 2)
    return pd.DataFrame([_pair(units, a, b, why, rope) for a, b in pairs], columns=names)


def _pair(units: Units, a: str, b: str, why: str, rope: float) -> tuple[object, ...]:
    nan = float("nan")
    if len(units.values) < LEAST_SETTINGS:
        return a, b, nan, nan, nan, "", why
    worse, equal, better = _likeliest((units.values[a] - units.values[b]).to_numpy(), rope)
    readings = (("a better", better), ("equal", equal), ("a worse", worse))
    sure = [reading for reading, p in readings if p >= PROBABILITY]
    reading = sure[0] if sure and not why else ""
    return a, b, better, equal, worse, reading, why


def _likeliest(d: NDArray[np.float64], rope: float) -> tuple[float, float, float]:
    """Probabilities that d below, within and above the region is the likeliest.

    The weights of the settings are drawn from a Dirichlet process whose prior is one half of a
    setting at 0; each draw weighs all Walsh averages. The same draws as the package baycomp, whose
    loop over them takes forty times as long.
    """
    points = np.concatenate([[0.0], d])
    sums = points[:, None] + points[None, :]
    rng = np.random.RandomState(0)
    weights = rng.dirichlet([PRIOR, *np.ones(len(d))], SAMPLES)
    below, above = (
        ((weights @ np.heaviside(side - 2 * rope, 0.5)) * weights).sum(axis=1)
        for side in (-sums, sums)
    )
    likeliest = np.argmax([below, 1 - below - above, above], axis=0)
    low, within, high = np.bincount(likeliest, minlength=3) / SAMPLES
    return float(low), float(within), float(high)
