"""Means over a class, by weights: hard labels are weights of 0 and 1."""

import torch
from torch import Tensor

__all__ = ["class_weights", "weighted_mean"]


def class_weights(targets: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Weights (B,) of the positives and of the negatives, and 1 (0-dim) where both exist else 0."""
    positive, negative = targets, 1 - targets
    both = (positive.sum() > 0) & (negative.sum() > 0)
    return positive, negative, both.to(targets.dtype)


def weighted_mean(values: Tensor, weights: Tensor) -> Tensor:
    """Sum of weights x values over the sum of weights (B,); 0 where the weights are all 0."""
    # The floor leaves every true mean as it is: weights that sum to less are all 0.
    floor = torch.finfo(weights.dtype).tiny
    return (weights * values).sum() / weights.sum().clamp_min(floor)
