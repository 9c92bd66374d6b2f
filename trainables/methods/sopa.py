"""SOPA: partial AUC at low false positive rates by CVaR, with SGD."""

from dataclasses import dataclass

from torch import nn

from trainables.methods.api import (
    LABELS,
    Context,
    OneWayCVaRLoss,
    SGDMethod,
    fields,
    hyperparameter,
    listed_after,
)

__all__ = ["SOPA"]


@dataclass(frozen=True)
class SOPA(SGDMethod):
    """One-way partial AUC loss by CVaR with a threshold an image (SOPA), SGD.

    Source: Zhu et al., ICML 2022 (arXiv 2203.00176), Alg. 1.

    It keeps numbers for each training image, which its positives move, so that batches need some:
    the paper draws a fixed number of them, and ``positive_rate`` of the task does. A batch without
    positives moves the weights by the weight decay alone.
    """

    TARGETS = LABELS
    SOFT = False

    margin: float = listed_after("lr", fields.pair_margin())
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
    score_map: str = listed_after("weight_decay", fields.score_map())

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
