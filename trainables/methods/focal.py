"""Focal: the alpha-balanced focal loss with SGD."""

from dataclasses import dataclass

from torch import nn

from trainables.methods.api import (
    LABELS_AND_CLASSES,
    Context,
    FocalLoss,
    SGDMethod,
    SoftmaxFocalLoss,
    hyperparameter,
    listed_after,
)

__all__ = ["Focal"]

_SOURCE = "Lin et al., ICCV 2017: its best pair"


@dataclass(frozen=True)
class Focal(SGDMethod):
    """Focal loss, SGD."""

    TARGETS = LABELS_AND_CLASSES
    SOFT = False

    focal_alpha: float = listed_after(
        "weight_decay",
        hyperparameter(
            0.25,
            help="weight of the positives; the negatives weigh 1 - focal_alpha; of several classes "
            "that of all alike",
            source=_SOURCE,
            low=0,
            high=1,
            open_low=True,
            open_high=True,
        ),
    )
    focal_gamma: float = listed_after(
        "focal_alpha",
        hyperparameter(
            2.0,
            help="the larger, the less the easy images count; 0: balanced cross entropy",
            source=_SOURCE,
            low=0,
        ),
    )

    def loss(self, context: Context) -> nn.Module:
        """The focal loss."""
        return (SoftmaxFocalLoss if context.classes else FocalLoss)(
            self.focal_alpha, self.focal_gamma
        )
