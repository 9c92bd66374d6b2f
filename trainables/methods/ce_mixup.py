"""CE on mixup batches with SGD, the usual mixup baseline."""

from dataclasses import dataclass

from trainables.methods.api import (
    LABELS,
    CELoss,
    Context,
    Method,
    Mixup,
    Recipe,
    fields,
    one_stage,
    sgd,
)

__all__ = ["CEMixup"]


@dataclass(frozen=True)
class CEMixup(Method):
    """CE loss on mixup batches, SGD."""

    TARGETS = LABELS

    lr: float = fields.lr()
    weight_decay: float = fields.weight_decay()
    mixup_alpha: float = fields.mixup_alpha()
    mixup_draw: str = fields.mixup_draw()
    momentum: float = fields.sgd_momentum()

    def recipe(self, context: Context) -> Recipe:
        """One stage of SGD on the cross entropy of soft labels."""
        return one_stage(
            lambda: sgd(
                context,
                CELoss(),
                context.weights,
                lr=self.lr,
                weight_decay=self.weight_decay,
                momentum=self.momentum,
                mix=Mixup(self.mixup_alpha, self.mixup_draw == "sample", context.generator),
            ),
        )
