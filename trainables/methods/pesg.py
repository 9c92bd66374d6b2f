"""What all methods of one AUC loss share: PESG or another optimizer, and its hyperparameters."""

from dataclasses import dataclass

from trainables.losses.auc import AUCLoss
from trainables.losses.ce import CELoss
from trainables.methods import fields, parts
from trainables.methods.mixing import MixingMethod
from trainables.recipe import Context
from trainables.updates import Descent, Mix

__all__ = ["PESGMethod"]


@dataclass(frozen=True)
class PESGMethod(MixingMethod):
    """A method of an AUC loss, with PESG or another optimizer.

    Of "sgd", "adam" and "adamw" the primal variables w, a and b go by torch's optimizer of that
    name and alpha by projected ascent, as in PESG, at ``dual_lr``
    (`trainables.optimizers.ascent.Ascent`). "sam" is PESG with all gradients, those in a, b and
    alpha too, at the worst w near by: gradients of one function, the largest F(w + e, a, b, alpha).
    """

    FAMILY = "min-max AUC"

    lr: float = fields.lr()
    epoch_decay: float = fields.epoch_decay("; of optimizer pesg and sam alone")
    reference: str = fields.reference("; of optimizer pesg and sam alone")
    weight_decay: float = fields.weight_decay()
    score_map: str = fields.score_map()
    momentum: float = fields.momentum()
    clip: float | None = fields.clip()
    optimizer: str = fields.optimizer("pesg", sgd="sgd: pesg without epoch_decay; ")
    dual_lr: float | None = fields.dual_lr()
    sam_rho: float = fields.sam_rho()

    def pesg(
        self,
        context: Context,
        loss: AUCLoss,
        lr: float,
        *,
        project_alpha: bool = True,
        ce_weight: float = 0.0,
        mix: Mix | None = None,
    ) -> Descent:
        """The optimizer on ``loss`` and ``ce_weight`` times the cross entropy; made in a stage.

        Args:
            context: whose model is trained.
            loss: a new one.
            lr: the learning rate, which need not be the method's own.
            project_alpha: keep alpha at 0 or above.
            ce_weight: at least 0; 0: no cross entropy.
            mix: done to each batch first; None: what ``mix`` of the method says.
        """
        adaptive = self.optimizer in ("adam", "adamw")
        return parts.pesg(
            context,
            loss,
            context.weights,
            lr=lr,
            epoch_decay=self.epoch_decay,
            reference=parts.reference_of(self.reference, context),
            weight_decay=self.weight_decay,
            momentum=self.momentum,
            clip=self.clip,
            project_alpha=project_alpha,
            ce_weight=ce_weight,
            optimizer=self.optimizer,
            dual_lr=fields.DUAL_LR if self.dual_lr is None and adaptive else self.dual_lr,
            sam_rho=self.sam_rho,
            mix=self.mixing(context) if mix is None else mix,
        )

    def cross_entropy(self, context: Context) -> Descent:
        """The optimizer on CE, before the AUC loss: SGD without momentum in the place of PESG."""
        own = {"pesg": "sgd"}
        return parts.descent(
            own.get(self.optimizer, self.optimizer),
            context,
            CELoss(),
            context.weights,
            lr=self.lr,
            weight_decay=self.weight_decay,
            sam_rho=self.sam_rho,
            mix=self.mixing(context),
        )
