"""A small convolutional network for small volumes and quick studies."""

from torch import nn

from trainables.models.classifier import BinaryClassifier

__all__ = ["small_cnn_3d"]

WIDTHS = (16, 32, 64)


def small_cnn_3d(in_channels: int, image_size: int) -> BinaryClassifier:
    """`small_cnn` with a third axis: three 3x3x3 convolutions, then the mean over the volume.

    The volume is halved after the first and the second convolution as long as 4 voxels or more are
    left on a side; its depth may be another, down to 1. 69,841 parameters for one channel.

    Args:
        in_channels: channels of a volume (B, C, D, H, W), at least 1.
        image_size: voxels a side, H = W, at least 1.
    """
    layers: list[nn.Module] = []
    ends = []
    channels, size = in_channels, image_size
    for width in WIDTHS:
        layers += [
            nn.Conv3d(channels, width, 3, padding=1, bias=False),
            nn.BatchNorm3d(width),
            nn.ReLU(inplace=True),
        ]
        channels = width
        if width != WIDTHS[-1] and size >= 8:
            layers.append(nn.MaxPool3d(2, ceil_mode=True))  # a depth of 1 stays
            size //= 2
        ends.append(str(len(layers) - 1))
    layers += [nn.AdaptiveAvgPool3d(1), nn.Flatten()]
    return BinaryClassifier(nn.Sequential(*layers), nn.Linear(channels, 1), mix_layers=ends[:-1])
