"""CE on mixup batches with SGD, the usual mixup baseline."""

from dataclasses import dataclass

from torch import nn

from trainables.methods.api import (
    LABELS_AND_CLASSES,
    CELoss,
    Context,
    Mixup,
    Recipe,
    SGDMethod,
    SoftmaxCELoss,
    fields,
    listed_after,
    one_stage,
)

__all__ = ["CEMixup"]


@dataclass(frozen=True)
class CEMixup(SGDMethod):
    """CE loss on mixup batches, SGD."""

    FAMILY = "mixup"
    SOURCE = "Zhang et al., ICLR 2018 (arXiv 1710.09412)"
    TARGETS = LABELS_AND_CLASSES

    mixup_alpha: float = listed_after("weight_decay", fields.mixup_alpha())
    mixup_draw: str = listed_after("mixup_alpha", fields.mixup_draw())

    def loss(self, context: Context) -> nn.Module:
        """The cross entropy of soft labels."""
        return SoftmaxCELoss() if context.classes else CELoss()

    def recipe(self, context: Context) -> Recipe:
        """One stage of SGD on mixed batches."""
        return one_stage(
            lambda: self.descent(
                context,
                self.loss(context),
                Mixup(self.mixup_alpha, self.mixup_draw == "sample", context.generator),
            )
        )
