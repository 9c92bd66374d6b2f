"""CE: cross entropy with SGD, the baseline of every comparison."""

from dataclasses import dataclass

from torch import nn

from trainables.methods.api import (
    LABELS_AND_CLASSES,
    CELoss,
    Context,
    SoftmaxCELoss,
    SoftSGDMethod,
)

__all__ = ["CE"]


@dataclass(frozen=True)
class CE(SoftSGDMethod):
    """CE loss, SGD."""

    FAMILY = "cross entropy"
    TARGETS = LABELS_AND_CLASSES

    def loss(self, context: Context) -> nn.Module:
        """The cross entropy."""
        return SoftmaxCELoss() if context.classes else CELoss()
