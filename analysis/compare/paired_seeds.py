"""Differences between two methods, one a paired seed: how large, and how often above 0."""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import special

from analysis.compare.intervals import LEVEL, NO_INTERVAL, RESAMPLES, Interval
from analysis.compare.t_test import Student
from study.plan.power import LEAST_SEEDS
from study.words import plural

__all__ = ["SeedTests", "mean_interval", "refusal", "seed_tests", "wins"]


class SeedTests(NamedTuple):
    """What the differences over paired seeds show.

    Attributes:
        p_seeds: of the paired t test.
        wins_low, wins_high: interval of the share of wins.
        p_wins: of the exact sign test; ties count for neither side.
    """

    p_seeds: float
    wins_low: float
    wins_high: float
    p_wins: float


def seed_tests(d: NDArray[np.float64]) -> SeedTests:
    """Tests of differences ``d``, one a seed, that ``refusal`` lets pass."""
    n, won, lost = len(d), int((d > 0).sum()), int((d < 0).sum())
    t = d.mean() / (d.std(ddof=1) / math.sqrt(n))
    low, high = _share_interval(won, lost, n)
    return SeedTests(
        p_seeds=float(2 * special.stdtr(n - 1, -abs(t))),
        wins_low=low,
        wins_high=high,
        p_wins=min(1.0, float(2 * special.bdtr(min(won, lost), won + lost, 0.5))),
    )


def _share_interval(won: int, lost: int, n: int) -> Interval:
    """Percentile bootstrap interval of the share of wins, ties a half."""
    if n in (won, lost):
        # No resample differs; the exact interval (Clopper and Pearson) stands in.
        edge = ((1 - LEVEL) / 2) ** (1 / n)
        return Interval(edge, 1.0) if won else Interval(0.0, 1 - edge)
    rng = np.random.default_rng(0)
    # A resample of the seeds is a draw of how many were won, tied and lost.
    drawn = rng.multinomial(n, [won / n, (n - won - lost) / n, lost / n], RESAMPLES)
    low, high = np.quantile((drawn @ [1.0, 0.5, 0.0]) / n, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Interval(float(low), float(high))


def mean_interval(d: NDArray[np.float64]) -> Interval:
    """Student's interval of the mean of ``d``; none where ``refusal`` forbids a test."""
    if refusal(d):
        return NO_INTERVAL
    error = float(d.std(ddof=1)) / math.sqrt(len(d))
    return Student(float(d.mean()), error, len(d) - 1).interval


def wins(d: NDArray[np.float64]) -> NDArray[np.float64]:
    """1 for a difference above 0, 1/2 for 0, else 0."""
    return (np.sign(d) + 1) / 2


def refusal(d: NDArray[np.float64], what: str = "seed") -> str:
    """What forbids a test of ``d``, one a ``what`` (seed or search); "" if nothing does."""
    if len(d) < LEAST_SEEDS:
        there = (
            plural(len(d), "paired seed") if what == "seed" else plural(len(d), what, "searches")
        )
        return f"{there}; a test takes {LEAST_SEEDS} or more"
    if np.ptp(d) == 0:
        return f"the difference is the same at every {what}: there is no spread to judge it by"
    return ""
