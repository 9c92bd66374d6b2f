"""Figures of a class against the other, from the logits of images: no network, no state."""

import torch
from torch import Tensor

__all__ = ["BINS", "MARGIN", "active_share", "distribution", "gap"]

BINS = 40
"""Equal bins of a score, from 0 to 1."""

MARGIN = 1.0
"""By so much the logit of a positive image lies above that of a negative one in a settled pair."""


def distribution(logits: Tensor, targets: Tensor) -> Tensor:
    """How many scores lie in each bin, class by class; a score is the sigmoid of a logit.

    Args:
        logits: (N,), finite.
        targets: (N,), 0 or 1.

    Returns:
        int64 (2, BINS): negatives, positives. A bin holds its lower end; the last one both ends.
    """
    bins = (logits.double().sigmoid() * BINS).long().clamp_(max=BINS - 1)
    positive = targets > 0.5
    return torch.stack(
        [torch.bincount(bins[each], minlength=BINS) for each in (~positive, positive)]
    )


def gap(logits: Tensor, targets: Tensor) -> float:
    """Mean score of the positives less that of the negatives, in [-1, 1]; arguments as above, both
    classes present.
    """
    scores, positive = logits.double().sigmoid(), targets > 0.5
    return float(scores[positive].mean() - scores[~positive].mean())


def active_share(logits: Tensor, targets: Tensor) -> float:
    """Share of the pairs of a positive and a negative in which the logit of the positive is not
    higher by `MARGIN` or more: those that a pairwise hinge would still pull at. Arguments as of
    `gap`.
    """
    ordered, positive = logits.double(), targets > 0.5
    positives, negatives = ordered[positive], ordered[~positive].sort().values
    settled = torch.searchsorted(negatives, positives - MARGIN, right=True).sum()
    return 1 - int(settled) / (len(positives) * len(negatives))
