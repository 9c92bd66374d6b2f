"""Networks by name. A builder takes (in_channels, image_size) and gives a BinaryClassifier.

That of ``metadata`` takes the columns of the metadata for channels.
Parameters that it has besides, by keyword alone, are the options of the network. Weights come from
torch's global generator: seed it (``torch.random.fork_rng``) before building.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch

from trainables.models.branch import METADATA, OPTIONS, Branch, branched, metadata
from trainables.models.classifier import BinaryClassifier
from trainables.models.features import EMBEDDED, Features, of_images, on_features
from trainables.models.layers import rate_layers
from trainables.models.mlp import mlp
from trainables.models.monai_models import monai_builder, monai_names
from trainables.models.resnet_cifar import resnet20, resnet32, resnet56
from trainables.models.small_cnn import small_cnn
from trainables.models.small_cnn_3d import small_cnn_3d
from trainables.models.timm_models import timm_builder, timm_names
from trainables.models.torchvision_models import TORCHVISION
from trainables.models.weights import Taken, take_weights
from trainables.names import resolve

__all__ = [
    "GENERAL",
    "LIBRARIES",
    "MODELS",
    "NAMES",
    "Builder",
    "begins_with",
    "builder",
    "network",
]

Builder = Callable[..., BinaryClassifier]

MODELS: dict[str, Builder] = {
    "mlp": mlp,
    "small_cnn": small_cnn,
    "resnet20": resnet20,
    "small_cnn_3d": small_cnn_3d,
    "resnet32": resnet32,
    "resnet56": resnet56,
    **TORCHVISION,
    METADATA: metadata,
}

LIBRARIES: dict[str, Callable[[str], Builder]] = {"timm": timm_builder, "monai": monai_builder}
"""Libraries whose networks are called ``timm:NAME`` and ``monai:NAME``."""

NAMES: dict[str, Callable[[], list[str]]] = {"timm": timm_names, "monai": monai_names}
"""What each library has, by its own names."""


GENERAL = ("weights", "freeze", "head_lr_factor", "layer_lr_decay", *OPTIONS)
"""Options of every network: see ``trainables.models.weights``, `BinaryClassifier.freeze`,
``trainables.models.layers`` and ``trainables.models.branch.Branch``.
"""


def builder(name: str) -> Builder:
    """The network of that name: one of ``MODELS``, of a library, or ``package.module:object``; of
    ``EMBEDDED`` the head.

    Raises:
        UnknownNameError: there is none.
    """
    library, _, inside = name.partition(":")
    if inside and library in LIBRARIES:
        return LIBRARIES[library](inside)
    if name == EMBEDDED:
        return on_features
    return resolve("model", MODELS, name)


def begins_with(
    name: str, options: Mapping[str, Any], in_channels: int, image_size: int, root: Path
) -> Taken | None:
    """What a `network` of the same arguments, or the one that embeds images for it, takes of its
    weights; None: it has none.
    """
    name, options = of_images(name, options)
    weights = options.get("weights")
    if weights is None:
        return None
    with torch.random.fork_rng(devices=[]):
        model = _built(name, options, in_channels, image_size)
    return take_weights(model, name, str(weights), root)


def network(
    name: str,
    options: Mapping[str, Any],
    in_channels: int,
    image_size: int,
    root: Path,
    columns: int = 0,
) -> BinaryClassifier:
    """A network with its options, drawn from torch's global generator.

    Args:
        name: as for `builder`, or ``EMBEDDED`` for a head on frozen features.
        options: of the builder, and of ``GENERAL``; of frozen features those of `Features`.
        in_channels, image_size: of the images; of vectors `image_size` is their length.
        root: folder of the data sets, from which a relative path of weights counts.
        columns: of the images' metadata, for a branch.

    Raises:
        UnknownNameError: there is no such network, or no such layer in it.
        DataError: the weights cannot be had, a branch not be made, or a factor of the learning rate
            is out of its range.
    """
    if name == EMBEDDED:
        asked = Features.of(options)
        return on_features(in_channels, image_size, head=asked.head, hidden=asked.hidden)
    plan = Branch.of(name, options)
    model = _built(name, options, in_channels, image_size)
    if (weights := options.get("weights")) is not None:
        take_weights(model, name, str(weights), root)
    if (until := options.get("freeze")) is not None:
        model.freeze(str(until))
    rate_layers(model, options.get("head_lr_factor"), options.get("layer_lr_decay"))
    return model if plan is None else branched(model, plan, columns)


def _built(
    name: str, options: Mapping[str, Any], in_channels: int, image_size: int
) -> BinaryClassifier:
    own = {option: value for option, value in options.items() if option not in GENERAL}
    return builder(name)(in_channels, image_size, **own)
