"""AUC-mixup: AUC maximisation on mixed images with soft labels, with PESG."""

from dataclasses import dataclass

from trainables.methods.api import (
    LABELS,
    AUCMixupLoss,
    Context,
    Mixup,
    PESGMethod,
    Recipe,
    fields,
    listed_after,
    one_stage,
)

__all__ = ["AUCMixup"]


@dataclass(frozen=True)
class AUCMixup(PESGMethod):
    """AUC-mixup loss on mixup batches, PESG."""

    FAMILY = "mixup"
    SOURCE = fields.X
    TARGETS = LABELS

    margin: float = listed_after("lr", fields.margin())
    mixup_alpha: float = listed_after("margin", fields.mixup_alpha())
    mixup_draw: str = listed_after("score_map", fields.mixup_draw())
    mixup_variance: str = listed_after("mixup_draw", fields.mixup_variance())
    project_alpha: bool = listed_after("mixup_variance", fields.project_alpha())

    def recipe(self, context: Context) -> Recipe:
        """One stage of PESG on AUC-mixup."""
        soft = self.mixup_variance == "soft"
        return one_stage(
            lambda: self.pesg(
                context,
                AUCMixupLoss(self.margin, self.score_map, soft, context.outputs),
                self.lr,
                project_alpha=self.project_alpha,
                mix=Mixup(self.mixup_alpha, self.mixup_draw == "sample", context.generator),
            )
        )
