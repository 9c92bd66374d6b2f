"""CE: binary cross entropy, also for soft labels."""

import torch.nn.functional as F
from torch import Tensor, nn

from trainables.losses.arguments import matching_targets

__all__ = ["CELoss", "ce_loss"]


def ce_loss(logits: Tensor, targets: Tensor) -> Tensor:
    """Mean binary cross entropy of logits (B,) and targets (B,) in [0, 1], 0-dim.

    The values of the targets are not looked at (`trainables.losses.arguments`).

    Raises:
        ValueError: the two are not (B,), or not real numbers.
    """
    return F.binary_cross_entropy_with_logits(logits, matching_targets(logits, targets))


class CELoss(nn.Module):
    """`ce_loss` as a module."""

    def forward(self, logits: Tensor, targets: Tensor) -> Tensor:
        """The loss (0-dim) of logits (B,) with targets (B,) in [0, 1]."""
        return ce_loss(logits, targets)
