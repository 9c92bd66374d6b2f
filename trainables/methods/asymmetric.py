"""Asymmetric: focal weights of each class's own, easy negatives left out, with SGD."""

from dataclasses import dataclass

from torch import nn

from trainables.methods.api import (
    LABELS,
    AsymmetricLoss,
    Context,
    SGDMethod,
    hyperparameter,
    listed_after,
)

__all__ = ["Asymmetric"]

_SOURCE = "Ridnik et al., ICCV 2021 (arXiv 2009.14119)"


@dataclass(frozen=True)
class Asymmetric(SGDMethod):
    """Asymmetric loss, SGD."""

    FAMILY = "imbalance-aware cross entropy"
    SOURCE = "Ridnik et al., ICCV 2021 (arXiv 2009.14119)"
    TARGETS = LABELS
    SOFT = False

    gamma_negative: float = listed_after(
        "lr",
        hyperparameter(
            4.0,
            help="the larger, the less the easy negatives count",
            source=_SOURCE,
            low=0,
        ),
    )
    gamma_positive: float = listed_after(
        "gamma_negative",
        hyperparameter(
            0.0,
            help="the larger, the less the easy positives count",
            source=f"{_SOURCE}; 1 in its code",
            low=0,
        ),
    )
    probability_shift: float = listed_after(
        "gamma_positive",
        hyperparameter(
            0.05,
            help="m: a negative of lower probability counts for nothing",
            source=_SOURCE,
            low=0,
            high=1,
            open_high=True,
        ),
    )

    def loss(self, context: Context) -> nn.Module:  # noqa: ARG002
        """The asymmetric loss."""
        return AsymmetricLoss(self.gamma_positive, self.gamma_negative, self.probability_shift)
