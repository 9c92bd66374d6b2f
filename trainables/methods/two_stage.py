"""Two-stage: pretraining with the cross entropy, then AUC-M on all layers with a new last one."""

from dataclasses import dataclass

from trainables.methods.api import (
    CELoss,
    Context,
    Descent,
    Recipe,
    Stage,
    decays,
    descent,
    fields,
    hyperparameter,
)
from trainables.methods.auc_m import AUCM

__all__ = ["TwoStage"]


@dataclass(frozen=True)
class TwoStage(AUCM):
    """CE with SGD or Adam, then a new last layer and AUC-M with PESG on all layers."""

    FAMILY = "two stages"

    pretrain_share: float = hyperparameter(
        0.5,
        help="share of the trial that is pretraining",
        source=f"ours; {fields.M} gives epochs by data set",
        low=0,
        high=1,
        open_low=True,
        open_high=True,
    )
    pretrain_optimizer: str = hyperparameter(
        "sgd",
        help="optimizer of the pretraining, without momentum if sgd or sam",
        source=f"sgd: as the CE baseline of {fields.M}; adam: its medical sets; else options",
        choices=("sgd", "adam", "adamw", "sam"),
    )
    pretrain_lr: float = hyperparameter(
        0.1,
        help="learning rate of the pretraining; with adam about 0.001 is usual",
        source=f"{fields.M}, benchmark sets; adam: Kingma and Ba, ICLR 2015",
        low=0,
        open_low=True,
    )

    def recipe(self, context: Context) -> Recipe:
        """Two stages; in each the learning rate decays at 50 % and 75 % of its length."""
        share = self.pretrain_share
        return Recipe(
            [
                Stage(lambda: self._pretraining(context), end=share, decays=decays(0.0, share)),
                Stage(
                    lambda: self.descent(context, self.lr),
                    decays=decays(share),
                    prepare=lambda: context.model.reset_head(context.generator),
                ),
            ]
        )

    def _pretraining(self, context: Context) -> Descent:
        return descent(
            self.pretrain_optimizer,
            context,
            CELoss(),
            context.weights,
            lr=self.pretrain_lr,
            weight_decay=self.weight_decay,
            sam_rho=self.sam_rho,
        )
