"""CE with all that a practitioner would tune: the baseline that a special loss has to beat."""

from dataclasses import dataclass

from trainables.methods.api import (
    LABELS,
    Context,
    Cutout,
    Descent,
    MixingMethod,
    Recipe,
    Stage,
    WeightedCELoss,
    decays,
    descent,
    fields,
    hyperparameter,
    then,
    warmed_up,
)

__all__ = ["CETuned"]


@dataclass(frozen=True)
class CETuned(MixingMethod):
    """CE loss, SGD with momentum, and the usual settings of plain training.

    The idea of the source: plain training that is tuned matches methods made for imbalance.
    """

    FAMILY = "cross entropy"
    SOURCE = "Shwartz-Ziv et al., NeurIPS 2023 (arXiv 2312.02517)"
    TARGETS = LABELS

    lr: float = fields.lr()
    weight_decay: float = fields.weight_decay()
    momentum: float = hyperparameter(
        0.9,
        help="momentum of SGD, alone or in sam (torch's form: the past is added, not averaged); "
        "0: none; adam and adamw have their own instead",
        source="He et al., CVPR 2016: CIFAR",
        low=0,
        high=1,
        open_high=True,
        only_with={"optimizer": ("sgd", "sam")},
    )
    nesterov: bool = hyperparameter(
        True,
        help="Nesterov's form of the momentum, where there is one",
        source="Zagoruyko and Komodakis, BMVC 2016: CIFAR",
        only_with={"optimizer": ("sgd", "sam")},
    )
    label_smoothing: float = hyperparameter(
        0.0,
        help="what is taken from the true label; 0: none",
        source="Szegedy et al., CVPR 2016, sec. 7",
        low=0,
        high=1,
        open_high=True,
    )
    class_balance: float = hyperparameter(
        0.0,
        help="a class weighs 1 / its frequency to this power; 0: all images alike, 1: all classes",
        source="King and Zeng, Political Analysis 2001, eq. (8), for 1",
        low=0,
    )
    batch_factor: float = hyperparameter(
        1.0,
        help="images of a batch, as a multiple of the task's batch_size; as many images in all",
        source="1: the task's",
        unit="batches of the task",
        low=0,
        open_low=True,
    )
    cutout: float = hyperparameter(
        0.0,
        help="side of the rectangle that is blanked in each image, after the task's augmentation",
        source="DeVries and Taylor, arXiv 1708.04552; 0: none",
        unit="share of the image's side",
        low=0,
        high=1,
    )
    warm_up: float = hyperparameter(
        0.0,
        help="part in which the learning rate rises from a tenth to the whole; 0: none",
        source="Goyal et al., arXiv 1706.02677, sec. 2.2: gradual, 5 of 90 epochs",
        unit="share of the trial",
        low=0,
        high=0.5,
    )
    optimizer: str = fields.optimizer("sgd")
    sam_rho: float = fields.sam_rho()

    def images_a_batch(self, of_task: int) -> int:
        """``batch_factor`` times as many, but not so few that BatchNorm fails."""
        return max(min(2, of_task), round(self.batch_factor * of_task))

    def recipe(self, context: Context) -> Recipe:
        """One stage of SGD, its learning rate rising and then decaying at 50 % and 75 %."""

        def start() -> Descent:
            return descent(
                self.optimizer,
                context,
                WeightedCELoss(context.prior, self.class_balance, self.label_smoothing),
                context.weights,
                lr=self.lr,
                weight_decay=self.weight_decay,
                momentum=self.momentum,
                nesterov=self.nesterov and self.momentum > 0,
                sam_rho=self.sam_rho,
                mix=then(Cutout(self.cutout, context.generator), self.mixing(context)),
            )

        return Recipe([Stage(start, decays=decays(), before_step=warmed_up(self.lr, self.warm_up))])
