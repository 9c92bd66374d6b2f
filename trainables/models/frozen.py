"""A classifier of which the head alone is trained."""

import torch
from torch import Tensor, nn

from trainables.models.classifier import BinaryClassifier

__all__ = ["head_only"]


class _Frozen(nn.Module):
    """Features as in evaluation: they get no gradient, and their BatchNorm learns nothing."""

    def __init__(self, features: nn.Module) -> None:
        super().__init__()
        self._features = (features,)  # in a tuple, so that they are no part of this module

    def forward(self, images: Tensor) -> Tensor:
        """(B, C, H, W) to (B, D)."""
        (features,) = self._features
        training = features.training
        features.eval()
        with torch.no_grad():
            embedding: Tensor = features(images)
        features.train(training)
        return embedding


def head_only(model: BinaryClassifier) -> BinaryClassifier:
    """``model`` with its own head and its features fixed; the head is all of its parameters."""
    return BinaryClassifier(_Frozen(model.features), model.head, model.precision)
