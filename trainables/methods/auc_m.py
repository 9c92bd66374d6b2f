"""AUC-M: the min-max margin loss with PESG, from scratch."""

from dataclasses import dataclass

from trainables.hyperparameters import hyperparameter
from trainables.losses.auc import AUCLoss
from trainables.losses.auc_margin import AUCMarginLoss, PriorFreeAUCMarginLoss
from trainables.method import Method
from trainables.methods import fields
from trainables.methods.parts import one_stage, pesg, prior_of
from trainables.recipe import Context, Recipe

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
    project_alpha: bool = hyperparameter(
        True,
        help="keep alpha at 0 or above; false: an ablation",
        source=f"{fields.M}, Alg. 1 and fig. 4",
    )
    momentum: float = fields.momentum()
    clip: float | None = fields.clip()

    def recipe(self, context: Context) -> Recipe:
        """One stage of PESG on AUC-M."""
        return one_stage(
            lambda: pesg(
                context,
                self._loss(context),
                context.model.parameters(),
                lr=self.lr,
                epoch_decay=self.epoch_decay,
                weight_decay=self.weight_decay,
                momentum=self.momentum,
                clip=self.clip,
                project_alpha=self.project_alpha,
            ),
        )

    def _loss(self, context: Context) -> AUCLoss:
        if self.prior == "free":
            return PriorFreeAUCMarginLoss(self.margin, self.score_map)
        return AUCMarginLoss(prior_of(self.prior, context), self.margin, self.score_map)
