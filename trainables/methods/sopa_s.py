"""SOPA-s: partial AUC at low false positive rates by KL-DRO, with SGD."""

from dataclasses import dataclass

from torch import nn

from trainables.methods.api import (
    LABELS,
    Context,
    OneWayKLLoss,
    SGDMethod,
    fields,
    listed_after,
)

__all__ = ["SOPAS"]


@dataclass(frozen=True)
class SOPAS(SGDMethod):
    """One-way partial AUC loss by KL-DRO with a moving average an image (SOPA-s), SGD.

    Source: Zhu et al., ICML 2022 (arXiv 2203.00176), Alg. 2.

    It keeps numbers for each training image, which its positives move, so that batches need some:
    the paper draws a fixed number of them, and ``positive_rate`` of the task does. A batch without
    positives moves the weights by the weight decay alone.
    """

    TARGETS = LABELS
    SOFT = False

    margin: float = listed_after("lr", fields.pair_margin())
    kl: float = listed_after("margin", fields.kl("negatives"))
    image_gamma: float = listed_after("kl", fields.image_gamma())
    score_map: str = listed_after("weight_decay", fields.score_map())

    def loss(self, context: Context) -> nn.Module:
        """The one-way partial AUC loss by KL-DRO."""
        return OneWayKLLoss(
            context.images,
            self.margin,
            self.kl,
            self.image_gamma,
            self.score_map,
            context.outputs,
        )
