"""Focal: the alpha-balanced focal loss with SGD."""

from dataclasses import dataclass

from trainables.errors import DataError
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

    def refuse_labels(self, labels: int, soft: bool = False) -> None:
        """As every method's; and no label may lie between 0 and 1.

        Raises:
            DataError: it does, or there are too many.
        """
        super().refuse_labels(labels, soft)
        if soft:
            raise DataError(
                "the focal loss takes labels of 0 and 1, and the data set has some between, which "
                "are uncertain: have them read as 0, as 1 or as missing, or take another method."
            )

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
