"""Mixup: convex combinations of the images of a batch and of their labels.

Source: Zhang et al., "mixup: Beyond Empirical Risk Minimization", ICLR 2018 (arXiv 1710.09412).
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from trainables.recipe import Batch

__all__ = ["Mixup", "beta_draws"]


def beta_draws(alpha: float, count: int, generator: torch.Generator) -> Tensor:
    """Draws (count,) float64 of Beta(alpha, alpha), alpha > 0, on the generator's device."""
    # Beta = G1 / (G1 + G2) of two Gamma(alpha) draws. A small alpha makes them underflow, but
    # log Gamma(alpha) = log Gamma(alpha + 1) + log(U) / alpha (Marsaglia and Tsang, 2000) not.
    shape = torch.full((2, count), alpha + 1, dtype=torch.float64, device=generator.device)
    gamma = torch._standard_gamma(shape, generator=generator)
    uniform = torch.rand(
        (2, count), dtype=torch.float64, device=generator.device, generator=generator
    )
    logs = gamma.log() + torch.log1p(-uniform) / alpha
    return torch.sigmoid(logs[0] - logs[1])


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
        draws = beta_draws(self.alpha, count if self.per_sample else 1, self.generator)
        others = torch.randperm(count, generator=self.generator, device=self.generator.device)

        def mixed(values: Tensor) -> Tensor:
            share = draws.to(values.dtype).view(-1, *[1] * (values.dim() - 1))
            both = torch.lerp(values[others], values, share)
            if values is batch.targets and values.dim() > 1:
                # lerp gives NaN also where the NaN has no weight.
                both = torch.where(share == 1, values, both)
                both = torch.where(share == 0, values[others], both)
            return both

        return Batch(
            mixed(batch.images),
            mixed(batch.targets),
            batch.indices,
            None if batch.metadata is None else mixed(batch.metadata),
        )
