"""AUC-M: the min-max margin loss with PESG, from scratch."""

from dataclasses import dataclass

from trainables.methods.api import (
    LABELS,
    AUCLoss,
    AUCMarginLoss,
    Context,
    Descent,
    PESGMethod,
    PriorFreeAUCMarginLoss,
    Recipe,
    fields,
    listed_after,
    one_stage,
    prior_of,
)

__all__ = ["AUCM"]


@dataclass(frozen=True)
class AUCM(PESGMethod):
    """AUC-M loss, PESG."""

    SOURCE = fields.M
    TARGETS = LABELS

    margin: float = listed_after("lr", fields.margin())
    prior: float | str = listed_after("score_map", fields.prior(free=True))
    project_alpha: bool = listed_after("prior", fields.project_alpha())

    def recipe(self, context: Context) -> Recipe:
        """One stage of PESG on AUC-M."""
        return one_stage(lambda: self.descent(context, self.lr))

    def descent(self, context: Context, lr: float, ce_weight: float = 0.0) -> Descent:
        """PESG on AUC-M, and on ``ce_weight`` times the cross entropy."""
        return self.pesg(
            context,
            self._loss(context),
            lr,
            project_alpha=self.project_alpha,
            ce_weight=ce_weight,
        )

    def _loss(self, context: Context) -> AUCLoss:
        if self.prior == "free":
            return PriorFreeAUCMarginLoss(self.margin, self.score_map, context.outputs)
        prior = prior_of(self.prior, context)
        return AUCMarginLoss(prior, self.margin, self.score_map, context.outputs)
