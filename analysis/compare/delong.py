"""The draw of the test images as a source of error, after DeLong et al. (Biometrics 1988).

Every image has a placement: a positive the share of negatives that it outranks, a negative the
share of positives that outrank it (ties count a half). The AUROC is the mean placement, and its
variance over other draws of images follows from the spread of the placements. Differences of
placements give the variance of a difference of AUROCs on the same images.
"""

import math
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special, stats

from analysis.compare.searches import Groups, sampled
from analysis.compare.t_test import UNTESTED, Student

__all__ = ["Difference", "Placements", "both", "compare", "placements", "seeds_and_images"]

Floats = NDArray[np.floating[Any]]


@dataclass(frozen=True, eq=False)
class Placements:
    """Placements of a test set's images under several runs.

    Attributes:
        positives: (runs, number of positives), in [0, 1].
        negatives: (runs, number of negatives), in [0, 1].
    """

    positives: Floats
    negatives: Floats

    @property
    def auroc(self) -> Floats:
        """AUROC of each run (runs,)."""
        return np.asarray(self.positives.mean(axis=1))

    @property
    def covariance(self) -> Floats:
        """Covariance of the runs' AUROCs over draws of the images (runs, runs)."""
        return sum(
            np.atleast_2d(np.cov(part, ddof=1)) / part.shape[1]
            for part in (self.positives, self.negatives)
        )

    @property
    def error(self) -> float:
        """Standard error of the mean AUROC over draws of the images, these models given."""
        return math.sqrt(max(0.0, float(self.covariance.mean())))

    def runs(self, chosen: list[int]) -> "Placements":
        """Only the runs in these places."""
        return Placements(self.positives[chosen], self.negatives[chosen])

    def means(self, groups: Groups) -> "Placements":
        """Means over groups of runs, as if each were one run."""
        return Placements(sampled(self.positives, groups), sampled(self.negatives, groups))

    def minus(self, other: "Placements") -> "Placements":
        """Differences, run by run, on the same images; its ``auroc`` is that of the AUROCs."""
        return Placements(self.positives - other.positives, self.negatives - other.negatives)


def placements(scores: ArrayLike, targets: ArrayLike) -> Placements:
    """Placements of every image under several runs.

    Args:
        scores: (runs, N), finite.
        targets: bool (N,), at least two images of each class.
    """
    s, positive = np.atleast_2d(np.asarray(scores)), np.asarray(targets, dtype=bool)
    m, n = int(positive.sum()), int((~positive).sum())
    ranks = stats.rankdata(s, axis=1)
    # A rank among all less the rank within one's own class counts the other class alone.
    above = ranks[:, positive] - stats.rankdata(s[:, positive], axis=1)
    below = ranks[:, ~positive] - stats.rankdata(s[:, ~positive], axis=1)
    return Placements(above / n, 1 - below / m)


class Difference(NamedTuple):
    """Two methods on the same images, over paired seeds; NaN where the data give nothing.

    Attributes:
        error: standard error of the mean difference over draws of the images, the trained models
            given (DeLong).
        p_images: two-sided p of DeLong's test, the trained models given.
        both: over draws of images and of seeds: the test of Obuchowski and Rockette (1995) with
            the degrees of freedom of Hillis (2007), seeds as its readers.
    """

    error: float
    p_images: float
    both: Student


def compare(a: Placements, b: Placements) -> Difference:
    """Compare the mean AUROC of ``a`` and ``b``, which hold the same seeds and images in order."""
    difference = a.minus(b)
    # Without rounding, equal differences would show a spread.
    d, error = difference.auroc.round(12), difference.error
    p_images = 2 * float(special.ndtr(-abs(d.mean()) / error)) if error > 0 else math.nan
    return Difference(error, p_images, both(d, difference.covariance))


def both(d: Floats, covariance: Floats) -> Student:
    """Test of the mean of differences over seeds and images.

    Args:
        d: (n,) one a seed; no test for one seed, or if all are equal.
        covariance: (n, n) of them over draws of the images.
    """
    if len(d) < 2 or np.ptp(d) == 0:
        return UNTESTED
    return Student(float(d.mean()), *seeds_and_images(d, covariance))


def seeds_and_images(values: Floats, covariance: Floats) -> tuple[float, float]:
    """Standard error of the mean of ``values`` over seeds and images, and its degrees of freedom.

    The seeds' mean square over n holds what differs from seed to seed, the noise of the images
    that each seed's models meet in their own way included. What all seeds share is the covariance
    between seeds; it adds to that.

    Args:
        values: (n,) AUROCs or differences of them, one a seed, two or more, not all equal.
        covariance: (n, n) of them over draws of the images.
    """
    n = len(values)
    seeds = float(values.var(ddof=1)) / n
    shared = max(0.0, float(covariance[~np.eye(n, dtype=bool)].mean()))
    return math.sqrt(seeds + shared), (n - 1) * ((seeds + shared) / seeds) ** 2
