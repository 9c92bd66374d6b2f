"""What all methods of one loss of soft labels with SGD share: those of SGD, and a mix."""

from dataclasses import dataclass

from torch import nn

from trainables.methods.mixing import MixingMethod
from trainables.methods.sgd import SGDMethod
from trainables.recipe import Context
from trainables.updates import Descent, Mix

__all__ = ["SoftSGDMethod"]


@dataclass(frozen=True)
class SoftSGDMethod(MixingMethod, SGDMethod):
    """A method of one loss that takes labels between 0 and 1, with SGD on batches that are mixed if
    ``mix`` says so.
    """

    def descent(self, context: Context, loss: nn.Module, mix: Mix | None = None) -> Descent:
        """SGD on ``loss``; of None the batches are mixed as ``mix`` of the method has it."""
        return super().descent(context, loss, self.mixing(context) if mix is None else mix)
