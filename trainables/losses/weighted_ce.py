"""CE with weights of the classes and smoothed labels.

Label smoothing: Szegedy et al., "Rethinking the Inception Architecture", CVPR 2016, sec. 7, for
two classes. Weights: powers of the inverse class frequencies, between none (0) and balanced (1;
King and Zeng, "Logistic Regression in Rare Events Data", 2001, eq. (8)).
"""

import torch.nn.functional as F
from torch import Tensor, nn

from trainables.losses.arguments import check_number, check_prior, matching_targets

__all__ = ["WeightedCELoss", "class_weights", "weighted_ce_loss"]


def weighted_ce_loss(
    logits: Tensor, targets: Tensor, *, positive: float, negative: float, smoothing: float
) -> Tensor:
    """Mean of w_t CE(logit, t (1 - smoothing) + smoothing / 2).

    Args:
        logits: (B,).
        targets: (B,), 1 for positive and 0 for negative; their values are not looked at.
        positive, negative: weight w of each class, at least 0.
        smoothing: what is taken from the true label, in [0, 1).

    Returns:
        The loss, 0-dim.

    Raises:
        ValueError: a shape, a dtype or a number is not as said.
    """
    targets = matching_targets(logits, targets)
    check_number("positive", positive, "at least 0")
    check_number("negative", negative, "at least 0")
    check_number("smoothing", smoothing, "in [0, 1)")
    return F.binary_cross_entropy_with_logits(
        logits,
        targets * (1 - smoothing) + smoothing / 2,
        weight=positive * targets + negative * (1 - targets),
    )


def class_weights(prior: float, balance: float) -> tuple[float, float]:
    """Weights of the positives and the negatives, (1 / frequency) ** balance, 1 on average.

    Args:
        prior: share of positives among all images, in (0, 1).
        balance: at least 0; 0: both weigh 1; 1: both classes weigh the same in all.

    >>> class_weights(0.2, 1.0)
    (2.5, 0.625)
    """
    check_prior(prior)
    check_number("balance", balance, "at least 0")
    positive, negative = prior**-balance, (1 - prior) ** -balance
    mean = prior * positive + (1 - prior) * negative
    return positive / mean, negative / mean


class WeightedCELoss(nn.Module):
    """`weighted_ce_loss` as a module, with `class_weights`.

    Args:
        prior: share of positives among the images that it meets, in (0, 1).
        balance: at least 0.
        smoothing: in [0, 1).

    Raises:
        ValueError: a number is out of its range.
    """

    def __init__(self, prior: float, balance: float = 0.0, smoothing: float = 0.0) -> None:
        super().__init__()
        check_number("smoothing", smoothing, "in [0, 1)")
        self.positive, self.negative = class_weights(prior, balance)
        self.smoothing = smoothing

    def forward(self, logits: Tensor, targets: Tensor) -> Tensor:
        """The loss (0-dim) of logits (B,) with targets (B,)."""
        return weighted_ce_loss(
            logits,
            targets,
            positive=self.positive,
            negative=self.negative,
            smoothing=self.smoothing,
        )
