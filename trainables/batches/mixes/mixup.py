"""Mixup: convex combinations of the images of a batch and of their labels.

Source: Zhang et al., "mixup: Beyond Empirical Risk Minimization", ICLR 2018 (arXiv 1710.09412).
"""

from dataclasses import dataclass

import torch

from trainables.batches.mixes.shares import beta_draws, blended, blended_targets, partners
from trainables.recipe import Batch

__all__ = ["Mixup"]


@dataclass(frozen=True)
class Mixup:
    """x = lambda x_i + (1 - lambda) x_perm(i), targets likewise, lambda ~ Beta(alpha, alpha).

    Of several labels one that is missing in either image is missing in the mixed one, unless that
    image has no weight (lambda is 0 or 1). Metadata are mixed as images are.

    Attributes:
        alpha: at least 0; 0 gives every batch back as it is.
        per_sample: one lambda an image, instead of one a batch.
        generator: on the batch's device.
    """

    alpha: float
    per_sample: bool
    generator: torch.Generator

    def __call__(self, batch: Batch) -> Batch:
        """The mixed batch, as large as the one that came."""
        if self.alpha == 0:
            return batch
        count = len(batch.targets)
        share = beta_draws(self.alpha, count if self.per_sample else 1, self.generator)
        others = partners(count, self.generator)
        rows = batch.metadata
        return Batch(
            blended(batch.images, batch.images[others], share),
            blended_targets(batch.targets, batch.targets[others], share),
            batch.indices,
            None if rows is None else blended(rows, rows[others], share),
        )
