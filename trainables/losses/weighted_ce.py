"""CE with weights of the classes and smoothed labels.

Label smoothing: Szegedy et al., "Rethinking the Inception Architecture", CVPR 2016, sec. 7, for
two classes. Weights: powers of the inverse class frequencies, between none (0) and balanced (1;
King and Zeng, "Logistic Regression in Rare Events Data", 2001, eq. (8)).
"""

import torch.nn.functional as F
from torch import Tensor, nn

from trainables.losses.arguments import check_number, check_prior, matching_targets
from trainables.losses.ce import Weight
from trainables.losses.labels import mean_by_label, mean_over_labels, split

__all__ = ["WeightedCELoss", "class_weights", "weighted_ce_loss"]


def weighted_ce_loss(
    logits: Tensor, targets: Tensor, *, positive: Weight, negative: Weight, smoothing: float
) -> Tensor:
    """Mean of w_t CE(logit, t (1 - smoothing) + smoothing / 2).

    Args:
        logits: (B,), or (B, L) of several labels.
        targets: alike, 1 for positive and 0 for negative, of several labels NaN where one is
            missing; their values are not looked at.
        positive, negative: weight w of each class, at least 0, or one a label (L,).
        smoothing: what is taken from the true label, in [0, 1).

    Returns:
        The loss, 0-dim.

    Raises:
        ValueError: a shape, a dtype or a number is not as said.
    """
    targets, missing = split(matching_targets(logits, targets))
    labels = 1 if missing is None else missing.shape[1]
    check_number("positive", positive, "at least 0", labels=labels)
    check_number("negative", negative, "at least 0", labels=labels)
    check_number("smoothing", smoothing, "in [0, 1)")
    each = F.binary_cross_entropy_with_logits(
        logits,
        targets * (1 - smoothing) + smoothing / 2,
        weight=positive * targets + negative * (1 - targets),
        reduction="mean" if missing is None else "none",
    )
    return each if missing is None else mean_over_labels(mean_by_label(each, missing), missing)


def class_weights(prior: Weight, balance: float) -> tuple[Weight, Weight]:
    """Weights of the positives and the negatives, (1 / frequency) ** balance, 1 on average.

    Args:
        prior: share of positives among all images, in (0, 1), or one a label (L,).
        balance: at least 0; 0: both weigh 1; 1: both classes weigh the same in all.

    >>> class_weights(0.2, 1.0)
    (2.5, 0.625)
    """
    check_prior(prior, prior.numel() if isinstance(prior, Tensor) else 1)
    check_number("balance", balance, "at least 0")
    positive, negative = prior**-balance, (1 - prior) ** -balance
    mean = prior * positive + (1 - prior) * negative
    return positive / mean, negative / mean


class WeightedCELoss(nn.Module):
    """`weighted_ce_loss` as a module, with `class_weights`.

    Args:
        prior: share of positives among the images that it meets, in (0, 1), or one a label (L,)
            on the device of the logits.
        balance: at least 0.
        smoothing: in [0, 1).

    Raises:
        ValueError: a number is out of its range.
    """

    def __init__(self, prior: Weight, balance: float = 0.0, smoothing: float = 0.0) -> None:
        super().__init__()
        check_number("smoothing", smoothing, "in [0, 1)")
        self.positive, self.negative = class_weights(prior, balance)
        self.smoothing = smoothing

    def forward(self, logits: Tensor, targets: Tensor) -> Tensor:
        """The loss (0-dim) of logits and targets (B,), or (B, L) of several labels."""
        return weighted_ce_loss(
            logits,
            targets,
            positive=self.positive,
            negative=self.negative,
            smoothing=self.smoothing,
        )
