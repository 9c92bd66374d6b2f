"""Weighted CE: classes weigh by their effective number of images, with SGD."""

from dataclasses import dataclass

from torch import nn

from trainables.methods.api import (
    LABELS,
    ClassBalancedCELoss,
    Context,
    SoftSGDMethod,
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
    TARGETS = LABELS

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

    def loss(self, context: Context) -> nn.Module:
        """The weighted cross entropy."""
        return ClassBalancedCELoss(
            context.prior, context.images, self.class_beta, self.positive_factor
        )
