"""Focal: the alpha-balanced focal loss with SGD."""

from dataclasses import dataclass

from torch import nn

from trainables.methods.api import (
    LABELS_AND_CLASSES,
    Context,
    FocalLoss,
    SGDMethod,
    SoftmaxFocalLoss,
    fields,
    listed_after,
)

__all__ = ["Focal"]


@dataclass(frozen=True)
class Focal(SGDMethod):
    """Focal loss, SGD."""

    FAMILY = "imbalance-aware cross entropy"
    SOURCE = "Lin et al., ICCV 2017 (arXiv 1708.02002)"
    TARGETS = LABELS_AND_CLASSES
    SOFT = False

    focal_alpha: float = listed_after("weight_decay", fields.focal_alpha())
    focal_gamma: float = listed_after("focal_alpha", fields.focal_gamma())

    def loss(self, context: Context) -> nn.Module:
        """The focal loss."""
        return (SoftmaxFocalLoss if context.classes else FocalLoss)(
            self.focal_alpha, self.focal_gamma
        )
