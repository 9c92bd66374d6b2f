"""What all methods of one AUC loss share: PESG and its hyperparameters."""

from dataclasses import dataclass

from trainables.losses.auc import AUCLoss
from trainables.method import Method
from trainables.methods import fields, parts
from trainables.recipe import Context
from trainables.updates import Descent, Mix, unmixed

__all__ = ["PESGMethod"]


@dataclass(frozen=True)
class PESGMethod(Method):
    """A method of an AUC loss, with PESG."""

    FAMILY = "min-max AUC"

    lr: float = fields.lr()
    epoch_decay: float = fields.epoch_decay()
    weight_decay: float = fields.weight_decay()
    score_map: str = fields.score_map()
    momentum: float = fields.momentum()
    clip: float | None = fields.clip()

    def pesg(
        self,
        context: Context,
        loss: AUCLoss,
        lr: float,
        *,
        project_alpha: bool = True,
        ce_weight: float = 0.0,
        mix: Mix = unmixed,
    ) -> Descent:
        """PESG on ``loss``, and on ``ce_weight`` times the cross entropy; to be made in a stage.

        Args:
            context: whose model is trained.
            loss: a new one.
            lr: the learning rate, which need not be the method's own.
            project_alpha: keep alpha at 0 or above.
            ce_weight: at least 0; 0: no cross entropy.
            mix: done to each batch first.
        """
        return parts.pesg(
            context,
            loss,
            context.weights,
            lr=lr,
            epoch_decay=self.epoch_decay,
            weight_decay=self.weight_decay,
            momentum=self.momentum,
            clip=self.clip,
            project_alpha=project_alpha,
            ce_weight=ce_weight,
            mix=mix,
        )
