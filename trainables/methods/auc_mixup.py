"""AUC-mixup: AUC maximisation on mixed images with soft labels, with PESG."""

from dataclasses import dataclass

from trainables.losses.auc_mixup import AUCMixupLoss
from trainables.method import Method
from trainables.methods import fields
from trainables.methods.parts import one_stage, pesg
from trainables.mixup import Mixup
from trainables.recipe import Context, Recipe

__all__ = ["AUCMixup"]


@dataclass(frozen=True)
class AUCMixup(Method):
    """AUC-mixup loss on mixup batches, PESG."""

    lr: float = fields.lr()
    margin: float = fields.margin()
    mixup_alpha: float = fields.mixup_alpha()
    epoch_decay: float = fields.epoch_decay()
    weight_decay: float = fields.weight_decay()
    score_map: str = fields.score_map()
    mixup_draw: str = fields.mixup_draw()
    mixup_variance: str = fields.mixup_variance()
    project_alpha: bool = fields.project_alpha()
    momentum: float = fields.momentum()
    clip: float | None = fields.clip()

    def recipe(self, context: Context) -> Recipe:
        """One stage of PESG on AUC-mixup."""
        return one_stage(
            lambda: pesg(
                context,
                AUCMixupLoss(self.margin, self.score_map, self.mixup_variance == "soft"),
                context.model.parameters(),
                lr=self.lr,
                epoch_decay=self.epoch_decay,
                weight_decay=self.weight_decay,
                momentum=self.momentum,
                clip=self.clip,
                project_alpha=self.project_alpha,
                mix=Mixup(self.mixup_alpha, self.mixup_draw == "sample", context.generator),
            ),
        )
