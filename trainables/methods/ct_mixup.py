"""CT-mixup: compositional training on mixup batches, with PDSCA.

Our reading of Xv, Li, Yang, AUC-mixup (arXiv 2310.11693): the inner loss is the cross entropy of
soft labels, the outer one AUC-mixup. Each of the two batches is mixed on its own.
"""

from dataclasses import dataclass

from trainables.methods.api import (
    LABELS,
    AUCMixupLoss,
    CompositionalMethod,
    Context,
    Mixup,
    Recipe,
    fields,
)

__all__ = ["CTMixup"]


@dataclass(frozen=True)
class CTMixup(CompositionalMethod):
    """Inner CE, outer AUC-mixup, both on mixup batches, PDSCA."""

    FAMILY = "mixup"
    SOURCE = fields.X
    TARGETS = LABELS

    mixup_alpha: float = fields.mixup_alpha()
    mixup_draw: str = fields.mixup_draw()
    mixup_variance: str = fields.mixup_variance()

    def recipe(self, context: Context) -> Recipe:
        """One stage of PDSCA on AUC-mixup and the cross entropy."""
        soft = self.mixup_variance == "soft"
        return self.compositional(
            context,
            lambda: AUCMixupLoss(self.margin, self.score_map, soft, context.outputs),
            Mixup(self.mixup_alpha, self.mixup_draw == "sample", context.generator),
        )
