"""Augmentation of whole uint8 batches of images (B, C, H, W): flips and shifts."""

import torch
import torch.nn.functional as F
from torch import Tensor

__all__ = ["crop_flip", "flip", "padding"]


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
