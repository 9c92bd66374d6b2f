"""How hard the images of one class still pull at a network."""

import torch
from torch.nn.functional import binary_cross_entropy_with_logits

from trainables.models.classifier import BinaryClassifier
from trainables.optimizers.inner import trained
from trainables.recipe import Batch

__all__ = ["gradient_norm"]


def gradient_norm(model: BinaryClassifier, batch: Batch) -> float:
    """Euclidean norm of the gradient of the batch's mean cross entropy, over all weights but those
    that the spec freezes.

    It is cross entropy whatever the network is trained with: one function of the network, so that
    methods compare, which their own losses, on other scales and with a, b and alpha besides, do
    not. Weights, their ``grad`` and, with ``model`` in evaluation, all statistics stay as they are.

    Args:
        model: to be looked at.
        batch: images of one class, with targets (B,).
    """
    loss = binary_cross_entropy_with_logits(model(*batch.inputs), batch.targets)
    slopes = torch.autograd.grad(loss, trained(model), allow_unused=True)
    squares = [slope.double().square().sum() for slope in slopes if slope is not None]
    return float(torch.stack(squares).sum().sqrt())
