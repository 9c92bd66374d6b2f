"""Networks that a user might bring, with options of their own."""

from torch import nn

from trainables.models.classifier import BinaryClassifier

__all__ = ["deep", "wide"]


def wide(
    in_channels: int, image_size: int, *, width: int = 4, drop_rate: float = 0.0
) -> BinaryClassifier:
    """One hidden layer of so many units, some left out in training."""
    pixels = in_channels * image_size**2
    hidden = nn.Sequential(nn.Flatten(), nn.Linear(pixels, width), nn.ReLU(), nn.Dropout(drop_rate))
    return BinaryClassifier(hidden, nn.Linear(width, 1))


def deep(in_channels: int, image_size: int, *, depth: int) -> BinaryClassifier:
    """So many hidden layers of 4 units; there is no depth by default."""
    pixels = in_channels * image_size**2
    layers = [nn.Linear(4, 4) for _ in range(depth)]
    return BinaryClassifier(
        nn.Sequential(nn.Flatten(), nn.Linear(pixels, 4), *layers), nn.Linear(4, 1)
    )
