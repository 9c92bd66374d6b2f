"""SOAP: a surrogate of average precision, with moving averages an image and SGD."""

from dataclasses import dataclass

from torch import nn

from trainables.methods.api import (
    LABELS,
    APLoss,
    Context,
    SGDMethod,
    fields,
    listed_after,
)

__all__ = ["SOAP"]


@dataclass(frozen=True)
class SOAP(SGDMethod):
    """AP loss (AUPRC) with moving averages an image (SOAP), SGD.

    Source: Qi et al., NeurIPS 2021 (arXiv 2104.08441), Alg. 1 with the SGD-style update.

    It keeps numbers for each training image, which its positives move, so that batches need some:
    the paper draws a fixed number of them, and ``positive_rate`` of the task does. A batch without
    positives moves the weights by the weight decay alone.
    """

    TARGETS = LABELS
    SOFT = False

    margin: float = listed_after("lr", fields.pair_margin())
    image_gamma: float = listed_after("margin", fields.image_gamma())
    score_map: str = listed_after("weight_decay", fields.score_map())

    def loss(self, context: Context) -> nn.Module:
        """The AP loss."""
        return APLoss(
            context.images, self.margin, self.image_gamma, self.score_map, context.outputs
        )
