"""A small convolutional network for small images and quick studies."""

from torch import nn

from trainables.models.classifier import BinaryClassifier

__all__ = ["small_cnn"]

WIDTHS = (16, 32, 64)


def small_cnn(in_channels: int, image_size: int) -> BinaryClassifier:
    """Three 3x3 convolutions with batch norm and ReLU, then the mean over the image.

    The image is halved after the first and the second convolution as long as 4 pixels or more
    are left on a side. 23,473 parameters for one channel.

    Args:
        in_channels: channels of an image, at least 1.
        image_size: pixels a side, at least 1.
    """
    layers: list[nn.Module] = []
    ends = []
    channels, size = in_channels, image_size
    for width in WIDTHS:
        layers += [
            nn.Conv2d(channels, width, 3, padding=1, bias=False),
            nn.BatchNorm2d(width),
            nn.ReLU(inplace=True),
        ]
        channels = width
        if width != WIDTHS[-1] and size >= 8:
            layers.append(nn.MaxPool2d(2))
            size //= 2
        ends.append(str(len(layers) - 1))
    layers += [nn.AdaptiveAvgPool2d(1), nn.Flatten()]
    return BinaryClassifier(nn.Sequential(*layers), nn.Linear(channels, 1), mix_layers=ends[:-1])
