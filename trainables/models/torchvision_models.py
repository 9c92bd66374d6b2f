"""torchvision's networks, without pretrained weights, fitted to small images and one logit."""

from collections.abc import Callable
from typing import Any, Literal

import torch
from torch import nn

from trainables.errors import UnknownNameError
from trainables.models.classifier import BinaryClassifier

__all__ = ["TORCHVISION", "densenet121", "has_small_stem", "resnet18"]

SMALL_IMAGE = 64
"""Pixels a side up to which a network gets a stem that keeps more of them."""

STEMS = ("small", "own")
"""Values of the option ``stem``."""


def resnet18(in_channels: int, image_size: int, *, stem: str | None = None) -> BinaryClassifier:
    """ResNet18 (He et al. 2016); small images get a small stem.

    Args:
        in_channels: channels of an image, at least 1.
        image_size: pixels a side, at least 1.
        stem: "own", the network's, a 7x7 convolution and a pool that leave an eighth of 32 pixels
            a side and that weights of ImageNet fill; "small", a 3x3 convolution of stride 1, which
            is drawn anew beside such weights; None: "small" up to 64 pixels a side.

    Raises:
        UnknownNameError: there is no such stem.
    """
    return _resnet("resnet18", in_channels, image_size, stem)


def resnet34(in_channels: int, image_size: int, *, stem: str | None = None) -> BinaryClassifier:
    """ResNet34 (He et al. 2016); arguments as of ``resnet18``."""
    return _resnet("resnet34", in_channels, image_size, stem)


def resnet50(in_channels: int, image_size: int, *, stem: str | None = None) -> BinaryClassifier:
    """ResNet50 (He et al. 2016); arguments as of ``resnet18``."""
    return _resnet("resnet50", in_channels, image_size, stem)


def densenet121(
    in_channels: int, image_size: int, *, drop_rate: float = 0.0, stem: str | None = None
) -> BinaryClassifier:
    """DenseNet121 (Huang et al. 2017); small images get a small stem.

    Args:
        in_channels: channels of an image, at least 1.
        image_size: pixels a side, at least 8 (the image is halved three times).
        drop_rate: of the dropout after each layer, in [0, 1).
        stem: as of ``resnet18``; with "own" images have at least 32 pixels a side.

    Raises:
        UnknownNameError: there is no such stem.
    """
    return _densenet("densenet121", in_channels, image_size, drop_rate, stem)


def _densenets(name: str) -> Callable[..., BinaryClassifier]:
    def build(
        in_channels: int, image_size: int, *, drop_rate: float = 0.0, stem: str | None = None
    ) -> BinaryClassifier:
        return _densenet(name, in_channels, image_size, drop_rate, stem)

    build.__doc__ = f"""{name.replace("densenet", "DenseNet")} (Huang et al. 2017); arguments as of
    ``densenet121``."""
    return build


def _efficientnets(name: str) -> Callable[..., BinaryClassifier]:
    def build(
        in_channels: int, image_size: int, *, drop_path_rate: float = 0.2
    ) -> BinaryClassifier:
        from torchvision import models

        network = getattr(models, name)(stochastic_depth_prob=drop_path_rate)
        stem = network.features[0]
        stem[0] = _fitted(stem[0], in_channels, image_size, stride=1)
        width = network.classifier[-1].in_features
        network.classifier = nn.Identity()
        return BinaryClassifier(network, nn.Linear(width, 1))

    what = name.removeprefix("efficientnet_").upper().replace("_", "-")
    years = "2021, version 2" if "v2" in name else "2019"
    build.__doc__ = f"""EfficientNet-{what} (Tan and Le {years}), its blocks left out at random in
    training; small images are not halved by its first convolution.

    Args:
        in_channels: channels of an image, at least 1.
        image_size: pixels a side, at least 1.
        drop_path_rate: of leaving out the last block, in [0, 1); earlier ones in proportion.
    """
    return build


