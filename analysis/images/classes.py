"""Metrics of test images of one class among several: accuracy, and Hand and Till's M.

Hand and Till, "A Simple Generalisation of the Area Under the ROC Curve for Multiple Class
Classification Problems", Machine Learning 45 (2001): A(c, j) is the AUROC of the scores of c among
the images of c and j, its mean with A(j, c) is that of the pair, and M the mean over all pairs.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["OF_CLASSES", "Classes", "of_classes"]

Floats = NDArray[np.floating[Any]]
Ints = NDArray[np.int64]

OF_CLASSES = ("accuracy", "hand_till")


@dataclass(frozen=True, eq=False)
class Classes:
    """One run's test images of K classes, ready to be weighed.

    Attributes:
        names: of the K classes.
        own: (N, K), 1 where an image is of the class.
        right: (N,), 1 where its own class has the highest score.
        pairs: (K,), mean over the pairs of each class; its mean is M.
        influence: (N, K), by how much an image that counts once more moves ``pairs``.
    """

    names: tuple[str, ...]
    own: Floats
    right: Floats
    pairs: Floats
    influence: Floats

    def metrics(
        self, names: Iterable[str], weights: Floats | None = None
    ) -> dict[str, dict[str, Floats]]:
        """By class, and under "" of all, each of ``names`` that is in ``OF_CLASSES``.

        Of a class, accuracy is the share of its images that are taken for it (recall), and M the
        mean over its pairs. Of resamples M is taken to the first order of their weights, which its
        variance over draws of the images rests on; exactly it would take C^2 sorts each.

        Args:
            names: of the metrics.
            weights: (N, resamples); None: the images as they are.
        """
        if weights is None:
            weights = np.ones((len(self.right), 1))
        found = {}
        if "accuracy" in (asked := [name for name in names if name in OF_CLASSES]):
            right = weights.T @ (self.own * self.right[:, None])
            counts = weights.T @ self.own
            # A class that a resample lacks has no recall there.
            recall = np.divide(right, counts, out=np.full_like(right, np.nan), where=counts > 0)
            found["accuracy"] = right.sum(1) / counts.sum(1), recall
        if "hand_till" in asked:
            moved = self.pairs + weights.T @ self.influence
            found["hand_till"] = moved.mean(1), moved
        return {"": {name: mean for name, (mean, _) in found.items()}} | {
            label: {name: by_class[:, place] for name, (_, by_class) in found.items()}
            for place, label in enumerate(self.names)
        }


def of_classes(scores: Floats, targets: Floats, names: Iterable[str]) -> Classes:
    """A run's predictions, ready to be weighed.

    Args:
        scores: (N, C), higher for the likelier class.
        targets: (N, C), one-hot.
        names: of the C classes; those without a test image are left out, but for accuracy, as
            what an image may be taken for.
    """
    true = targets.argmax(1)
    right = (scores.argmax(1) == true).astype(float)
    there = np.flatnonzero(np.bincount(true, minlength=targets.shape[1]))
    place = np.searchsorted(there, true)
    pairs, influence = _pairs(scores[:, there], place)
    named = tuple(names)
    return Classes(
        tuple(named[each] for each in there),
        np.eye(len(there))[place],
        right,
        pairs,
        influence,
    )


def _pairs(scores: Floats, true: Ints) -> tuple[Floats, Floats]:
    """M of each class (K,), and the influence of each image on it (N, K).

    By placements, as ``analysis.compare.delong``: an image of c has the share of class j that its
    score of c outranks, one of j the share of c that outranks it, ties as a half.
    """
    images, count = scores.shape
    sizes = np.bincount(true, minlength=count).astype(float)
    areas = np.full((count, count), 0.5)
    influence = np.zeros((images, count))
    for c in range(count):
        _, level = np.unique(scores[:, c], return_inverse=True)
        by_level = np.bincount(level * count + true, minlength=(level.max() + 1) * count)
        here = by_level.reshape(-1, count)
        # Images of each class below a level, and half of those on it.
        below = (np.cumsum(here, axis=0) - here / 2) / sizes
        mine = true == c
        above = below[level[mine]]
        areas[c] = above.mean(axis=0)
        others = ~mine
        outranked = 1 - below[level, c]
        # A(c, j) is a part of the pairs of c, one of K - 1, and of those of j.
        own = (above - areas[c]) / sizes[c]
        own[:, c] = 0
        influence[mine, c] += own.sum(axis=1) / 2
        influence[mine] += own / 2
        theirs = (outranked[others] - areas[c][true[others]]) / sizes[true[others]]
        influence[others, c] += theirs / 2
        influence[np.flatnonzero(others), true[others]] += theirs / 2
    both = (areas + areas.T) / 2
    np.fill_diagonal(both, 0)
    return both.sum(axis=1) / (count - 1), influence / (count - 1)
