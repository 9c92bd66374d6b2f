"""torchvision's networks, without pretrained weights, fitted to small images and one logit."""

from typing import Literal

from torch import nn

from trainables.models.classifier import BinaryClassifier

__all__ = ["densenet121", "resnet18"]

SMALL_IMAGE = 64


def resnet18(in_channels: int, image_size: int) -> BinaryClassifier:
    """ResNet18 (He et al. 2016) with the stem of ``_stem``.

    Args:
        in_channels: channels of an image, at least 1.
        image_size: pixels a side, at least 1.
    """
    # Here, because torchvision is slow to import and most studies do without it.
    from torchvision import models

    network = models.resnet18()
    network.conv1, network.maxpool = _stem(in_channels, image_size, mode="fan_out")
    width = network.fc.in_features
    network.fc = nn.Identity()
    return BinaryClassifier(network, nn.Linear(width, 1))


def densenet121(in_channels: int, image_size: int) -> BinaryClassifier:
    """DenseNet121 (Huang et al. 2017) with the stem of ``_stem``.

    Args:
        in_channels: channels of an image, at least 1.
        image_size: pixels a side, at least 8 (the image is halved three times).
    """
    from torchvision import models

    network = models.densenet121()
    stem, pool = _stem(in_channels, image_size, mode="fan_in")
    network.features.conv0, network.features.pool0 = stem, pool
    width = network.classifier.in_features
    network.classifier = nn.Identity()
    return BinaryClassifier(network, nn.Linear(width, 1))


def _stem(
    in_channels: int, image_size: int, mode: Literal["fan_in", "fan_out"]
) -> tuple[nn.Conv2d, nn.Module]:
    """The first convolution and the pool after it; ``mode`` is the initialisation's fan.

    Images of up to 64 pixels get a 3x3 convolution of stride 1 and no pool, as is usual for
    CIFAR (the ImageNet stem would leave 8x8 of 32x32 pixels); larger ones the ImageNet stem.
    """
    pool: nn.Module
    if image_size <= SMALL_IMAGE:
        convolution = nn.Conv2d(in_channels, 64, 3, padding=1, bias=False)
        pool = nn.Identity()
    else:
        convolution = nn.Conv2d(in_channels, 64, 7, stride=2, padding=3, bias=False)
        pool = nn.MaxPool2d(3, stride=2, padding=1)
    nn.init.kaiming_normal_(convolution.weight, mode=mode, nonlinearity="relu")
    return convolution, pool
