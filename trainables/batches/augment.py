"""Augmentation of whole uint8 batches by its name, and normalisation as the last step."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

import torch
from torch import Tensor

from trainables.batches.crops import crop_flip, crop_resize_flip, flip
from trainables.batches.volumes import crop_flip_3d, crop_flip_rotate_3d, flip_3d
from trainables.errors import DataError
from trainables.names import resolve

__all__ = ["AUGMENTATIONS", "augment", "normalise", "refuse_other_axes"]

Augmentation = Callable[[Tensor, torch.Generator], Tensor]


def _none(images: Tensor, generator: torch.Generator) -> Tensor:  # noqa: ARG001
    return images


_OF_IMAGES: Mapping[str, Augmentation] = {
    "crop_flip": crop_flip,
    "crop_resize_flip": crop_resize_flip,
    "flip": flip,
}
_OF_VOLUMES: Mapping[str, Augmentation] = {
    "crop_flip_3d": crop_flip_3d,
    "crop_flip_rotate_3d": crop_flip_rotate_3d,
    "flip_3d": flip_3d,
}

AUGMENTATIONS = MappingProxyType[str, Augmentation]({**_OF_IMAGES, "none": _none, **_OF_VOLUMES})
"""By name; those with 3d in it are for volumes, "none" is for all."""


def augment(name: str, images: Tensor, generator: torch.Generator) -> Tensor:
    """A changed copy of a batch (or the batch itself for "none").

    Args:
        name: a key of ``AUGMENTATIONS``, or ``package.module:object`` of the same kind.
        images: uint8 (B, C, H, W) or (B, C, D, H, W), as the augmentation takes them
            (``refuse_other_axes``), on any device.
        generator: decides the draws; on any device, and the same draws on every one of them.

    Raises:
        UnknownNameError: no such augmentation.
    """
    return resolve("augmentation", AUGMENTATIONS, name)(images, generator)


def refuse_other_axes(name: str, axes: int) -> None:
    """Do nothing if an augmentation takes images of so many ``axes``: 3, or 4 of a volume.

    Raises:
        DataError: it is for the other kind.
        UnknownNameError: no such augmentation.
    """
    resolve("augmentation", AUGMENTATIONS, name)
    for fitting, other, are, is_for in (
        (3, _OF_VOLUMES, "images (C, H, W)", "volumes (C, D, H, W)"),
        (4, _OF_IMAGES, "volumes (C, D, H, W)", "images (C, H, W)"),
    ):
        if axes == fitting and name in other:
            names = ", ".join(each for each in AUGMENTATIONS if each not in other)
            raise DataError(
                f"augmentation {name} is for {is_for}, and these are {are}: take one of {names}."
            )


def normalise(images: Tensor, mean: Tensor, std: Tensor) -> Tensor:
    """(images / 255 - mean) / std as float32.

    Args:
        images: uint8 (B, C, H, W) or (B, C, D, H, W).
        mean, std: float32 (C,), of pixels scaled to [0, 1]; std above 0.
    """
    of_channel = (-1, *[1] * (images.ndim - 2))
    scale, shift = 1 / (255 * std), mean / std
    return images.float().mul_(scale.view(of_channel)).sub_(shift.view(of_channel))
