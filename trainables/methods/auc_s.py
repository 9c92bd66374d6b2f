"""AUC-S: the min-max square loss with PESG, its alpha free."""

from dataclasses import dataclass

from trainables.methods.api import (
    LABELS,
    AUCSquareLoss,
    Context,
    PESGMethod,
    Recipe,
    fields,
    listed_after,
    one_stage,
    prior_of,
)

__all__ = ["AUCS"]


@dataclass(frozen=True)
class AUCS(PESGMethod):
    """AUC-S loss, PESG without projection."""

    SOURCE = "Ying et al., NeurIPS 2016"
    TARGETS = LABELS

    prior: float | str = listed_after("score_map", fields.prior())

    def recipe(self, context: Context) -> Recipe:
        """One stage of PESG on AUC-S."""
        prior = prior_of(self.prior, context)
        return one_stage(
            lambda: self.pesg(
                context,
                AUCSquareLoss(prior, self.score_map, context.outputs),
                self.lr,
                project_alpha=False,
            )
        )
