"""CutMix: a box of each image is another image's, and so is that share of its label.

Source: Yun et al., "CutMix: Regularization Strategy to Train Strong Classifiers with Localizable
Features", ICCV 2019 (arXiv 1905.04899), sec. 3.
"""

from dataclasses import dataclass
from functools import reduce
from operator import and_

import torch
from torch import Tensor

from trainables.batches.mixes.shares import Mixing, beta_draws, paired, partners
from trainables.recipe import Batch

__all__ = ["CutMix"]


@dataclass(frozen=True)
class CutMix(Mixing):
    """A box of area 1 - lambda of each image is that of x_perm(i), lambda ~ Beta(alpha, alpha).

    Its sides have one share of the image's sides, rounded down; its centre is drawn alike over all
    pixels, and what lies outside is cut off. Targets and metadata are mixed by the area that is
    really the other's. Of a volume it is a box in three dimensions, of volume 1 - lambda. The box
    is drawn with lambda, one a batch or one an image.
    """

    def mixed(self, batch: Batch) -> Batch:
        """The mixed batch, as large as the one that came; (B, C, H, W) or (B, C, D, H, W)."""
        count, sizes = len(batch.targets), batch.images.shape[2:]
        boxes = self.draws(count)
        side = (1 - beta_draws(self.alpha, boxes, self.generator)) ** (1 / len(sizes))
        others = partners(count, self.generator)
        hits = []
        for axis, size in enumerate(sizes):
            shape = [boxes, 1, *[1] * len(sizes)]
            shape[2 + axis] = size
            hits.append(self._hit(side, size).view(shape))
        box = reduce(and_, hits)
        share = 1 - box.double().flatten(1).mean(1)
        return paired(batch, others, torch.where(box, batch.images[others], batch.images), share)

    def _hit(self, side: Tensor, size: int) -> Tensor:
        """(boxes, size): which rows, or columns, the box of each covers."""
        device = side.device
        length = (size * side[:, None]).floor().long()
        centre = torch.randint(size, (len(side), 1), generator=self.generator, device=device)
        start = centre - length // 2
        place = torch.arange(size, device=device)
        return (place >= start) & (place < start + length)
