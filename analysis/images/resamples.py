"""Draws of the test images with replacement, within each class, the same for all runs."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["RESAMPLES", "resamples"]

RESAMPLES = 400
"""They give variances, whose errors are then good to 1 / sqrt(2 * 400) = 4 %, and no quantiles."""

MOST_WEIGHTS = 4_000_000
"""At a time, so that a test set of any size fits into memory."""


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
    rng = np.random.default_rng(0)
    most = max(1, MOST_WEIGHTS // len(targets))
    for begin in range(0, number, most):
        part = min(most, number - begin)
        weights = np.empty((len(targets), part), dtype=np.float32)
        for each in (targets, ~targets):
            size = int(each.sum())
            weights[each] = rng.multinomial(size, np.full(size, 1 / size), part).T
        yield weights
