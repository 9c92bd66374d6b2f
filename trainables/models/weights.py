"""Weights that a network begins with: from a file, or those of its library trained on ImageNet."""

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import torch
from torch import Tensor, nn

from trainables.errors import DataError
from trainables.models.classifier import BinaryClassifier
from trainables.models.torchvision_models import TORCHVISION

__all__ = ["IMAGENET", "Taken", "has_imagenet", "statistics", "take_weights", "weights_file"]

IMAGENET = "imagenet"
"""Stands for the weights that a network's library offers, from its cache or a download."""

MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
"""Of ImageNet's training images, by channel, pixels scaled to [0, 1], as torchvision has them."""

LEAST = 0.9
"""Share of a network's tensors that a file must have."""

NAMED = 5
"""So many tensors are named; all are counted."""

WRAPPED = ("state_dict", "model", "model_state_dict")
"""Keys under which files keep the weights beside other things."""


@dataclass(frozen=True)
class Taken:
    """What came of it.

    Attributes:
        tensors: of the network's features, taken.
        drawn: names of those that the file lacks or has in another shape; they stay as they were.
    """

    tensors: int
    drawn: tuple[str, ...]

    def __str__(self) -> str:
        """ "60 tensors; drawn anew: conv1.weight"."""
        named = ", ".join(self.drawn[:NAMED]) + (", ..." if len(self.drawn) > NAMED else "")
        return f"{self.tensors} tensors" + (f"; drawn anew: {named}" if self.drawn else "")


def weights_file(weights: str, root: Path) -> Path | None:
    """The file that a spec's ``weights`` mean, a relative one below ``root``; None: a library's."""
    return None if weights == IMAGENET else root / Path(weights).expanduser()


def has_imagenet(name: str) -> bool:
    """Whether the network's library offers weights that were trained on ImageNet (or more)."""
    library, _, inside = name.partition(":")
    if library == "timm" and inside:
        import timm

        return bool(timm.models.is_model_pretrained(inside))
    return name in TORCHVISION


def take_weights(model: BinaryClassifier, name: str, weights: str, root: Path) -> Taken:
    """Give the model's features the weights of a file; the head stays as it was drawn.

    A first convolution of three channels is summed over them for one channel, and repeated in turn
    for more, so that an image of equal channels gives what it gave.

    Args:
        model: just built.
        name: of the network, as in the spec.
        weights: a file of safetensors (``.safetensors``) or of ``torch.save``, with the names that
            the network's library gives its tensors; or ``IMAGENET``.
        root: folder of the data sets.

    Raises:
        DataError: the file is missing, damaged, of another network or a pickle of more than
            tensors, of which nothing is run; or the library has none.
    """
    file = weights_file(weights, root)
    stored = _of_library(name) if file is None else _read(file)
    what = f"{name}'s weights of ImageNet" if file is None else str(file)
    own = model.features.state_dict()
    first = next(
        (n for n, m in model.features.named_modules() if isinstance(m, nn.Conv2d | nn.Conv3d)), ""
    )
    taken: dict[str, Tensor] = {}
    for key, tensor in own.items():
        found = stored.get(key)
        if found is not None and key == f"{first}.weight":
            found = _channels(found, tensor.shape[1])
        if found is not None and found.shape == tensor.shape:
            taken[key] = found.to(tensor.dtype)
    if len(taken) < LEAST * len(own):
        lacking = ", ".join(key for key in own if key not in taken)
        raise DataError(
            f"weights must be those of the network, and {what} has {len(taken)} of {len(own)} "
            f"tensors of {name} in their shapes (it lacks {lacking[:200]}...): give a file of the "
            "same network, with its library's names."
        )
    model.features.load_state_dict({**own, **taken})
    return Taken(len(taken), tuple(key for key in own if key not in taken))


def statistics(name: str, channels: int) -> tuple[Tensor, Tensor]:
    """Mean and standard deviation (C,) that pixels in [0, 1] are normalised by for such weights.

    Those of ImageNet, or what timm says of one of its networks; their mean for one channel, in
    turn for more than three.
    """
    mean: Sequence[float] = MEAN
    std: Sequence[float] = STD
    library, _, inside = name.partition(":")
    if library == "timm":
        import timm

        config = timm.models.get_pretrained_cfg(inside)
        if config is not None:
            mean, std = config.mean, config.std
    if channels == 1:
        return torch.tensor(mean).mean(0, keepdim=True), torch.tensor(std).mean(0, keepdim=True)
    turns = torch.arange(channels) % 3
    return torch.tensor(mean)[turns], torch.tensor(std)[turns]


def _channels(kernel: Tensor, channels: int) -> Tensor:
    """A convolution's weights (O, 3, ...) for so many channels."""
    if kernel.dim() < 4 or kernel.shape[1] != 3 or channels == 3:
        return kernel
    if channels == 1:
        return kernel.sum(1, keepdim=True)
    return kernel[:, torch.arange(channels) % 3] * (3 / channels)


def _read(file: Path) -> Mapping[str, Tensor]:
    if not file.is_file():
        raise DataError(
            f"weights must be a file or {IMAGENET}, and {file} is no file: give its full path, or "
            "one below the folder of the data sets."
        )
    try:
        if file.suffix == ".safetensors":
            return _safe(file)
        with warnings.catch_warnings():
            # Of a pickle that it then refuses.
            warnings.simplefilter("ignore")
            stored: Any = torch.load(file, map_location="cpu", weights_only=True)
    except UnpicklingError as error:
        raise DataError(
            f"weights must be tensors alone, and {file} holds something else, which is not run: "
            "save the network's state_dict()."
        ) from error
    except Exception as error:  # a damaged file raises almost anything
        raise DataError(
            f"weights must be a whole file of safetensors or torch.save, and {file} cannot be read "
            f"({str(error).splitlines()[0][:120]}): fetch it again."
        ) from error
    return _named_tensors(file, stored)


def _safe(file: Path) -> Mapping[str, Tensor]:
    try:
        from safetensors.torch import load_file
    except ImportError as error:
        raise DataError(
            f"{file} needs the package safetensors: pip install 'aucstudy[timm]'."
        ) from error
    found: dict[str, Tensor] = load_file(file)
    return found


def _named_tensors(file: Path, stored: Any) -> Mapping[str, Tensor]:
    for key in WRAPPED:
        if isinstance(stored, Mapping) and isinstance(stored.get(key), Mapping):
            stored = stored[key]
    if not isinstance(stored, Mapping):
        raise DataError(
            f"weights must be tensors by their names, and {file} holds a {type(stored).__name__}: "
            "save the network's state_dict()."
        )
    return {
        str(key).removeprefix("module."): value
        for key, value in stored.items()
        if isinstance(value, Tensor)
    }


def _of_library(name: str) -> Mapping[str, Tensor]:
    library, _, inside = name.partition(":")
    try:
        if library == "timm":
            import timm

            network: nn.Module = timm.create_model(inside, pretrained=True)
            return network.state_dict()
        if not inside:
            from torchvision import models

            if name in models.list_models():
                found: Mapping[str, Tensor] = models.get_model_weights(name).DEFAULT.get_state_dict(
                    progress=False, check_hash=True
                )
                return found
    except Exception as error:  # no network raises almost anything
        raise DataError(
            f"weights of ImageNet must be in the library's cache or within reach of the network, "
            f"and those of {name} are not ({str(error).splitlines()[0][:160]}): fetch them on a "
            "machine with a network, and give the file."
        ) from error
    raise DataError(
        f"weights: {IMAGENET} is for the networks of torchvision and timm, and {name} is none: "
        "give a file."
    )
