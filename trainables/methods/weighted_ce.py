"""Weighted CE: classes weigh by their effective number of images, with SGD."""

from dataclasses import dataclass

from torch import Tensor, nn

from trainables.errors import DataError
from trainables.methods.api import (
    LABELS_AND_CLASSES,
    ClassBalancedCELoss,
    Context,
    SoftmaxCELoss,
    SoftSGDMethod,
    class_weights,
    fields,
    hyperparameter,
    listed_after,
)

__all__ = ["WeightedCE"]


@dataclass(frozen=True)
class WeightedCE(SoftSGDMethod):
    """CE weighted by class: inverse frequency, Cui et al.'s effective number or a factor, SGD."""

    FAMILY = "imbalance-aware cross entropy"
    SOURCE = "Cui et al., CVPR 2019 (arXiv 1901.05555)"
    TARGETS = LABELS_AND_CLASSES

    class_beta: float = listed_after("lr", fields.class_beta(1.0))
    positive_factor: float = listed_after(
        "class_beta",
        hyperparameter(
            1.0,
            help="what the positives weigh more than class_beta says",
            source="1: no more; with class_beta 0 the weight itself (pos_weight of torch)",
            low=0,
            open_low=True,
        ),
    )

    def refuse_labels(self, labels: int, soft: bool = False, classes: bool = False) -> None:
        """As every method's; several classes have no one that is positive."""
        super().refuse_labels(labels, soft, classes)
        if classes and self.positive_factor != 1:
            raise DataError(
                f"positive_factor must be 1 for a task of {labels} classes (long_tail), not "
                f"{self.positive_factor:g}: no one of them is positive."
            )

    def loss(self, context: Context) -> nn.Module:
        """The weighted cross entropy."""
        if context.classes:
            assert isinstance(context.prior, Tensor)
            return SoftmaxCELoss(class_weights(context.prior, context.images, self.class_beta))
        return ClassBalancedCELoss(
            context.prior, context.images, self.class_beta, self.positive_factor
        )
