"""RICAP: crops of four images, side by side in one.

Source: Takahashi, Matsubara, Uehara, "RICAP: Random Image Cropping and Patching Data Augmentation
for Deep CNNs", ACML 2018 (arXiv 1811.09030), Alg. 1.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from trainables.batches.mixes.shares import Mixing, beta_draws, partners
from trainables.recipe import Batch

__all__ = ["RICAP"]


@dataclass(frozen=True)
class RICAP(Mixing):
    """Crops of x_i and of three others, that meet at a point (w, h); w / W and h / H are of
    Beta(alpha, alpha), rounded to whole pixels; the paper's alpha is 0.3.

    Each crop comes from a place of its image that is drawn, as the point is, anew for each batch,
    or image. Targets
    and metadata are the means of the four, weighed by area; a label that is missing in an image of
    any area is missing in the mixed one.
    """

    def mixed(self, batch: Batch) -> Batch:
        """The mixed batch, as large as the one that came; images (B, C, H, W)."""
        images, device = batch.images, batch.images.device
        count, (height, width) = len(batch.targets), images.shape[2:]
        drawn = self.draws(count)
        upper, top = self._lengths(height, drawn)  # (2, drawn), (drawn, H)
        left, begin = self._lengths(width, drawn)
        first = torch.arange(count, device=device)
        whose = torch.stack([first, *(partners(count, self.generator) for _ in range(3))])
        # (4, drawn) of the crops upper left, upper right, lower left, lower right.
        heights, widths = upper.repeat_interleave(2, 0), left.repeat(2, 1)
        place = torch.rand(
            (2, 4, drawn), dtype=torch.float64, device=device, generator=self.generator
        )
        y, x = _places(place[0], height - heights), _places(place[1], width - widths)
        crop = 2 * (~top).long()[:, :, None] + (~begin).long()[:, None, :]  # (drawn, H, W)
        crop = crop.expand(count, height, width)
        of = first[:, None, None]
        drawn_of = of if self.per_sample else torch.zeros_like(of)
        down = torch.arange(height, device=device) - torch.where(top, 0, upper[0, :, None])
        across = torch.arange(width, device=device) - torch.where(begin, 0, left[0, :, None])
        source = (
            y[crop, drawn_of] + down[:, :, None],
            x[crop, drawn_of] + across[:, None, :],
        )
        mixed = images.permute(0, 2, 3, 1)[whose[crop, of], source[0], source[1]]
        area = (heights * widths).double() / (height * width)
        return Batch(
            torch.empty_like(images).copy_(mixed.permute(0, 3, 1, 2)),
            _weighed(batch.targets, whose, area),
            batch.indices,
            None if batch.metadata is None else _weighed(batch.metadata, whose, area),
        )

    def _lengths(self, size: int, drawn: int) -> tuple[Tensor, Tensor]:
        """(2, drawn): pixels before and behind the point; (drawn, size): which lie before it."""
        before = (size * beta_draws(self.alpha, drawn, self.generator)).round().long()
        place = torch.arange(size, device=before.device)
        return torch.stack([before, size - before]), place < before[:, None]


def _places(uniform: Tensor, room: Tensor) -> Tensor:
    """Whole numbers from 0 to ``room``, alike, from numbers in [0, 1)."""
    return torch.minimum((uniform * (room + 1)).floor().long(), room)


def _weighed(values: Tensor, whose: Tensor, area: Tensor) -> Tensor:
    """The sum over the four crops of area x values: of (B, ...), whose (4, B), area (4, B or 1)."""
    share = area.to(values.dtype).view(4, -1, *[1] * (values.dim() - 1))
    # NaN times an area of 0 would be NaN.
    return torch.where(share == 0, 0, share * values[whose]).sum(0)
