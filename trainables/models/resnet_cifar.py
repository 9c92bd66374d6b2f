"""ResNets for small images; ResNet20 with ELU is the benchmarks' network of Yuan et al. 2021."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

import torch.nn.functional as F
from torch import Tensor, nn

from trainables.errors import UnknownNameError
from trainables.models.classifier import BinaryClassifier
from trainables.models.elu import ELU, elu

__all__ = ["resnet20", "resnet32", "resnet56"]

WIDTHS = (16, 32, 64)


def _relu(x: Tensor) -> Tensor:
    return F.relu(x, inplace=True)


ACTIVATIONS: Mapping[str, Callable[[Tensor], Tensor]] = MappingProxyType(
    {"elu": elu, "relu": _relu}
)
"""By name; each may overwrite what it gets."""


INITS: Mapping[str, Callable[[Tensor], Tensor]] = MappingProxyType(
    {"he": nn.init.kaiming_normal_, "xavier": nn.init.xavier_normal_}
)
"""By name: how the weights of convolutions begin."""


class _Block(nn.Module):
    """Two 3x3 convolutions beside a shortcut without parameters (He et al. 2016, option A)."""

    def __init__(
        self, in_channels: int, width: int, stride: int, activation: Callable[[Tensor], Tensor]
    ) -> None:
        super().__init__()
        self.activation = activation
        self.conv1 = nn.Conv2d(in_channels, width, 3, stride, padding=1, bias=False)
        self.norm1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, padding=1, bias=False)
        self.norm2 = nn.BatchNorm2d(width)
        self.stride = stride
        self.new_channels = width - in_channels

    def forward(self, x: Tensor) -> Tensor:
        out = self.activation(self.norm1(self.conv1(x)))
        out = self.norm2(self.conv2(out))
        if self.new_channels or self.stride > 1:
            half = self.new_channels // 2
            x = x[:, :, :: self.stride, :: self.stride]
            x = F.pad(x, (0, 0, 0, 0, half, self.new_channels - half))
        return self.activation(out + x)


def resnet20(
    in_channels: int,
    image_size: int,  # noqa: ARG001
    *,
    activation: str = "elu",
    init: str = "he",
) -> BinaryClassifier:
    """ResNet20, widths 16-32-64: 269,137 parameters in 59 tensors for three channels.

    ELU instead of ReLU, as in Yuan et al. ("Large-scale Robust Deep AUC Maximization"). Any image
    size works: the features are means over the image, and the strides halve it twice.

    Args:
        in_channels: channels of an image, at least 1.
        image_size: pixels a side, at least 1.
        activation: "elu" or "relu".
        init: "he": convolutions start as in He et al. 2015 (normal, fan in), the last layer as
            PyTorch has it; "xavier": all of them as in Glorot and Bengio 2010 (normal), as in
            LibAUC, and so does a last layer that is drawn anew. Batch normalisation takes the size
            of a convolution's weights out again, but smaller weights turn faster: with "xavier" a
            step of the same learning rate goes further.

    Raises:
        UnknownNameError: there is no such activation or init.
    """
    return _resnet(in_channels, 3, activation, init)


def resnet32(
    in_channels: int,
    image_size: int,  # noqa: ARG001
    *,
    activation: str = "elu",
    init: str = "he",
) -> BinaryClassifier:
    """ResNet32, as ``resnet20`` with five blocks a width instead of three."""
    return _resnet(in_channels, 5, activation, init)


def resnet56(
    in_channels: int,
    image_size: int,  # noqa: ARG001
    *,
    activation: str = "elu",
    init: str = "he",
) -> BinaryClassifier:
    """ResNet56, as ``resnet20`` with nine blocks a width instead of three."""
    return _resnet(in_channels, 9, activation, init)


def _resnet(in_channels: int, blocks: int, activation: str, init: str) -> BinaryClassifier:
    for option, value, known in (("activation", activation, ACTIVATIONS), ("init", init, INITS)):
        if value not in known:
            raise UnknownNameError(f"{option} must be one of {', '.join(known)}, not {value!r}.")
    between = ACTIVATIONS[activation]
    layers: list[nn.Module] = [
        nn.Conv2d(in_channels, WIDTHS[0], 3, padding=1, bias=False),
        nn.BatchNorm2d(WIDTHS[0]),
        ELU() if activation == "elu" else nn.ReLU(inplace=True),
    ]
    channels = WIDTHS[0]
    for width in WIDTHS:
        for _ in range(blocks):
            stride = 1 if width == channels else 2
            layers.append(_Block(channels, width, stride, between))
            channels = width
    features = nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten())
    for module in features.modules():
        if isinstance(module, nn.Conv2d):
            INITS[init](module.weight)
    # The last block of each width, as Verma et al. mix.
    ends = [str(2 + blocks * number) for number in range(1, len(WIDTHS))]
    return BinaryClassifier(
        features,
        nn.Linear(channels, 1),
        mix_layers=ends,
        head_init=INITS[init] if init == "xavier" else None,
    )
