"""What all methods of one loss by SGD or the like share: hyperparameters and the one stage."""

from abc import abstractmethod
from dataclasses import dataclass

from torch import nn

from trainables.method import Method
from trainables.methods import fields, parts
from trainables.recipe import Context, Recipe
from trainables.updates import Descent, Mix, unmixed

__all__ = ["SGDMethod"]


@dataclass(frozen=True)
class SGDMethod(Method):
    """A method of one loss without parameters of its own, with SGD or another optimizer."""

    lr: float = fields.lr()
    weight_decay: float = fields.weight_decay()
    momentum: float = fields.sgd_momentum()
    optimizer: str = fields.optimizer("sgd")
    sam_rho: float = fields.sam_rho()

    @abstractmethod
    def loss(self, context: Context) -> nn.Module:
        """A new one, of logits and targets; or a `trainables.losses.image_state.ImageStateLoss`."""

    def recipe(self, context: Context) -> Recipe:
        """One stage of the optimizer on the loss."""
        return parts.one_stage(lambda: self.descent(context, self.loss(context)))

    def descent(self, context: Context, loss: nn.Module, mix: Mix = unmixed) -> Descent:
        """``loss`` by the optimizer, of batches that ``mix`` has mixed; to be made in a stage."""
        return parts.descent(
            self.optimizer,
            context,
            loss,
            context.weights,
            lr=self.lr,
            weight_decay=self.weight_decay,
            momentum=self.momentum,
            sam_rho=self.sam_rho,
            mix=mix,
        )
