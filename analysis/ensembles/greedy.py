"""Which methods go together, and how often each: selection on validation images alone.

Ensemble selection after Caruana et al. (ICML 2004), with replacement and sorted initialisation.
Their bags of half of the models are left out: they cost ten times as much, and of few methods a bag
may lack all good ones (tests/benchmarks/ensembles.md).
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import stats

__all__ = ["STEPS", "Selection", "select"]

Floats = NDArray[np.floating[Any]]
Counts = NDArray[np.intp]
Whole = NDArray[np.int32]

STEPS = 20
"""Members added after the sorted ones; the best set on the way is kept."""


class Selection(NamedTuple):
    """What the validation images of a seed choose.

    Attributes:
        counts: (K,), how often each method is taken into the ensemble; at least one above 0.
        best: place of the method with the highest AUROC by itself, the first of equal ones.
    """

    counts: Counts
    best: int


class _Sums(NamedTuple):
    """Sums of ranks of a label's validation images, a row a set of methods: (sets, n) each.

    Ranks are doubled and so whole, which makes ties exact, and sorts three times as fast as
    float64 does.
    """

    positives: Whole
    negatives: Whole

    @property
    def auroc(self) -> Floats:
        """Of each set (sets,)."""
        above, below = np.sort(self.positives, axis=1), np.sort(self.negatives, axis=1)
        won = [
            np.searchsorted(row, places, side).sum()
            for row, places in zip(below, above, strict=True)
            for side in ("left", "right")
        ]
        return np.reshape(won, (-1, 2)).sum(axis=1) / (2 * above.shape[1] * below.shape[1])

    def first(self, order: NDArray[np.intp]) -> "_Sums":
        """The first set of ``order``, the first two, and so on."""
        return _Sums(*(np.cumsum(each[order], axis=0, dtype=np.int32) for each in self))

    def beside(self, other: "_Sums", place: int) -> "_Sums":
        """Each set together with that of ``other`` in this place."""
        return _Sums(*(own + theirs[place] for own, theirs in zip(self, other, strict=True)))


def select(scores: Floats, targets: NDArray[Any]) -> Selection:
    """The methods that go together at one seed.

    Methods are added one by one while the mean of their ranks has the highest AUROC that one more
    member can reach, of several labels the mean over those with both classes. It begins with as
    many of the best methods as are best together; of equal sets the first is kept.

    Args:
        scores: (K, N) of the validation images, which the methods share; of L labels (K, N, L).
        targets: (N,) or (N, L): 1, 0, or NaN where it is not known.

    Raises:
        ValueError: no label has both classes.
    """
    alone = _labels(scores, targets)
    order = np.argsort(-_mean_auroc(alone), kind="stable")
    tried = [label.first(order) for label in alone]
    found = _mean_auroc(tried)
    place = int(found.argmax())
    taken = np.bincount(order[: place + 1], minlength=len(scores))
    best, top = taken.copy(), float(found[place])
    for _ in range(STEPS):
        if top == 1:
            break
        tried = [own.beside(so_far, place) for own, so_far in zip(alone, tried, strict=True)]
        found = _mean_auroc(tried)
        place = int(found.argmax())
        taken[place] += 1
        if found[place] > top:
            best, top = taken.copy(), float(found[place])
    return Selection(best, int(order[0]))


def _labels(scores: Floats, targets: NDArray[Any]) -> list[_Sums]:
    """Every method by itself, label by label."""
    columns = np.asarray(targets, dtype=float).reshape(len(targets), -1)
    found = []
    for score, column in zip(
        scores.reshape(*scores.shape[:2], -1).transpose(2, 0, 1), columns.T, strict=True
    ):
        known = ~np.isnan(column)
        positive = column[known] == 1
        if 0 < positive.sum() < len(positive):
            ranks = (2 * stats.rankdata(score[:, known], axis=1)).astype(np.int32)
            found.append(_Sums(ranks[:, positive], ranks[:, ~positive]))
    if not found:
        raise ValueError("a selection takes validation images of both classes")
    return found


def _mean_auroc(labels: list[_Sums]) -> Floats:
    return np.asarray(np.mean([label.auroc for label in labels], axis=0))
