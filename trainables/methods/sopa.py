"""SOPA: partial AUC at low false positive rates by CVaR, with SGD."""

from dataclasses import dataclass

from torch import nn

from trainables.methods.api import (
    Context,
    ImageStateMethod,
    OneWayCVaRLoss,
    fields,
    hyperparameter,
    listed_after,
)

__all__ = ["SOPA"]


@dataclass(frozen=True)
class SOPA(ImageStateMethod):
    """One-way partial AUC loss by CVaR with a threshold an image (SOPA), SGD.

    Alg. 1 of the source.
    """

    SOURCE = fields.Z

    max_fpr: float = listed_after(
        "margin",
        hyperparameter(
            0.2,
            help="beta, the largest false positive rate that counts",
            source=f"{fields.Z}, Alg. 1; 0.2: LibAUC 2.0.1",
            low=0,
            high=1,
            open_low=True,
        ),
    )
    threshold_lr: float = listed_after(
        "max_fpr",
        hyperparameter(
            0.1,
            help="eta, learning rate of the thresholds, one an image; it does not decay",
            source=f"{fields.Z}, Alg. 1; 0.1: LibAUC 2.0.1",
            low=0,
            open_low=True,
        ),
    )

    def loss(self, context: Context) -> nn.Module:
        """The one-way partial AUC loss by CVaR."""
        return OneWayCVaRLoss(
            context.images,
            self.margin,
            self.max_fpr,
            self.threshold_lr,
            self.score_map,
            context.outputs,
        )
