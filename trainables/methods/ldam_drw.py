"""LDAM-DRW: CE with margins by class, and late weights, with SGD."""

from dataclasses import dataclass

from torch import Tensor

from trainables.methods.api import (
    LABELS_AND_CLASSES,
    Context,
    Descent,
    LDAMLoss,
    Recipe,
    SoftmaxLDAMLoss,
    SoftSGDMethod,
    Stage,
    decays,
    fields,
    hyperparameter,
    listed_after,
)

__all__ = ["LDAMDRW"]


@dataclass(frozen=True)
class LDAMDRW(SoftSGDMethod):
    """CE with margins that are wider the rarer the class, deferred class weights (LDAM-DRW), SGD.

    ``reweight_from: 1`` is LDAM alone.
    """

    FAMILY = "imbalance-aware cross entropy"
    SOURCE = "Cao et al., NeurIPS 2019 (arXiv 1906.07413)"
    TARGETS = LABELS_AND_CLASSES

    max_margin: float = listed_after("lr", fields.max_margin())
    logit_scale: float = listed_after(
        "max_margin",
        hyperparameter(
            1.0,
            help="s, what logits and margins are multiplied by in training",
            source="1: the plain form; 30 in the authors' code, whose logits are cosines",
            low=0,
            open_low=True,
        ),
    )
    reweight_from: float = listed_after(
        "logit_scale",
        hyperparameter(
            0.8,
            help="where the class weights begin; 1: LDAM without them, 0: from the start",
            source=f"{fields.LDAM}, sec. 4: epoch 160 of 200",
            unit="share of the trial",
            low=0,
            high=1,
        ),
    )
    class_beta: float = listed_after("reweight_from", fields.class_beta(0.9999))

    def loss(self, context: Context) -> LDAMLoss | SoftmaxLDAMLoss:
        """The LDAM loss."""
        own = self.max_margin, self.logit_scale, self.class_beta
        if context.classes:
            assert isinstance(context.prior, Tensor)
            return SoftmaxLDAMLoss(context.prior, context.images, *own)
        return LDAMLoss(context.prior, context.images, *own)

    def recipe(self, context: Context) -> Recipe:
        """One stage of SGD, which weighs the classes from ``reweight_from`` on."""
        loss = self.loss(context)

        def reweight(_: Descent, progress: float) -> None:
            loss.reweight(progress >= self.reweight_from)

        return Recipe(
            [Stage(lambda: self.descent(context, loss), decays=decays(), before_step=reweight)]
        )
