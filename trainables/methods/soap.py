"""SOAP: a surrogate of average precision, with moving averages an image and SGD."""

from dataclasses import dataclass

from torch import nn

from trainables.methods.api import (
    APLoss,
    Context,
    ImageStateMethod,
    fields,
    listed_after,
)

__all__ = ["SOAP"]


@dataclass(frozen=True)
class SOAP(ImageStateMethod):
    """AP loss (AUPRC) with moving averages an image (SOAP), SGD.

    Alg. 1 of the source with the SGD-style update.
    """

    SOURCE = "Qi et al., NeurIPS 2021 (arXiv 2104.08441)"

    image_gamma: float = listed_after("margin", fields.image_gamma())

    def loss(self, context: Context) -> nn.Module:
        """The AP loss."""
        return APLoss(
            context.images, self.margin, self.image_gamma, self.score_map, context.outputs
        )
