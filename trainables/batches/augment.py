"""Augmentation of whole uint8 batches, and normalisation as the last step."""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from trainables.names import resolve

__all__ = ["AUGMENTATIONS", "augment", "crop_flip", "flip", "normalise", "padding"]


def augment(name: str, images: Tensor, generator: torch.Generator) -> Tensor:
    """A changed copy of a batch (or the batch itself for "none").

    Args:
        name: a key of ``AUGMENTATIONS``, or ``package.module:object`` of the same kind.
        images: uint8 (B, C, H, W), on any device.
        generator: decides the draws; on any device, and the same draws on every one of them.

    Raises:
        UnknownNameError: no such augmentation.
    """
    return resolve("augmentation", AUGMENTATIONS, name)(images, generator)


def padding(image_size: int) -> int:
    """Pixels that crop_flip may shift an image: 4 from 32 pixels on, an eighth below that."""
    return max(1, min(4, image_size // 8))


def crop_flip(images: Tensor, generator: torch.Generator) -> Tensor:
    """Each image padded with black, cropped at a random place, mirrored with probability 1/2.

    The crop and the mirror are one gather over the padded batch: no work by image in Python.
    """
    batch, channels, height, width = images.shape
    pad = padding(width)
    padded = F.pad(images, (pad, pad, pad, pad))
    places = torch.randint(2 * pad + 1, (2, batch), generator=generator, device=generator.device)
    top, left = places.to(images.device)
    rows = top[:, None] + torch.arange(height, device=images.device)
    columns = _columns(images, generator) + left[:, None]
    index = rows[:, :, None] * padded.shape[3] + columns[:, None, :]
    index = index.view(batch, 1, -1).expand(batch, channels, -1)
    return padded.view(batch, channels, -1).gather(2, index).view_as(images)


def flip(images: Tensor, generator: torch.Generator) -> Tensor:
    """Each image mirrored left to right with probability 1/2."""
    columns = _columns(images, generator)[:, None, None, :]
    return images.gather(3, columns.expand_as(images))


def _columns(images: Tensor, generator: torch.Generator) -> Tensor:
    """(B, W): the column that each column of the result comes from."""
    batch, width = images.shape[0], images.shape[3]
    device = images.device
    mirrored = torch.rand(batch, generator=generator, device=generator.device).to(device) < 0.5
    columns = torch.arange(width, device=device).expand(batch, width)
    return torch.where(mirrored[:, None], width - 1 - columns, columns)


def _none(images: Tensor, generator: torch.Generator) -> Tensor:  # noqa: ARG001
    return images


AUGMENTATIONS: dict[str, Callable[[Tensor, torch.Generator], Tensor]] = {
    "crop_flip": crop_flip,
    "flip": flip,
    "none": _none,
}


def normalise(images: Tensor, mean: Tensor, std: Tensor) -> Tensor:
    """(images / 255 - mean) / std as float32.

    Args:
        images: uint8 (B, C, H, W).
        mean, std: float32 (C,), of pixels scaled to [0, 1]; std above 0.
    """
    scale, shift = 1 / (255 * std), mean / std
    return images.float().mul_(scale[:, None, None]).sub_(shift[:, None, None])
