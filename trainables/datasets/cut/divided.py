"""Units that must not be torn apart, put on two sides so that each has its share of every kind."""

from collections.abc import Sequence
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

__all__ = ["divided"]

Counts = NDArray[np.int64]


def divided(counts: Counts, share: Fraction, order: Sequence[int]) -> NDArray[np.bool_]:
    """Which units are taken so that ``share`` of each kind of image is taken, as nearly as may be.

    The units go by one after the other, large ones first, and each goes to the side on which it
    leaves the smaller sum of squared deviations from the share, each kind's over its total. All
    numbers are integers of any size, so that the result is the same on every machine. A kind that
    two units or more have is on both sides, if that costs another kind neither.

    Args:
        counts: (U, K), how many images of each kind a unit (an image, a patient) has.
        share: to be taken, in (0, 1).
        order: a permutation of the U units. Those of like size (within a factor of two) go by in
            this order; of the others the largest goes first, so that small ones even out the end.

    Returns:
        (U,), True where a unit is taken.
    """
    part, whole = share.numerator, share.denominator
    totals = [max(1, int(total)) for total in counts.sum(0)]
    weights = [2**40 * max(totals) ** 2 // total**2 for total in totals]
    magnitude = np.frexp(counts.sum(1).astype(np.float64))[1]
    rank = np.empty(len(counts), np.int64)
    rank[np.asarray(order, np.int64)] = np.arange(len(counts))
    sequence = np.lexsort((rank, -magnitude))
    taken = np.zeros(len(counts), np.bool_)
    # By kind: whole x (images taken) - part x (images gone by).
    deviation = [0] * len(totals)
    for unit in sequence.tolist():
        row = counts[unit]
        kinds = [(kind, int(row[kind])) for kind in row.nonzero()[0].tolist()]
        # The squared deviations if it is taken, less those if it is not, over whole.
        more = sum(
            weights[kind] * count * (2 * deviation[kind] + (whole - 2 * part) * count)
            for kind, count in kinds
        )
        taken[unit] = more < 0
        for kind, count in kinds:
            deviation[kind] += (whole - part if more < 0 else -part) * count
    _mend(counts > 0, taken, sequence[::-1])
    return taken


def _mend(has: NDArray[np.bool_], taken: NDArray[np.bool_], smallest_first: Counts) -> None:
    """Move a small unit over where a side lacks a kind that the other can spare."""
    for kind in range(has.shape[1]):
        for side in (True, False):
            if has[taken == side, kind].any():
                continue
            there = has[taken != side].sum(0)
            for unit in smallest_first[has[smallest_first, kind]].tolist():
                if (there[has[unit]] > 1).all():
                    taken[unit] = side
                    break
