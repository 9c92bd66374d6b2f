"""AUC-S: the min-max square loss with PESG, its alpha free."""

from dataclasses import dataclass

from trainables.losses.auc_square import AUCSquareLoss
from trainables.method import Method
from trainables.methods import fields
from trainables.methods.parts import one_stage, pesg, prior_of
from trainables.recipe import Context, Recipe

__all__ = ["AUCS"]


@dataclass(frozen=True)
class AUCS(Method):
    """AUC-S loss, PESG without projection."""

    lr: float = fields.lr()
    epoch_decay: float = fields.epoch_decay()
    weight_decay: float = fields.weight_decay()
    score_map: str = fields.score_map()
    prior: float | str = fields.prior()
    momentum: float = fields.momentum()
    clip: float | None = fields.clip()

    def recipe(self, context: Context) -> Recipe:
        """One stage of PESG on AUC-S."""
        return one_stage(
            lambda: pesg(
                context,
                AUCSquareLoss(prior_of(self.prior, context), self.score_map),
                context.model.parameters(),
                lr=self.lr,
                epoch_decay=self.epoch_decay,
                weight_decay=self.weight_decay,
                momentum=self.momentum,
                clip=self.clip,
                project_alpha=False,
            ),
        )
