"""CE on mixup batches with SGD, the usual mixup baseline."""

from dataclasses import dataclass

from trainables.methods.api import LABELS, CELoss, Context, SoftSGDMethod, fields, listed_after

__all__ = ["CEMixup"]


@dataclass(frozen=True)
class CEMixup(SoftSGDMethod):
    """CE loss on mixup batches, SGD."""

    FAMILY = "mixup"
    SOURCE = "Zhang et al., ICLR 2018 (arXiv 1710.09412)"
    TARGETS = LABELS

    mix: str = listed_after("weight_decay", fields.mix("mixup"))
    mixup_alpha: float = listed_after("mix", fields.mixup_alpha())
    mixup_draw: str = listed_after("mixup_alpha", fields.mixup_draw())

    def loss(self, context: Context) -> CELoss:  # noqa: ARG002
        """The cross entropy of soft labels."""
        return CELoss()
