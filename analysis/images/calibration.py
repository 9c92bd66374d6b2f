"""Probabilities from scores, and how good they are (Platt 1999; Cox 1958).

Scores of the methods have scales of their own, and those of AUC losses are no probabilities.
Platt's scaling, fitted on the validation images, makes them such; the Brier score and the
calibration slope of the test images then compare methods, not scales.
"""

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import special

__all__ = ["Line", "logistic", "moved_slopes", "platt"]

Floats = NDArray[np.floating[Any]]
STEPS = 100


class Line(NamedTuple):
    """The log odds of a score are ``intercept + slope * score``; NaN where there is no fit."""

    intercept: float
    slope: float

    def __call__(self, scores: Floats) -> Floats:
        """Log odds."""
        return self.intercept + self.slope * scores


NO_LINE = Line(math.nan, math.nan)


def platt(scores: Floats, targets: NDArray[np.bool_]) -> Line:
    """Platt's scaling: logistic regression on targets a little within 0 and 1.

    With P positives these are (P + 1) / (P + 2), with N negatives 1 / (N + 2), so that there is a
    fit also where scores part the classes.
    """
    positives, negatives = int(targets.sum()), int((~targets).sum())
    high, low = (positives + 1) / (positives + 2), 1 / (negatives + 2)
    return logistic(scores, np.where(targets, high, low))


def logistic(x: Floats, y: Floats) -> Line:
    """Unpenalised logistic regression of ``y`` in [0, 1] on ``x``; no line where there is no fit.

    There is none if x is constant, or parts targets of exactly 0 and 1.
    """
    x = np.asarray(x, dtype=float)
    middle, scale = float(x.mean()), float(x.std())
    if scale == 0 or _parted(x, y):
        return NO_LINE
    z, theta = (x - middle) / scale, np.zeros(2)
    design = np.column_stack([np.ones_like(z), z])
    value = _loss(design @ theta, y)
    for _ in range(STEPS):
        p = special.expit(design @ theta)
        gradient = design.T @ (y - p)
        if np.abs(gradient).max() < 1e-9 * len(z):
            intercept, slope = theta
            return Line(float(intercept - slope * middle / scale), float(slope / scale))
        curvature = (design * (p * (1 - p))[:, None]).T @ design
        step = np.linalg.lstsq(curvature, gradient)[0]
        # Newton's step, halved until the loss falls: it may overshoot where p is near 0 or 1.
        while (found := _loss(design @ (theta + step), y)) > value and np.abs(step).max() > 1e-12:
            step /= 2
        theta, value = theta + step, found
    return NO_LINE


def moved_slopes(log_odds: Floats, targets: NDArray[np.bool_], weights: Floats) -> Floats:
    """Slopes of the logistic regression of targets on log odds, one a resample of the images.

    One step of Newton's from the fit to the images as they are (Moulton and Zeger 1991), which
    differs from the whole fit by less than the resamples differ among themselves.

    Args:
        log_odds, targets: (N,).
        weights: (N, resamples).

    Returns:
        (resamples,); NaN where the images as they are have no fit.
    """
    line = logistic(log_odds, targets.astype(float))
    if math.isnan(line.slope):
        return np.full(weights.shape[1], math.nan)
    z = log_odds - log_odds.mean()
    p = special.expit(line(log_odds))
    spread, rest = p * (1 - p), targets - p
    a, b, c = (weights.T @ (spread * z**power) for power in (0, 1, 2))
    u, v = (weights.T @ (rest * z**power) for power in (0, 1))
    moved: Floats = line.slope + (a * v - b * u) / (a * c - b**2)
    return moved


def _parted(x: Floats, y: Floats) -> bool:
    """Targets are 0 and 1 alone, and one side of some x has each: the slope has no bound."""
    zeros, ones = x[y == 0], x[y == 1]
    if len(zeros) + len(ones) < len(x) or not len(zeros) or not len(ones):
        return False
    return bool(zeros.max() <= ones.min() or ones.max() <= zeros.min())


def _loss(log_odds: Floats, y: Floats) -> float:
    return float((np.logaddexp(0, log_odds) - y * log_odds).sum())
