"""timm's networks, without pretrained weights, fitted to the images and one logit."""

from collections.abc import Callable
from difflib import get_close_matches
from types import ModuleType
from typing import Any

import torch
from torch import nn

from trainables.errors import UnknownNameError
from trainables.models.classifier import BinaryClassifier
from trainables.models.torchvision_models import SMALL_IMAGE

__all__ = ["timm_builder", "timm_names"]


def timm_names() -> list[str]:
    """The image models of timm.

    Raises:
        UnknownNameError: timm is not installed.
    """
    return list(_timm("timm").list_models())


def timm_builder(name: str) -> Callable[..., BinaryClassifier]:
    """The builder of an image model of timm.

    Args:
        name: as ``timm.list_models()`` has it.

    Raises:
        UnknownNameError: timm is not installed, or has no such model.
    """
    timm = _timm(f"model 'timm:{name}'")
    if not timm.is_model(name):
        near = get_close_matches(name, timm.list_models(), n=3)
        hint = f", such as {', '.join(near)}" if near else ""
        raise UnknownNameError(f"model 'timm:{name}' must be one of timm.list_models(){hint}.")

    def build(
        in_channels: int,
        image_size: int,
        *,
        drop_rate: float | None = None,
        drop_path_rate: float | None = None,
    ) -> BinaryClassifier:
        given = {"drop_rate": drop_rate, "drop_path_rate": drop_path_rate}
        options = {option: value for option, value in given.items() if value is not None}
        network = _created(name, in_channels, image_size, options)
        if image_size <= SMALL_IMAGE:
            _keep_pixels(network)
        return BinaryClassifier(network, nn.Linear(_width(network, in_channels, image_size), 1))

    build.__doc__ = f"""timm's {name}; small images are not halved by its first convolution.

    Args:
        in_channels: channels of an image, at least 1.
        image_size: pixels a side; a vision transformer is built for this size.
        drop_rate: of dropout before the head, in [0, 1); None: as timm has it.
        drop_path_rate: of leaving blocks out in training, in [0, 1); None: as timm has it.
    """
    return build


def _timm(what: str) -> ModuleType:
    """The library; it is the extra "timm" of this package."""
    try:
        import timm
    except ImportError as error:
        raise UnknownNameError(
            f"{what} needs the package timm: pip install 'aucstudy[timm]'."
        ) from error
    return timm


def _created(name: str, in_channels: int, image_size: int, options: dict[str, Any]) -> nn.Module:
    import timm

    every = {"in_chans": in_channels, "num_classes": 0, **options}
    try:  # transformers are built for one size, and other networks know no such word
        network: nn.Module = timm.create_model(name, img_size=image_size, **every)
    except TypeError as error:
        if "img_size" not in str(error):
            raise
        network = timm.create_model(name, **every)
    return network


def _keep_pixels(network: nn.Module) -> None:
    """The first convolution takes every pixel, if it halves the image and its windows overlap."""
    first = next((each for each in network.modules() if isinstance(each, nn.Conv2d)), None)
    if first is not None and first.stride == (2, 2) and first.kernel_size[0] > 2:
        first.stride = (1, 1)


@torch.no_grad()
def _width(network: nn.Module, in_channels: int, image_size: int) -> int:
    """Features an image: what it gives, since not every network tells."""
    training = network.training
    features = network.eval()(torch.zeros(1, in_channels, image_size, image_size))
    network.train(training)
    return int(features.shape[1])
