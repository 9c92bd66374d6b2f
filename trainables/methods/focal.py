"""Focal: the alpha-balanced focal loss with SGD."""

from dataclasses import dataclass

from trainables.methods.api import (
    LABELS,
    Context,
    FocalLoss,
    Method,
    Recipe,
    fields,
    hyperparameter,
    one_stage,
    sgd,
)

__all__ = ["Focal"]

_SOURCE = "Lin et al., ICCV 2017: its best pair"


@dataclass(frozen=True)
class Focal(Method):
    """Focal loss, SGD."""

    TARGETS = LABELS
    SOFT = False

    lr: float = fields.lr()
    weight_decay: float = fields.weight_decay()
    focal_alpha: float = hyperparameter(
        0.25,
        help="weight of the positives; the negatives weigh 1 - focal_alpha",
        source=_SOURCE,
        low=0,
        high=1,
        open_low=True,
        open_high=True,
    )
    focal_gamma: float = hyperparameter(
        2.0,
        help="the larger, the less the easy images count; 0: balanced cross entropy",
        source=_SOURCE,
        low=0,
    )
    momentum: float = fields.sgd_momentum()

    def recipe(self, context: Context) -> Recipe:
        """One stage of SGD on the focal loss."""
        return one_stage(
            lambda: sgd(
                context,
                FocalLoss(self.focal_alpha, self.focal_gamma),
                context.weights,
                lr=self.lr,
                weight_decay=self.weight_decay,
                momentum=self.momentum,
            ),
        )
