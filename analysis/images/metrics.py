"""Metrics of a run on the test images as they are, and on resamples of them.

All that rest on ranks come from the same counts: images by level of their score, the highest
first. Partial areas in one direction are normalised after McClish (1989), so that chance is 1/2;
the corner (two-way, Yang et al. 2019) is the share of its rectangle that lies under the ROC curve.
"""

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse, special

from analysis.images.calibration import Line, moved_slopes, platt
from analysis.images.classes import OF_CLASSES, Classes, of_classes
from analysis.images.predictions import Predictions

__all__ = ["CALIBRATED", "RANKED", "Run", "Whole", "goodness", "prepared", "whole"]

Floats = NDArray[np.floating[Any]]

FPR, TPR = 0.1, 0.8
TOLERANCE = 1e-6
"""A rate this near to a limit is at it: rates are sums of 32-bit numbers."""


@dataclass(frozen=True, eq=False)
class Run:
    """One run's test images, ready to be weighed.

    Attributes:
        positives, negatives: (levels, N), 1 where an image of the class is on the level. Levels
            fall; negatives between two positives share one, since nothing is read off in between.
        targets: (N,).
        log_odds: (N,) after Platt's scaling; None without validation scores.
    """

    positives: sparse.csr_array
    negatives: sparse.csr_array
    targets: NDArray[np.bool_]
    log_odds: Floats | None

    def metrics(self, names: Iterable[str], weights: Floats | None = None) -> dict[str, Floats]:
        """Each of ``names``, of ``RANKED`` and ``CALIBRATED``, in every resample.

        Args:
            names: of the metrics.
            weights: (N, resamples); None: the images as they are.

        Returns:
            By name (resamples,), (1,) without weights; NaN without validation scores where they
            are needed.
        """
        if weights is None:
            weights = np.ones((len(self.targets), 1))
        counts = _Counts(self.positives @ weights, self.negatives @ weights)
        return {
            name: RANKED[name](counts) if name in RANKED else self._calibrated(name, weights)
            for name in names
        }

    def _calibrated(self, name: str, weights: Floats) -> Floats:
        if self.log_odds is None:
            return np.full(weights.shape[1], math.nan)
        return CALIBRATED[name](self.log_odds, self.targets, weights)


@dataclass(frozen=True, eq=False)
class Whole:
    """One run by all its labels.

    Attributes:
        labels: by name, places of the images for which it is known, and the run on them; one
            without a name in a task of one label.
        classes: where the labels are classes, what is of all of them together.
    """

    labels: Mapping[str, tuple[NDArray[np.intp], Run]]
    classes: Classes | None = None

    def metrics(
        self, names: Iterable[str], weights: Floats | None = None
    ) -> dict[str, dict[str, Floats]]:
        """By label what ``Run.metrics`` gives, of weights (all images, resamples).

        Under "" stands the mean over the labels, and of ``OF_CLASSES`` that of all classes.
        """
        every = [*names]
        asked = [name for name in every if name not in OF_CLASSES]
        found = {
            label: run.metrics(asked, None if weights is None else weights[images])
            for label, (images, run) in self.labels.items()
        }
        means = {
            name: np.asarray(np.mean([each[name] for each in found.values()], axis=0))
            for name in asked
        }
        by_label = {"": means} | {label: each for label, each in found.items() if label}
        if self.classes is None:
            return by_label
        together = self.classes.metrics(every, weights)
        return {label: each | together[label] for label, each in by_label.items()}


def whole(said: Predictions) -> Whole:
    """A run's predictions by all labels, ready to be weighed."""
    labels = {name: (images, prepared(own)) for name, images, own in said.by_label}
    if not said.classes:
        return Whole(labels)
    return Whole(labels, of_classes(said.scores, said.targets, said.labels))


def prepared(said: Predictions) -> Run:
    """A run's predictions of one label, ready to be weighed."""
    _, level = np.unique(-said.scores, return_inverse=True)
    has_positive = np.bincount(level, said.targets) > 0
    # A level of negatives alone joins one above it that is, too.
    begins = np.r_[True, has_positive[1:] | has_positive[:-1]]
    block = (np.cumsum(begins) - 1)[level]
    images, shape = np.arange(len(level)), (int(begins.sum()), len(level))
    positives, negatives = (
        sparse.csr_array((each.astype(np.float32), (block, images)), shape=shape)
        for each in (said.targets, ~said.targets)
    )
    log_odds = None
    if said.validation is not None:
        line: Line = platt(*said.validation)
        log_odds = line(said.scores.astype(float))
    return Run(positives, negatives, said.targets, log_odds)


