"""CE: binary cross entropy, also for soft labels."""

import torch.nn.functional as F
from torch import Tensor, nn

from trainables.losses.arguments import matching_targets
from trainables.losses.labels import mean_by_label, mean_over_labels, split

__all__ = ["CELoss", "ce_loss"]


def ce_loss(logits: Tensor, targets: Tensor) -> Tensor:
    """Mean binary cross entropy of logits and targets in [0, 1], 0-dim.

    The values of the targets are not looked at (`trainables.losses.arguments`).

    Args:
        logits, targets: (B,), or (B, L) of several labels, NaN where one is missing.

    Raises:
        ValueError: the two have other shapes, or are not real numbers.
    """
    targets, missing = split(matching_targets(logits, targets))
    if missing is None:
        return F.binary_cross_entropy_with_logits(logits, targets)
    each = F.binary_cross_entropy_with_logits(logits, targets, reduction="none")
    return mean_over_labels(mean_by_label(each, missing), missing)


class CELoss(nn.Module):
    """`ce_loss` as a module."""

    def forward(self, logits: Tensor, targets: Tensor) -> Tensor:
        """The loss (0-dim) of logits and targets (B,), or (B, L) of several labels."""
        return ce_loss(logits, targets)
