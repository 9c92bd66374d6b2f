"""Means over the classes of a batch, by weights: hard labels are weights of 0 and 1."""

import torch
from torch import Tensor

__all__ = ["min_max", "spread", "weighted_mean"]


def weighted_mean(values: Tensor, weights: Tensor) -> Tensor:
    """Sum of weights x values over the sum of weights (B,); 0 where the weights are all 0."""
    # The floor leaves every true mean as it is: weights that sum to less are all 0.
    floor = torch.finfo(weights.dtype).tiny
    return (weights * values).sum() / weights.sum().clamp_min(floor)


def spread(scores: Tensor, targets: Tensor, a: Tensor, b: Tensor) -> Tensor:
    """<(h-a)^2>+ + <(h-b)^2>-, the means weighted by targets and by 1 - targets (B,)."""
    return weighted_mean((scores - a).square(), targets) + weighted_mean(
        (scores - b).square(), 1 - targets
    )


def min_max(scores: Tensor, targets: Tensor, alpha: Tensor, margin: float | Tensor) -> Tensor:
    """2 alpha (m + <h>- - <h>+) - alpha^2, weighted like `spread`; 0 without one of the classes.

    The terms compare the two classes: half of the comparison would push alpha away from the
    value m + <h>- - <h>+ that maximises them.
    """
    gap = margin + weighted_mean(scores, 1 - targets) - weighted_mean(scores, targets)
    both = (targets.sum() > 0) & ((1 - targets).sum() > 0)
    return both * (2 * alpha * gap - alpha.square())
