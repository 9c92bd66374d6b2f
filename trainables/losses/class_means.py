"""Means over the classes of a batch, by weights: hard labels are weights of 0 and 1."""

import torch
from torch import Tensor

from trainables.losses.labels import Missing

__all__ = ["min_max", "spread", "weighted_mean", "weights_of"]

Weights = tuple[Tensor, Tensor]
"""Of the positives and of the negatives, (B,) or (B, L)."""


def weights_of(targets: Tensor, missing: Missing) -> Weights:
    """t and 1 - t of targets t from `trainables.losses.labels.split`; 0 for what is missing."""
    negative = 1 - targets
    return targets, negative if missing is None else negative.masked_fill(missing, 0)


def weighted_mean(values: Tensor, weights: Tensor) -> Tensor:
    """Sum of weights x values over the sum of weights, over the batch: of (B,) 0-dim, of (B, L) by
    label (L,); 0 where the weights are all 0.
    """
    # The floor leaves every true mean as it is: weights that sum to less are all 0.
    floor = torch.finfo(weights.dtype).tiny
    return (weights * values).sum(0) / weights.sum(0).clamp_min(floor)


def spread(scores: Tensor, weights: Weights, a: Tensor, b: Tensor) -> Tensor:
    """<(h-a)^2>+ + <(h-b)^2>-, weighted means; 0-dim, or by label (L,)."""
    positive, negative = weights
    return weighted_mean((scores - a).square(), positive) + weighted_mean(
        (scores - b).square(), negative
    )


def min_max(scores: Tensor, weights: Weights, alpha: Tensor, margin: float | Tensor) -> Tensor:
    """2 alpha (m + <h>- - <h>+) - alpha^2, weighted like `spread`; 0 without one of the classes.

    The terms compare the two classes: half of the comparison would push alpha away from the
    value m + <h>- - <h>+ that maximises them.
    """
    positive, negative = weights
    gap = margin + weighted_mean(scores, negative) - weighted_mean(scores, positive)
    both = (positive.sum(0) > 0) & (negative.sum(0) > 0)
    return both * (2 * alpha * gap - alpha.square())
