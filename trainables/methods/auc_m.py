"""AUC-M: the min-max margin loss with PESG, from scratch."""

from dataclasses import dataclass

from trainables.losses.auc import AUCLoss
from trainables.losses.auc_margin import AUCMarginLoss, PriorFreeAUCMarginLoss
from trainables.method import Method
from trainables.methods import fields
from trainables.methods.parts import one_stage, pesg, prior_of
from trainables.recipe import Context, Recipe
from trainables.updates import Descent

__all__ = ["AUCM"]


@dataclass(frozen=True)
class AUCM(Method):
    """AUC-M loss, PESG."""

    lr: float = fields.lr()
    margin: float = fields.margin()
    epoch_decay: float = fields.epoch_decay()
    weight_decay: float = fields.weight_decay()
    score_map: str = fields.score_map()
    prior: float | str = fields.prior(free=True)
    project_alpha: bool = fields.project_alpha()
    momentum: float = fields.momentum()
    clip: float | None = fields.clip()

    def recipe(self, context: Context) -> Recipe:
        """One stage of PESG on AUC-M."""
        return one_stage(lambda: self.descent(context, self.lr))

    def descent(self, context: Context, lr: float, ce_weight: float = 0.0) -> Descent:
        """PESG on AUC-M, and on ``ce_weight`` times the cross entropy."""
        return pesg(
            context,
            self._loss(context),
            context.model.parameters(),
            lr=lr,
            epoch_decay=self.epoch_decay,
            weight_decay=self.weight_decay,
            momentum=self.momentum,
            clip=self.clip,
            project_alpha=self.project_alpha,
            ce_weight=ce_weight,
        )

    def _loss(self, context: Context) -> AUCLoss:
        if self.prior == "free":
            return PriorFreeAUCMarginLoss(self.margin, self.score_map)
        return AUCMarginLoss(prior_of(self.prior, context), self.margin, self.score_map)
