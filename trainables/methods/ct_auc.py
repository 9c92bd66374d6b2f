"""CT-AUC: compositional training, AUC-M after inner steps on the cross entropy, with PDSCA."""

from dataclasses import dataclass

from trainables.losses.auc_margin import AUCMarginLoss
from trainables.methods import fields
from trainables.methods.compositional import CompositionalMethod
from trainables.methods.parts import prior_of
from trainables.recipe import Context, Recipe

__all__ = ["CTAUC"]


@dataclass(frozen=True)
class CTAUC(CompositionalMethod):
    """Inner CE, outer AUC-M, PDSCA."""

    prior: float | str = fields.prior()

    def recipe(self, context: Context) -> Recipe:
        """One stage of PDSCA on AUC-M and the cross entropy."""
        prior = prior_of(self.prior, context)
        return self.compositional(
            context, lambda: AUCMarginLoss(prior, self.margin, self.score_map)
        )
