"""CE: binary cross entropy, also for soft labels."""

import torch.nn.functional as F
from torch import Tensor, nn

__all__ = ["CELoss", "ce_loss"]


def ce_loss(logits: Tensor, targets: Tensor) -> Tensor:
    """Mean binary cross entropy of logits (B,) and targets (B,) in [0, 1], 0-dim."""
    return F.binary_cross_entropy_with_logits(logits, targets)


class CELoss(nn.Module):
    """`ce_loss` as a module."""

    def forward(self, logits: Tensor, targets: Tensor) -> Tensor:
        """The loss (0-dim) of logits (B,) with targets (B,) in [0, 1]."""
        return ce_loss(logits, targets)
