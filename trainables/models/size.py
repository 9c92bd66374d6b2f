"""How large a network is and what an image costs it, known without making its weights."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn
from torch.overrides import TorchFunctionMode
from torch.utils.flop_counter import FlopCounterMode

from trainables.errors import in_one_line
from trainables.models.classifier import BinaryClassifier

__all__ = ["IMAGE_SIZE", "VOLUME_SIZE", "Size", "size_of"]

IMAGE_SIZE, VOLUME_SIZE = 32, 28
"""Pixels and voxels a side where none are asked for: those of CIFAR and of MedMNIST."""

UNCOUNTED = (
    nn.modules.batchnorm._BatchNorm,
    nn.modules.dropout._DropoutNd,
    *(nn.LayerNorm, nn.GroupNorm, nn.ReLU, nn.ELU, nn.GELU, nn.SiLU, nn.Sigmoid, nn.Hardswish),
)
"""Layers that keep the shape and have no multiply-adds of the kind that is counted."""


@dataclass(frozen=True)
class Size:
    """What was counted.

    Attributes:
        shape: of an image, (C, H, W) or (C, D, H, W).
        parameters: numbers that can be trained; None: it cannot be built for such images.
        flop: of one image forward in evaluation: two for each multiply-add of convolutions, matrix
            products and attention (torch.utils.flop_counter), none for the rest; None: it
            cannot take such images.
        why: it cannot, in words.
    """

    shape: tuple[int, ...]
    parameters: int | None = None
    flop: int | None = None
    why: str = ""


def size_of(
    build: Callable[..., BinaryClassifier], channels: int, image_size: int | None = None
) -> Size:
    """The size of the network that ``build`` gives.

    Args:
        build: its builder, see ``trainables.models``.
        channels: of an image.
        image_size: pixels a side; None: ``IMAGE_SIZE``, and ``VOLUME_SIZE`` of volumes.
    """
    shape: tuple[int, ...] = (channels, *[image_size or IMAGE_SIZE] * 2)
    parameters = None
    try:
        with torch.device("meta"), torch.no_grad(), _Undrawn():
            model = build(channels, shape[-1]).eval()
            if any(isinstance(each, nn.Conv3d) for each in model.modules()):
                shape = (channels, *[image_size or VOLUME_SIZE] * 3)
                model = build(channels, shape[-1]).eval()
            parameters = sum(each.numel() for each in model.parameters())
            for each in model.modules():
                if isinstance(each, UNCOUNTED):  # twice as fast, and not one less
                    setattr(each, "forward", nn.Identity().forward)  # noqa: B010
            with FlopCounterMode(display=False) as counter:
                model(torch.empty(1, *shape))
    except Exception as error:  # noqa: BLE001 - a library's network may raise anything
        return Size(shape, parameters, None, in_one_line(error))
    return Size(shape, parameters, int(counter.get_total_flops()))


class _Undrawn(TorchFunctionMode):
    """Weights of no memory are not drawn, which takes as long as making the layers."""

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        return args[0] if func is torch.Tensor.normal_ else func(*args, **(kwargs or {}))
