"""CE on mixup batches with SGD, the usual mixup baseline."""

from dataclasses import dataclass

from torch import nn

from trainables.methods.api import (
    LABELS_AND_CLASSES,
    CELoss,
    Context,
    SoftmaxCELoss,
    SoftSGDMethod,
    fields,
    listed_after,
)

__all__ = ["CEMixup"]


@dataclass(frozen=True)
class CEMixup(SoftSGDMethod):
    """CE loss on mixup batches, SGD."""

    FAMILY = "mixup"
    SOURCE = "Zhang et al., ICLR 2018 (arXiv 1710.09412)"
    TARGETS = LABELS_AND_CLASSES

    mix: str = listed_after("weight_decay", fields.mix("mixup"))
    mixup_alpha: float = listed_after("mix", fields.mixup_alpha())
    mixup_draw: str = listed_after("mixup_alpha", fields.mixup_draw())

    def loss(self, context: Context) -> nn.Module:
        """The cross entropy of soft labels."""
        return SoftmaxCELoss() if context.classes else CELoss()
