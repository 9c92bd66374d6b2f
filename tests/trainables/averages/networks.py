"""Networks whose answers to augmented images are known."""

import torch
from torch import Tensor, nn

from trainables.models.classifier import BinaryClassifier

__all__ = ["blind_to_mirrors", "with_dropout"]


class _Extremes(nn.Module):
    """Of each channel the brightest and the darkest pixel, wherever they lie."""

    def forward(self, images: Tensor) -> Tensor:
        pixels = images.flatten(2)
        return torch.cat([pixels.amax(2), pixels.amin(2)], dim=1)


def blind_to_mirrors(in_channels: int, image_size: int) -> BinaryClassifier:  # noqa: ARG001
    """Its features do not change, to the last bit, where an image is mirrored."""
    return BinaryClassifier(_Extremes(), nn.Linear(2 * in_channels, 1))


def with_dropout(in_channels: int, image_size: int) -> BinaryClassifier:
    """It draws in training, before its BatchNorm."""
    features = nn.Sequential(
        nn.Flatten(),
        nn.Linear(in_channels * image_size**2, 6),
        nn.Dropout(0.5),
        nn.BatchNorm1d(6),
        nn.ReLU(),
    )
    return BinaryClassifier(features, nn.Linear(6, 1))