def convnext_tiny(
    in_channels: int, image_size: int, *, drop_path_rate: float = 0.1
) -> BinaryClassifier:
    """ConvNeXt-T (Liu et al. 2022), whose blocks are left out at random in training; its patches
    of 4x4 pixels overlap by half in small images.

    Args:
        in_channels: channels of an image, at least 1.
        image_size: pixels a side, at least 28.
        drop_path_rate: of leaving out the last block, in [0, 1); earlier ones in proportion.
    """
    from torchvision import models

    network = models.convnext_tiny(stochastic_depth_prob=drop_path_rate)
    stem = network.features[0]
    stem[0] = _fitted(stem[0], in_channels, image_size, stride=2)
    *before, head = network.classifier
    network.classifier = nn.Sequential(*before)
    return BinaryClassifier(network, nn.Linear(head.in_features, 1))


def has_small_stem(stem: str | None, image_size: int) -> bool:
    """Whether a network gets the stem for small images.

    Raises:
        UnknownNameError: there is no such stem.
    """
    if stem not in (None, *STEMS):
        raise UnknownNameError(f"stem must be one of {', '.join(STEMS)}, not {stem!r}.")
    return image_size <= SMALL_IMAGE if stem is None else stem == "small"


def _resnet(name: str, in_channels: int, image_size: int, stem: str | None) -> BinaryClassifier:
    # Here, because torchvision is slow to import and most studies do without it.
    from torchvision import models

    network = getattr(models, name)()
    network.conv1, network.maxpool = _stem(
        in_channels, 64, has_small_stem(stem, image_size), mode="fan_out"
    )
    width = network.fc.in_features
    network.fc = nn.Identity()
    return BinaryClassifier(network, nn.Linear(width, 1))


def _densenet(
    name: str, in_channels: int, image_size: int, drop_rate: float, stem: str | None
) -> BinaryClassifier:
    from torchvision import models

    network = getattr(models, name)(drop_rate=drop_rate)
    channels = network.features.conv0.out_channels
    network.features.conv0, network.features.pool0 = _stem(
        in_channels, channels, has_small_stem(stem, image_size), mode="fan_in"
    )
    width = network.classifier.in_features
    network.classifier = nn.Identity()
    return BinaryClassifier(network, nn.Linear(width, 1))


def _stem(
    in_channels: int, width: int, small: bool, mode: Literal["fan_in", "fan_out"]
) -> tuple[nn.Conv2d, nn.Module]:
    """The first convolution and the pool after it; ``mode`` is the initialisation's fan.

    Small images get a 3x3 convolution of stride 1 and no pool, as is usual for CIFAR (the ImageNet
    stem would leave 8x8 of 32x32 pixels); others the ImageNet stem.
    """
    pool: nn.Module
    if small:
        convolution = nn.Conv2d(in_channels, width, 3, padding=1, bias=False)
        pool = nn.Identity()
    else:
        convolution = nn.Conv2d(in_channels, width, 7, stride=2, padding=3, bias=False)
        pool = nn.MaxPool2d(3, stride=2, padding=1)
    nn.init.kaiming_normal_(convolution.weight, mode=mode, nonlinearity="relu")
    return convolution, pool


def _fitted(first: nn.Conv2d, in_channels: int, image_size: int, stride: int) -> nn.Conv2d:
    """A first convolution for so many channels, and of ``stride`` where images are small."""
    small = image_size <= SMALL_IMAGE
    kept: dict[str, Any] = {"bias": first.bias is not None, "padding": first.padding}
    if small and first.padding == (0, 0):
        kept["padding"] = stride // 2
    fitted = nn.Conv2d(
        in_channels,
        first.out_channels,
        first.kernel_size,  # type: ignore[arg-type]
        stride if small else first.stride,  # type: ignore[arg-type]
        **kept,
    )
    with torch.no_grad():
        if in_channels == first.in_channels:
            fitted.weight.copy_(first.weight)
        else:  # spread as the network's own
            fitted.weight.normal_(0.0, float(first.weight.std()))
        if first.bias is not None and fitted.bias is not None:
            fitted.bias.copy_(first.bias)
    return fitted


TORCHVISION: dict[str, Callable[..., BinaryClassifier]] = {
    "resnet18": resnet18,
    "resnet34": resnet34,
    "resnet50": resnet50,
    "densenet121": densenet121,
    **{name: _densenets(name) for name in ("densenet161", "densenet169", "densenet201")},
    **{
        name: _efficientnets(name)
        for name in (
            *(f"efficientnet_b{size}" for size in range(8)),
            "efficientnet_v2_s",
            "efficientnet_v2_m",
        )
    },
    "convnext_tiny": convnext_tiny,
}
"""By name, as a spec has it."""
