"""Manifold mixup: mixup at the output of a layer of the network, drawn anew for each batch.

Source: Verma et al., "Manifold Mixup: Better Representations by Interpolating Hidden States",
ICML 2019 (arXiv 1806.05236), sec. 2.
"""

from dataclasses import dataclass

import torch

from trainables.batches.mixes.shares import Mixing, beta_draws, blended, paired, partners
from trainables.models.inside import Inside
from trainables.recipe import Batch

__all__ = ["ManifoldMixup"]


@dataclass(frozen=True)
class ManifoldMixup(Mixing):
    """Rows i and perm(i) of a layer's output are mixed as images are by mixup, lambda ~
    Beta(alpha, alpha); the layer is drawn alike among the input and the network's `mix_layers`.

    All layers mix, but those that are not drawn with lambda = 1, so that every step is the same
    work. Targets and metadata are mixed with lambda, whichever layer it is. The layer is one a
    batch; the paper's alpha is 2.

    Attributes:
        layers: how many the network names; of 0 it is mixup.
    """

    layers: int

    def mixed(self, batch: Batch) -> Batch:
        """The batch with its images mixed where the input was drawn, and else `Batch.inside`."""
        count, device = len(batch.targets), self.generator.device
        share = beta_draws(self.alpha, self.draws(count), self.generator)
        others = partners(count, self.generator)
        drawn = torch.randint(self.layers + 1, (1,), generator=self.generator, device=device)
        places = torch.arange(self.layers + 1, device=device)[:, None]
        shares = torch.where(places == drawn, share, torch.ones_like(share))
        images = blended(batch.images, batch.images[others], shares[0])
        found = paired(batch, others, images, share)
        found.inside = Inside(others, shares[1:])
        return found
