"""CE: binary cross entropy with SGD, the baseline of every comparison."""

from dataclasses import dataclass

from trainables.methods.api import LABELS, CELoss, Context, SoftSGDMethod

__all__ = ["CE"]


@dataclass(frozen=True)
class CE(SoftSGDMethod):
    """CE loss, SGD."""

    FAMILY = "cross entropy"
    TARGETS = LABELS

    def loss(self, context: Context) -> CELoss:  # noqa: ARG002
        """The cross entropy."""
        return CELoss()
