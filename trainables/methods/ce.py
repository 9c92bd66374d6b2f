"""CE: binary cross entropy with SGD, the baseline of every comparison."""

from dataclasses import dataclass

from trainables.methods.api import LABELS, CELoss, Context, Method, Recipe, fields, one_stage, sgd

__all__ = ["CE"]


@dataclass(frozen=True)
class CE(Method):
    """CE loss, SGD."""

    TARGETS = LABELS

    lr: float = fields.lr()
    weight_decay: float = fields.weight_decay()
    momentum: float = fields.sgd_momentum()

    def recipe(self, context: Context) -> Recipe:
        """One stage of SGD on the cross entropy."""
        return one_stage(
            lambda: sgd(
                context,
                CELoss(),
                context.weights,
                lr=self.lr,
                weight_decay=self.weight_decay,
                momentum=self.momentum,
            ),
        )
