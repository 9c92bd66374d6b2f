"""A plain multilayer perceptron: the cheapest model, and one without batch norm."""

from torch import nn

from trainables.models.classifier import BinaryClassifier
from trainables.models.elu import ELU

__all__ = ["mlp"]


def mlp(in_channels: int, image_size: int) -> BinaryClassifier:
    """Two hidden layers of 128 and 64 ELUs on the flat image.

    Args:
        in_channels: channels of an image, at least 1.
        image_size: pixels a side, at least 1.
    """
    features = nn.Sequential(
        nn.Flatten(),
        nn.Linear(in_channels * image_size**2, 128),
        ELU(),
        nn.Linear(128, 64),
        ELU(),
    )
    return BinaryClassifier(features, nn.Linear(64, 1), mix_layers=("2",))
