"""What a number of settings, seeds or images can show at best, before or after a study runs.

Pure formulas, shared by ``aucstudy plan`` and by the report.
"""

import math
from statistics import NormalDist

import numpy as np
from scipy import special

__all__ = [
    "ALPHA",
    "FOUND",
    "GAMMA",
    "LEAST_SEEDS",
    "ROPE",
    "expected_interval",
    "family_size",
    "found_share",
    "hanley_mcneil_error",
    "least_effect",
    "pairs_needed",
    "searches_needed",
    "settings_needed",
    "smallest_p",
]

ALPHA = 0.05
"""Level of every claim: the share of false ones that is accepted, over a family of pairs."""

GAMMA = 0.75
"""P(A > B) from which a difference between two methods matters (Bouthillier et al. 2021)."""

LEAST_SEEDS = 3
"""Fewer paired seeds are not tested: two differences have a deviation of one degree of freedom."""

FOUND = 0.8
"""Share of studies that is to find a difference which there is."""

QUADRATURE = 4000

ROPE = 0.01
"""AUROCs closer than this count as equal: about the deviation that the papers report."""


def smallest_p(units: int) -> float:
    """Smallest two-sided p of a signed-rank or a sign test over ``units`` differences.

    2 / 2**units, where every difference has one sign; 1 without units.

    >>> smallest_p(5)
    0.0625
    """
    return min(1.0, 2.0 ** (1 - units))


def family_size(methods: int) -> int:
    """Pairs of methods, which Holm's correction takes as one family."""
    return math.comb(methods, 2)


def settings_needed(methods: int, alpha: float = ALPHA) -> int:
    """Fewest units at which a signed-rank test of some pair can pass Holm among ``methods``.

    >>> settings_needed(6)
    10
    """
    units = 1
    while smallest_p(units) > alpha / max(1, family_size(methods)):
        units += 1
    return units


def pairs_needed(gamma: float = GAMMA, alpha: float = ALPHA, beta: float = ALPHA) -> int:
    """Paired seeds at which a true P(A > B) of ``gamma`` is found in 1 - ``beta`` of studies.

    Noether (1987), as in Bouthillier et al. (2021); one-sided level ``alpha``.

    >>> pairs_needed()
    29
    """
    normal = NormalDist()
    quantiles = normal.inv_cdf(1 - alpha) + normal.inv_cdf(1 - beta)
    return math.ceil((quantiles / (math.sqrt(6) * (gamma - 0.5))) ** 2)


def hanley_mcneil_error(auc: float, positives: int, negatives: int) -> float:
    """Standard error of an AUROC over the draw of the images (Hanley and McNeil 1982, eq. 1).

    It is made for exponential scores; for normal ones it is up to a fifth too large.

    Args:
        auc: the AUROC assumed, in [0, 1].
        positives, negatives: images of each class, at least one each.
    """
    q1, q2 = auc / (2 - auc), 2 * auc**2 / (1 + auc)
    spread = (positives - 1) * (q1 - auc**2) + (negatives - 1) * (q2 - auc**2)
    return math.sqrt((auc * (1 - auc) + spread) / (positives * negatives))


def expected_interval(auc: float, positives: int, negatives: int) -> tuple[float, float]:
    """95 % interval of an AUROC to be expected, on the logit scale so that it stays within [0, 1].

    Arguments as of ``hanley_mcneil_error``, ``auc`` above 0 and below 1.
    """
    error = hanley_mcneil_error(auc, positives, negatives) / (auc * (1 - auc))
    half, middle = NormalDist().inv_cdf(0.975) * error, math.log(auc / (1 - auc))
    return 1 / (1 + math.exp(half - middle)), 1 / (1 + math.exp(-half - middle))


def found_share(
    effect: float, searches: int, seeds: int, tuning: float, alpha: float = ALPHA
) -> float:
    """Share of studies in which a paired t test over searches finds a true difference.

    Two methods, each searched so often on shared splits, the winner of each search confirmed on
    paired seeds, all deviations normal. The noncentral t distribution by quadrature over its
    denominator, which holds at two degrees of freedom and small ``alpha``, too.

    Args:
        effect: the difference, in standard deviations of an AUROC over seeds.
        searches: two or more.
        seeds: confirm seeds of each search.
        tuning: standard deviation of what a search selects, in the same unit.
        alpha: two-sided level of the test.
    """
    freedom = searches - 1
    error = math.sqrt(2 * (tuning**2 + 1 / seeds) / searches)
    limit = float(special.stdtrit(freedom, 1 - alpha / 2))
    at = (np.arange(QUADRATURE) + 0.5) / QUADRATURE
    estimated = np.sqrt(special.chdtri(freedom, at) / freedom)
    found = special.ndtr(effect / error - limit * estimated)
    return float(np.mean(found + special.ndtr(-effect / error - limit * estimated)))


def least_effect(
    searches: int, seeds: int, tuning: float, alpha: float = ALPHA, share: float = FOUND
) -> float:
    """The smallest difference that so large a share of studies finds; see ``found_share``."""
    low, high = 0.0, 1.0
    while found_share(high, searches, seeds, tuning, alpha) < share:
        low, high = high, 2 * high
    while high - low > 1e-3 * high:
        middle = (low + high) / 2
        enough = found_share(middle, searches, seeds, tuning, alpha) >= share
        low, high = (low, middle) if enough else (middle, high)
    return high


def searches_needed(
    effect: float, seeds: int, tuning: float, alpha: float = ALPHA, share: float = FOUND
) -> int:
    """Fewest searches (three at least) at which so large a share of studies finds ``effect``.

    >>> searches_needed(2.0, seeds=2, tuning=1.0)
    9
    """
    searches = LEAST_SEEDS
    while found_share(effect, searches, seeds, tuning, alpha) < share:
        searches += 1
    return searches
