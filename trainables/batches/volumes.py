"""Augmentation of whole uint8 batches of volumes (B, C, D, H, W): flips, shifts and rotations.

Each is one gather over the batch, as in `trainables.batches.crops`: every voxel comes from a place
that is the sum of one number an axis, so that what a flip, a shift or a turn does to a volume is
three short lists.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from trainables.batches.crops import padding

__all__ = ["crop_flip_3d", "crop_flip_rotate_3d", "flip_3d"]


def flip_3d(images: Tensor, generator: torch.Generator) -> Tensor:
    """Each volume mirrored along each of its three axes with probability 1/2."""
    return _gathered(images, _mirrored(images, generator), images.shape[2:])


def crop_flip_3d(images: Tensor, generator: torch.Generator) -> Tensor:
    """Each volume padded with black, cropped at a random place, and mirrored as by `flip_3d`."""
    padded, places = _cropped(images, generator)
    return _gathered(padded, places, images.shape[2:])


def crop_flip_rotate_3d(images: Tensor, generator: torch.Generator) -> Tensor:
    """As `crop_flip_3d`, and turned by multiples of 90 degrees, every turn equally often.

    With the mirrors these are the 48 symmetries of a cube if D = H = W, and otherwise the 16 that
    leave D where it is.
    """
    padded, places = _cropped(images, generator)
    return _gathered(padded, places, images.shape[2:], _turned(images, generator))


def _uniform(images: Tensor, generator: torch.Generator) -> Tensor:
    """(B, 3), uniform in [0, 1), on the images' device."""
    drawn = torch.rand(len(images), 3, generator=generator, device=generator.device)
    return drawn.to(images.device)


def _mirrored(images: Tensor, generator: torch.Generator) -> list[Tensor]:
    """For each axis (B, size): the place that each place of the result comes from."""
    mirrors = _uniform(images, generator) < 0.5
    found = []
    for mirror, size in zip(mirrors.unbind(1), images.shape[2:], strict=True):
        places = torch.arange(size, device=images.device)
        found.append(torch.where(mirror[:, None], size - 1 - places, places))
    return found


def _cropped(images: Tensor, generator: torch.Generator) -> tuple[Tensor, list[Tensor]]:
    """The padded batch, and for each axis the place in it that each place of the result is from."""
    pads = [padding(size) for size in images.shape[2:]]
    depth, height, width = pads
    padded = F.pad(images, (width, width, height, height, depth, depth))
    places = []
    for mirrored, pad in zip(_mirrored(images, generator), pads, strict=True):
        shift = torch.randint(
            2 * pad + 1, (len(images), 1), generator=generator, device=generator.device
        )
        places.append(mirrored + shift.to(images.device))
    return padded, places


def _turned(images: Tensor, generator: torch.Generator) -> Tensor:
    """(B, 3): which axis of the volume lies along each axis of the result."""
    depth, height, _ = images.shape[2:]
    keys = _uniform(images, generator)
    if depth != height:
        # Its key below all others: D stays first.
        keys = torch.cat([torch.zeros_like(keys[:, :1]), 1 + keys[:, 1:]], 1)
    return keys.argsort(1)


def _gathered(
    source: Tensor, places: list[Tensor], shape: torch.Size, axes: Tensor | None = None
) -> Tensor:
    """(B, C, *shape): each voxel from ``places``, one list an axis of ``source``.

    ``axes``: (B, 3), which axis of the volume each axis of the result runs along; None: its own.
    """
    batch, channels, _, height, width = source.shape
    steps = [places[0] * (height * width), places[1] * width, places[2]]
    if axes is not None:
        steps = _along(steps, axes)
    along_depth, along_height, along_width = steps
    index = along_depth[:, :, None, None] + along_height[:, None, :, None]
    index = (index + along_width[:, None, None, :]).view(batch, 1, -1)
    flat = source.view(batch, channels, -1)
    return flat.gather(2, index.expand(-1, channels, -1)).view(batch, channels, *shape)


def _along(steps: list[Tensor], axes: Tensor) -> list[Tensor]:
    """The steps in another order for each image; only axes of one size change places."""
    depth, height, width = steps
    if depth.shape == height.shape:
        return list(torch.stack(steps).gather(0, _picked(axes.T, depth)).unbind(0))
    plane = torch.stack([height, width])
    return [depth, *plane.gather(0, _picked(axes[:, 1:].T - 1, height)).unbind(0)]


def _picked(axes: Tensor, step: Tensor) -> Tensor:
    return axes[:, :, None].expand(-1, -1, step.shape[1])
