"""ResNet20 for small images with ELU, the benchmarks' network of Yuan et al. (ICCV 2021)."""

import torch.nn.functional as F
from torch import Tensor, nn

from trainables.models.classifier import BinaryClassifier
from trainables.models.elu import ELU, elu

__all__ = ["resnet20"]

BLOCKS = 3
WIDTHS = (16, 32, 64)


class _Block(nn.Module):
    """Two 3x3 convolutions beside a shortcut without parameters (He et al. 2016, option A)."""

    def __init__(self, in_channels: int, width: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(in_channels, width, 3, stride, padding=1, bias=False)
        self.norm1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, padding=1, bias=False)
        self.norm2 = nn.BatchNorm2d(width)
        self.stride = stride
        self.new_channels = width - in_channels

    def forward(self, x: Tensor) -> Tensor:
        out = elu(self.norm1(self.conv1(x)))
        out = self.norm2(self.conv2(out))
        if self.new_channels or self.stride > 1:
            half = self.new_channels // 2
            x = x[:, :, :: self.stride, :: self.stride]
            x = F.pad(x, (0, 0, 0, 0, half, self.new_channels - half))
        return elu(out + x)


def resnet20(in_channels: int, image_size: int) -> BinaryClassifier:  # noqa: ARG001
    """ResNet20, widths 16-32-64: 269,137 parameters in 59 tensors for three channels.

    ELU instead of ReLU, as in Yuan et al. ("Large-scale Robust Deep AUC Maximization").
    Convolutions start as in He et al. 2015 (normal, fan in). Any image size works: the features
    are means over the image, and the strides halve it twice.

    Args:
        in_channels: channels of an image, at least 1.
        image_size: pixels a side, at least 1.
    """
    layers: list[nn.Module] = [
        nn.Conv2d(in_channels, WIDTHS[0], 3, padding=1, bias=False),
        nn.BatchNorm2d(WIDTHS[0]),
        ELU(),
    ]
    channels = WIDTHS[0]
    for width in WIDTHS:
        for _ in range(BLOCKS):
            layers.append(_Block(channels, width, stride=1 if width == channels else 2))
            channels = width
    features = nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten())
    for module in features.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight)
    return BinaryClassifier(features, nn.Linear(channels, 1))
