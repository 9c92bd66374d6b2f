"""SOTA-s: partial AUC at low false and high true positive rates by KL-DRO, with SGD."""

from dataclasses import dataclass

from torch import nn

from trainables.methods.api import (
    Context,
    ImageStateMethod,
    TwoWayKLLoss,
    fields,
    hyperparameter,
    listed_after,
)

__all__ = ["SOTAS"]


@dataclass(frozen=True)
class SOTAS(ImageStateMethod):
    """Two-way partial AUC loss by KL-DRO with a moving average an image (SOTA-s), SGD.

    Alg. 3 of the source.
    """

    SOURCE = fields.Z

    kl: float = listed_after("margin", fields.kl("negatives"))
    outer_kl: float = listed_after("kl", fields.kl("positives"))
    image_gamma: float = listed_after("outer_kl", fields.image_gamma())
    outer_gamma: float = listed_after(
        "image_gamma",
        hyperparameter(
            0.9,
            help="weight of the newest value in the average over the positives",
            source=f"{fields.Z}, Alg. 3; 0.9: LibAUC 2.0.1",
            low=0,
            high=1,
            open_low=True,
        ),
    )

    def loss(self, context: Context) -> nn.Module:
        """The two-way partial AUC loss by KL-DRO."""
        return TwoWayKLLoss(
            context.images,
            self.margin,
            self.kl,
            self.outer_kl,
            self.image_gamma,
            self.outer_gamma,
            self.score_map,
            context.outputs,
        )
