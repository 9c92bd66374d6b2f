"""Mixup: convex combinations of the images of a batch and of their labels.

Source: Zhang et al., "mixup: Beyond Empirical Risk Minimization", ICLR 2018 (arXiv 1710.09412).
"""

from dataclasses import dataclass

from trainables.batches.mixes.shares import Mixing, beta_draws, blended, paired, partners
from trainables.recipe import Batch

__all__ = ["Mixup"]


@dataclass(frozen=True)
class Mixup(Mixing):
    """x = lambda x_i + (1 - lambda) x_perm(i), targets likewise, lambda ~ Beta(alpha, alpha).

    Of several labels one that is missing in either image is missing in the mixed one, unless that
    image has no weight (lambda is 0 or 1). Metadata are mixed as images are.
    """

    def mixed(self, batch: Batch) -> Batch:
        """The mixed batch, as large as the one that came."""
        count = len(batch.targets)
        share = beta_draws(self.alpha, self.draws(count), self.generator)
        others = partners(count, self.generator)
        return paired(batch, others, blended(batch.images, batch.images[others], share), share)
