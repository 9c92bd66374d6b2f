"""Augmentation of whole uint8 batches of images (B, C, H, W): flips and shifts."""

import torch
import torch.nn.functional as F
from torch import Tensor

__all__ = ["crop_flip", "crop_resize_flip", "flip", "padding"]


def padding(image_size: int) -> int:
    """Pixels that crop_flip may shift an image: 4 from 32 pixels on, an eighth below that."""
    return max(1, min(4, image_size // 8))


def crop_flip(images: Tensor, generator: torch.Generator) -> Tensor:
    """Each image padded with black, cropped at a random place, mirrored with probability 1/2.

    The crop and the mirror are one gather over the padded batch: no work by image in Python.
    """
    pad = padding(images.shape[3])
    padded = F.pad(images, (pad, pad, pad, pad))
    return _crops(padded, 2 * pad, generator)


def crop_resize_flip(images: Tensor, generator: torch.Generator) -> Tensor:
    """Each image cropped by two pixels at a random place, mirrored with probability 1/2, and
    stretched to its size again (bilinear), as the examples of LibAUC do."""
    size = images.shape[2:]
    crops = _crops(images, min(2, *(side - 1 for side in size)), generator)
    stretched = F.interpolate(crops.float(), size, mode="bilinear")
    return stretched.round_().to(images.dtype)


def flip(images: Tensor, generator: torch.Generator) -> Tensor:
    """Each image mirrored left to right with probability 1/2."""
    columns = _columns(images, images.shape[3], generator)[:, None, None, :]
    return images.gather(3, columns.expand_as(images))


def _crops(images: Tensor, less: int, generator: torch.Generator) -> Tensor:
    """Of each image a part so much smaller each way, at a random place, mirrored or not."""
    batch, channels, rows, columns = images.shape
    height, width = rows - less, columns - less
    places = torch.randint(less + 1, (2, batch), generator=generator, device=generator.device)
    top, left = places.to(images.device)
    row = top[:, None] + torch.arange(height, device=images.device)
    column = _columns(images, width, generator) + left[:, None]
    index = row[:, :, None] * columns + column[:, None, :]
    index = index.view(batch, 1, -1).expand(batch, channels, -1)
    crops = images.reshape(batch, channels, -1).gather(2, index)
    return crops.view(batch, channels, height, width)


def _columns(images: Tensor, width: int, generator: torch.Generator) -> Tensor:
    """(B, width): the column that each column of the result comes from."""
    batch, device = images.shape[0], images.device
    mirrored = torch.rand(batch, generator=generator, device=generator.device).to(device) < 0.5
    columns = torch.arange(width, device=device).expand(batch, width)
    return torch.where(mirrored[:, None], width - 1 - columns, columns)
