"""SOPA-s: partial AUC at low false positive rates by KL-DRO, with SGD."""

from dataclasses import dataclass

from torch import nn

from trainables.methods.api import (
    Context,
    ImageStateMethod,
    OneWayKLLoss,
    fields,
    listed_after,
)

__all__ = ["SOPAS"]


@dataclass(frozen=True)
class SOPAS(ImageStateMethod):
    """One-way partial AUC loss by KL-DRO with a moving average an image (SOPA-s), SGD.

    Alg. 2 of the source.
    """

    SOURCE = fields.Z

    kl: float = listed_after("margin", fields.kl("negatives"))
    image_gamma: float = listed_after("kl", fields.image_gamma())

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
