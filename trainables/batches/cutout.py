"""Cutout: a rectangle of every image, or a box of every volume, is blanked.

Source: DeVries and Taylor, "Improved Regularization of Convolutional Neural Networks with Cutout",
arXiv 1708.04552, sec. 3.
"""

from dataclasses import dataclass
from functools import reduce
from operator import and_

import torch
from torch import Tensor

from trainables.recipe import Batch

__all__ = ["Cutout"]


@dataclass(frozen=True)
class Cutout:
    """A rectangle of each image is set to 0, the mean of normalised images; labels stay.

    Its centre is drawn anew for each image, alike over all pixels, so that a part of it may lie
    outside.

    Attributes:
        share: of the image's height and width that the rectangle has, in [0, 1], rounded to whole
            pixels; 0 gives every batch back as it is. Vectors (B, D) have none.
        generator: on the batch's device.
    """

    share: float
    generator: torch.Generator

    def __call__(self, batch: Batch) -> Batch:
        """The batch with its images cut, as large as the one that came."""
        images = batch.images
        if self.share == 0 or images.ndim == 2:
            return batch
        hits = []
        for axis, size in enumerate(images.shape[2:], 2):
            shape = [1] * images.ndim
            shape[0], shape[axis] = len(images), size
            hits.append(self._hit(images, size).view(shape))
        cut = images.masked_fill(reduce(and_, hits), 0.0)
        return Batch(cut, batch.targets, batch.indices, batch.metadata)

    def _hit(self, images: Tensor, size: int) -> Tensor:
        """(B, size): which rows, or columns, the rectangle of each image covers."""
        side = round(self.share * size)
        device = self.generator.device
        centre = torch.randint(size, (len(images), 1), generator=self.generator, device=device)
        start = centre - side // 2
        place = torch.arange(size, device=device)
        return (place >= start) & (place < start + side)
