"""Images whose pixels say whose they are and where they lie."""

import torch

from tests.trainables.tiny import generator
from trainables.recipe import Batch

__all__ = ["MISSING", "batch"]

MISSING = 0.3


def batch(images: int, *sizes: int, labels: int = 0) -> Batch:
    """Images (images, 1 + axes, ...): the image's number, then the place along each axis; float64.

    Targets are random, (images,) or (images, labels) with some missing, metadata the same.
    """
    places = torch.meshgrid(*(torch.arange(size) for size in sizes), indexing="ij")
    pixels = torch.stack([torch.zeros(sizes), *places]).double()
    pixels = pixels.expand(images, *pixels.shape).clone()
    pixels[:, 0] = torch.arange(images).view(-1, *[1] * len(sizes))
    shape = (images, labels) if labels else (images,)
    draw = generator(4)
    targets = torch.rand(shape, generator=draw, dtype=torch.float64)
    rows = targets.view(images, -1).clone()
    if labels:
        targets = targets.masked_fill(torch.rand(shape, generator=draw) < MISSING, torch.nan)
    return Batch(pixels, targets, torch.arange(images), rows)
