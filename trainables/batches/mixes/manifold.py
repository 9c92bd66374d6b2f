"""Manifold mixup: mixup at the output of a layer of the network, drawn anew for each batch.

Source: Verma et al., "Manifold Mixup: Better Representations by Interpolating Hidden States",
ICML 2019 (arXiv 1806.05236), sec. 2.
"""

from dataclasses import dataclass

import torch

from trainables.batches.mixes.shares import beta_draws, blended, blended_targets, partners
from trainables.models.inside import Inside
from trainables.recipe import Batch

__all__ = ["ManifoldMixup"]


@dataclass(frozen=True)
class ManifoldMixup:
    """Rows i and perm(i) of a layer's output are mixed as images are by mixup, lambda ~
    Beta(alpha, alpha); the layer is drawn alike among the input and the network's `mix_layers`.

    All layers mix, but those that are not drawn with lambda = 1, so that every step is the same
    work. Targets and metadata are mixed with lambda, whichever layer it is.

    Attributes:
        alpha: at least 0; 0 gives every batch back as it is. The paper's is 2.
        per_sample: one lambda an image, instead of one a batch; the layer is one a batch.
        generator: on the batch's device.
        layers: how many the network names; of 0 it is mixup.
    """

    alpha: float
    per_sample: bool
    generator: torch.Generator
    layers: int

    def __call__(self, batch: Batch) -> Batch:
        """The batch with its images mixed where the input was drawn, and else `Batch.inside`."""
        if self.alpha == 0:
            return batch
        count, rows = len(batch.targets), batch.metadata
        device = self.generator.device
        share = beta_draws(self.alpha, count if self.per_sample else 1, self.generator)
        others = partners(count, self.generator)
        drawn = torch.randint(self.layers + 1, (1,), generator=self.generator, device=device)
        places = torch.arange(self.layers + 1, device=device)[:, None]
        shares = torch.where(places == drawn, share, torch.ones_like(share))
        mixed = Batch(
            blended(batch.images, batch.images[others], shares[0]),
            blended_targets(batch.targets, batch.targets[others], share),
            batch.indices,
            None if rows is None else blended(rows, rows[others], share),
        )
        mixed.inside = Inside(others, shares[1:])
        return mixed
