"""AUC-M and the cross entropy together, on the same logits.

Source: Yuan et al., ICLR 2022 (compositional training): the sum that it compares with.
"""

from torch import Tensor, nn

from trainables.losses.arguments import check_number
from trainables.losses.auc import AUCLoss
from trainables.losses.ce import ce_loss

__all__ = ["AUCPlusCELoss"]


class AUCPlusCELoss(nn.Module):
    """``auc`` + ce_weight x CE, of what ``auc`` takes. CE takes the raw logits.

    Args:
        auc: the AUC loss, whose a, b and alpha are the only parameters.
        ce_weight: at least 0.

    Raises:
        ValueError: ce_weight is negative.
    """

    def __init__(self, auc: AUCLoss, ce_weight: float) -> None:
        super().__init__()
        check_number("ce_weight", ce_weight, "at least 0")
        self.auc = auc
        self.ce_weight = ce_weight

    def forward(self, logits: Tensor, targets: Tensor) -> Tensor:
        """The loss (0-dim) of logits and targets (B,), or (B, L) of several labels."""
        loss: Tensor = self.auc(logits, targets) + self.ce_weight * ce_loss(logits, targets)
        return loss
