"""CT-AUC: compositional training, AUC-M after inner steps on the cross entropy, with PDSCA."""

from dataclasses import dataclass

from trainables.methods.api import (
    LABELS,
    AUCMarginLoss,
    CompositionalMethod,
    Context,
    Recipe,
    fields,
    prior_of,
)

__all__ = ["CTAUC"]


@dataclass(frozen=True)
class CTAUC(CompositionalMethod):
    """Inner CE, outer AUC-M, PDSCA."""

    SOURCE = fields.C
    TARGETS = LABELS

    prior: float | str = fields.prior()

    def recipe(self, context: Context) -> Recipe:
        """One stage of PDSCA on AUC-M and the cross entropy."""
        prior = prior_of(self.prior, context)
        return self.compositional(
            context, lambda: AUCMarginLoss(prior, self.margin, self.score_map, context.outputs)
        )
