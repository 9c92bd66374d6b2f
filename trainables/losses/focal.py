"""Focal loss, balanced by alpha.

Source: Lin et al., "Focal Loss for Dense Object Detection", ICCV 2017, eq. (5).
"""

import torch.nn.functional as F
from torch import Tensor, nn

from trainables.losses.arguments import check_number, matching_targets
from trainables.losses.labels import mean_by_label, mean_over_labels, split

__all__ = ["FocalLoss", "focal_loss"]


def focal_loss(
    logits: Tensor, targets: Tensor, *, alpha: float | Tensor, gamma: float | Tensor
) -> Tensor:
    """Mean of -alpha_t (1 - p_t)^gamma log p_t.

    Args:
        logits: (B,), or (B, L) of several labels.
        targets: alike, 1 for positive and 0 for negative, of several labels NaN where one is
            missing; their values are not looked at.
        alpha: weight of the positives, in (0, 1); the negatives weigh 1 - alpha.
        gamma: at least 0; the larger, the less the easy images count.

    Returns:
        The loss, 0-dim.

    Raises:
        ValueError: a shape, a dtype or a number is not as said.
    """
    targets, missing = split(matching_targets(logits, targets))
    check_number("alpha", alpha, "in (0, 1)")
    check_number("gamma", gamma, "at least 0")
    signed = (2 * targets - 1) * logits
    weight = alpha * targets + (1 - alpha) * (1 - targets)
    # p_t = sigmoid(signed) and 1 - p_t = sigmoid(-signed): in logarithms nothing overflows, and
    # no gradient is lost where p_t rounds to 1.
    easiness = (gamma * F.logsigmoid(-signed)).exp()
    each = weight * easiness * F.logsigmoid(signed)
    return -mean_over_labels(mean_by_label(each, missing), missing)


class FocalLoss(nn.Module):
    """`focal_loss` as a module.

    Args:
        alpha: weight of the positives, in (0, 1).
        gamma: at least 0.

    Raises:
        ValueError: alpha or gamma is out of its range.
    """

    def __init__(self, alpha: float = 0.25, gamma: float = 2.0) -> None:
        super().__init__()
        check_number("alpha", alpha, "in (0, 1)")
        check_number("gamma", gamma, "at least 0")
        self.alpha = alpha
        self.gamma = gamma

    def forward(self, logits: Tensor, targets: Tensor) -> Tensor:
        """The loss (0-dim) of logits and targets (B,), or (B, L) of several labels."""
        return focal_loss(logits, targets, alpha=self.alpha, gamma=self.gamma)
