"""Draws of the test images with replacement, within each class, the same for all runs.

Images of a group are drawn together: groups with a positive and groups without, as many of each as
there are. The labels of one image are drawn together, too, and with several labels all groups, or
images, are of one kind: a share of the variance lies between images with and without findings.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analysis.images.predictions import Predictions

__all__ = ["RESAMPLES", "resampled", "resamples"]

RESAMPLES = 400
"""They give variances, whose errors are then good to 1 / sqrt(2 * 400) = 4 %, and no quantiles."""

MOST_WEIGHTS = 4_000_000
"""At a time, so that a test set of any size fits into memory."""


def resampled(said: Predictions, number: int = RESAMPLES) -> Iterator[NDArray[np.floating[Any]]]:
    """``resamples`` of a test set.

    Yields:
        (N, part of number). Draws that lack a class of a label say nothing of it and are left out;
        only where images are drawn together there may be such.
    """
    if said.drawn is None:
        yield from resamples(said.targets, number)
        return
    groups, of = np.unique(said.drawn, return_inverse=True)
    kinds = np.zeros(len(groups), dtype=bool)
    if not said.labels:
        kinds[of[said.targets]] = True
    for weights in _drawn(kinds, number, len(of)):
        whole = np.ones(weights.shape[1], dtype=bool)
        for _, images, own in said.by_label:
            for each in (own.targets, ~own.targets):
                whole &= weights[np.unique(of[images[each]])].any(axis=0)
        yield weights[:, whole][of]


def resamples(
    targets: NDArray[np.bool_], number: int = RESAMPLES
) -> Iterator[NDArray[np.floating[Any]]]:
    """How often every image is drawn, a part of the resamples at a time. Seeded.

    Args:
        targets: (N,), both classes.
        number: of resamples in all.

    Yields:
        (N, part of number): each column sums to the number of images in either class.
    """
    return _drawn(targets, number, len(targets))


def _drawn(
    kinds: NDArray[np.bool_], number: int, images: int
) -> Iterator[NDArray[np.floating[Any]]]:
    """Draws of what is of two kinds; parts are so large as suits so many images."""
    rng = np.random.default_rng(0)
    most = max(1, MOST_WEIGHTS // images)
    for begin in range(0, number, most):
        part = min(most, number - begin)
        weights = np.empty((len(kinds), part), dtype=np.float32)
        for each in (kinds, ~kinds):
            size = int(each.sum())
            if size:
                weights[each] = rng.multinomial(size, np.full(size, 1 / size), part).T
        yield weights