class _Counts:
    """Weights by level, and the ROC curve that they make.

    Attributes:
        positives, negatives: (levels, resamples), the highest scores first.
        tpr, fpr: (levels + 1, resamples), from 0 to 1.
    """

    def __init__(self, positives: Floats, negatives: Floats) -> None:
        self.positives, self.negatives = positives, negatives
        self.tpr, self.fpr = _rates(positives), _rates(negatives)


def _rates(counts: Floats) -> Floats:
    summed = np.zeros((len(counts) + 1, counts.shape[1]))
    np.cumsum(counts, axis=0, out=summed[1:])
    summed /= summed[-1]
    return summed


def _auprc(counts: _Counts) -> Floats:
    """Average precision, as scikit-learn's: equal scores are one threshold."""
    true = np.cumsum(counts.positives, axis=0, dtype=float)
    false = np.cumsum(counts.negatives, axis=0, dtype=float)
    # Above the first level that a resample holds there is nothing, and nothing is gained.
    precision = true / np.maximum(true + false, 1)
    return np.asarray((counts.positives * precision).sum(axis=0) / true[-1])


def _partial(fpr: Floats, tpr: Floats, most: float) -> Floats:
    """Area under the curve up to ``fpr`` = ``most``, normalised after McClish."""
    area = _area(fpr, tpr, most, 0.0)
    chance = most**2 / 2
    return (1 + (area - chance) / (most - chance)) / 2


def _area(fpr: Floats, tpr: Floats, most: float, least: float) -> Floats:
    """Area between the curve, where it is above ``least``, and ``least``, up to ``most``."""
    left, right = np.minimum(fpr[:-1], most), np.minimum(fpr[1:], most)
    width, rise = right - left, tpr[1:] - tpr[:-1]
    tiny = np.finfo(float).tiny
    begin = tpr[:-1]
    end = begin + rise * np.minimum(width / np.maximum(fpr[1:] - fpr[:-1], tiny), 1)
    low, high = np.maximum(begin - least, 0), np.maximum(end - least, 0)
    # Where a slope crosses ``least``, only the part above it counts.
    above = np.where(low > 0, 1, high / np.maximum(end - begin, np.maximum(high, tiny)))
    return np.asarray((width * above * (low + high) / 2).sum(axis=0))


def _high_tpr(counts: _Counts) -> Floats:
    """With the classes changed over and the scores turned round, TPR >= t is FPR <= 1 - t."""
    return _partial(1 - counts.tpr[::-1], 1 - counts.fpr[::-1], 1 - TPR)


def _corner(counts: _Counts) -> Floats:
    return _area(counts.fpr, counts.tpr, FPR, TPR) / (FPR * (1 - TPR))


def _sensitivity(counts: _Counts, specificity: float) -> Floats:
    """The highest of any threshold whose specificity is at least that."""
    fit = counts.fpr <= 1 - specificity + TOLERANCE
    return np.asarray(np.where(fit, counts.tpr, 0).max(axis=0))


def _specificity(counts: _Counts, sensitivity: float) -> Floats:
    fit = counts.tpr >= sensitivity - TOLERANCE
    return np.asarray(np.where(fit, 1 - counts.fpr, 0).max(axis=0))


def _brier(log_odds: Floats, targets: NDArray[np.bool_], weights: Floats) -> Floats:
    squares = (special.expit(log_odds) - targets) ** 2
    return np.asarray(weights.T @ squares / weights.sum(axis=0))


RANKED: Mapping[str, Callable[[_Counts], Floats]] = {
    "auprc": _auprc,
    "auroc_low_fpr": lambda counts: _partial(counts.fpr, counts.tpr, FPR),
    "auroc_high_tpr": _high_tpr,
    "auroc_corner": _corner,
    "sensitivity_at_90": lambda counts: _sensitivity(counts, 0.90),
    "sensitivity_at_95": lambda counts: _sensitivity(counts, 0.95),
    "specificity_at_95": lambda counts: _specificity(counts, 0.95),
}
"""By ranks alone. AUROC is not here: it has a closed form (``analysis.compare.delong``)."""

CALIBRATED: Mapping[str, Callable[[Floats, NDArray[np.bool_], Floats], Floats]] = {
    "brier": _brier,
    "calibration_slope": moved_slopes,
}
"""By probabilities, after Platt's scaling."""


def goodness(name: str, values: Floats) -> Floats:
    """``values`` of a metric so that more is better: a slope is best at 1, a Brier score at 0."""
    if name == "brier":
        return -values
    return -np.abs(values - 1) if name == "calibration_slope" else values
