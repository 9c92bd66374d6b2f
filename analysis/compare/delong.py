"""The draw of the test images as a source of error, after DeLong et al. (Biometrics 1988).

Every image has a placement: a positive the share of negatives that it outranks, a negative the
share of positives that outrank it (ties count a half). The AUROC is the mean placement, and its
variance over other draws of images follows from the spread of the placements. Differences of
placements give the variance of a difference of AUROCs on the same images.

Images of one group (a patient) are drawn together, and so are the labels of one image: their
placements are summed first, and the sums are what varies (Obuchowski, Biometrics 1997). Each class
of each label is one part; the AUROC of several labels is the mean over them.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special, stats

from analysis.compare.searches import Groups, sampled
from analysis.compare.t_test import UNTESTED, Student

__all__ = [
    "Difference",
    "Placements",
    "both",
    "compare",
    "over_labels",
    "placements",
    "seeds_and_images",
]

Floats = NDArray[np.floating[Any]]
Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Placements:
    """Placements of a test set's images under several runs.

    Attributes:
        parts: positives and negatives of each label in turn, (runs, images of that class) each,
            in [0, 1].
        drawn: of each part, (images of that class,): those of one number, in whatever part, are
            drawn together; None: one label, and every image is drawn by itself.
    """

    parts: tuple[Floats, ...]
    drawn: tuple[Ints, ...] | None = None

    @property
    def auroc(self) -> Floats:
        """AUROC of each run (runs,), the mean over the labels."""
        return np.asarray(np.mean([part.mean(axis=1) for part in self.parts[::2]], axis=0))

    @property
    def images(self) -> tuple[int, int]:
        """Positives and negatives of the label with the fewest positives."""
        counts = [part.shape[1] for part in self.parts]
        return min(zip(counts[::2], counts[1::2], strict=True))

    @property
    def draws(self) -> tuple[int, int]:
        """Of the classes of that label, how many of what is drawn hold an image."""
        if self.drawn is None:
            return self.images
        counts = [len(np.unique(numbers)) for numbers in self.drawn]
        return min(zip(counts[::2], counts[1::2], strict=True))

    @property
    def covariance(self) -> Floats:
        """Covariance of the runs' AUROCs over draws of the images (runs, runs)."""
        if self.drawn is None:
            return sum(np.atleast_2d(np.cov(part, ddof=1)) / part.shape[1] for part in self.parts)
        return self._of_sums(self.drawn)

    @property
    def error(self) -> float:
        """Standard error of the mean AUROC over draws of the images, these models given."""
        return math.sqrt(max(0.0, float(self.covariance.mean())))

    def runs(self, chosen: list[int]) -> "Placements":
        """Only the runs in these places."""
        return replace(self, parts=tuple(part[chosen] for part in self.parts))

    def means(self, groups: Groups) -> "Placements":
        """Means over groups of runs, as if each were one run."""
        return replace(self, parts=tuple(sampled(part, groups) for part in self.parts))

    def minus(self, other: "Placements") -> "Placements":
        """Differences, run by run, on the same images; its ``auroc`` is that of the AUROCs."""
        parts = zip(self.parts, other.parts, strict=True)
        return replace(self, parts=tuple(own - theirs for own, theirs in parts))

    def beside(self, others: "Sequence[Placements]") -> "Placements":
        """These runs and those of ``others`` on the same images."""
        parts = zip(*(each.parts for each in (self, *others)), strict=True)
        return replace(self, parts=tuple(map(np.vstack, parts)))

    def _of_sums(self, drawn: tuple[Ints, ...]) -> Floats:
        """Covariance by what is drawn together (Obuchowski 1997, section 2).

        With one image a draw it is DeLong's, to rounding.
        """
        known = np.unique(np.concatenate(drawn))
        runs, labels = len(self.parts[0]), len(self.parts) // 2
        common = len(known) / (len(known) - 1)
        every, own = np.zeros((runs, len(known))), np.zeros((runs, runs))
        for part, numbers in zip(self.parts, drawn, strict=True):
            place = np.searchsorted(known, numbers)
            apart = (part - part.mean(axis=1, keepdims=True)) / part.shape[1]
            sums = np.stack([np.bincount(place, run, len(known)) for run in apart])
            count = np.count_nonzero(np.bincount(place, minlength=len(known)))
            # Each part has a correction of its own, and two of them that of all.
            own += (count / (count - 1) - common) * (sums @ sums.T)
            every += sums
        return np.asarray(own + common * (every @ every.T)) / labels**2


def placements(scores: ArrayLike, targets: ArrayLike, drawn: Ints | None = None) -> Placements:
    """Placements of every image under several runs, of one label.

    Args:
        scores: (runs, N), finite.
        targets: bool (N,), at least two images of each class.
        drawn: (N,), images of one number are drawn together, and each class has at least two of
            these; None: every image is drawn by itself.
    """
    s, positive = np.atleast_2d(np.asarray(scores)), np.asarray(targets, dtype=bool)
    m, n = int(positive.sum()), int((~positive).sum())
    ranks = stats.rankdata(s, axis=1)
    # A rank among all less the rank within one's own class counts the other class alone.
    above = ranks[:, positive] - stats.rankdata(s[:, positive], axis=1)
    below = ranks[:, ~positive] - stats.rankdata(s[:, ~positive], axis=1)
    numbers = None if drawn is None else (drawn[positive], drawn[~positive])
    return Placements((above / n, 1 - below / m), numbers)


def over_labels(labels: Sequence[Placements]) -> Placements:
    """Of the mean over labels, each with the same runs; of one label its own.

    Args:
        labels: one or more; of several, all say what is drawn together.
    """
    if len(labels) == 1:
        return labels[0]
    drawn = tuple(numbers for each in labels for numbers in each.drawn or ())
    return Placements(tuple(part for each in labels for part in each.parts), drawn)


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
