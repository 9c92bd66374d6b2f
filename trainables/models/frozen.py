"""Networks of which a part alone is trained."""

from typing import Any, Self

import torch
from torch import Tensor, nn

from trainables.models.branch import Branched
from trainables.models.classifier import BinaryClassifier

__all__ = ["AsItIs", "branch_alone", "head_only", "image_alone"]


class AsItIs(nn.Module):
    """A network as in evaluation: it gets no gradient, and its BatchNorm learns nothing.

    Its weights are no part of this module, and copies of this one share them.
    """

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self._network = (network,)  # in a tuple, so that it is no part of this module

    def forward(self, images: Tensor) -> Tensor:
        """What the network gives in evaluation."""
        (network,) = self._network
        training = network.training
        network.eval()
        with torch.no_grad():
            found: Tensor = network(images)
        network.train(training)
        return found

    def __deepcopy__(self, memo: Any) -> Self:
        """Itself: a copy would not follow the network when a saved trial is loaded."""
        return self


def head_only(model: BinaryClassifier) -> BinaryClassifier:
    """``model`` with its own head and its features fixed; the head is all of its parameters.

    With a branch it has two heads, of which both are trained that were.
    """
    if isinstance(model, Branched):
        image, branch = model.image, model.branch
        if isinstance(image, BinaryClassifier):
            image = head_only(image)
        return Branched(image, None if branch is None else head_only(branch), model.merge)
    return BinaryClassifier(AsItIs(model.features), model.head, model.precision)


def image_alone(model: Branched) -> Branched:
    """The image network without the branch, which sees none of the metadata."""
    return Branched(model.image, None, model.merge)


def branch_alone(model: Branched) -> Branched:
    """The branch beside the image network as it is; the branch is all of its parameters."""
    return Branched(AsItIs(model.image), model.branch, model.merge)
