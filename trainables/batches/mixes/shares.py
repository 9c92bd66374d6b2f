"""What the mixes share: draws of lambda, partners, and weighted sums of two images or targets."""

from abc import ABC, abstractmethod
from dataclasses import dataclass

import torch
from torch import Tensor

from trainables.recipe import Batch

__all__ = ["Mixing", "beta_draws", "blended", "blended_targets", "paired", "partners"]


@dataclass(frozen=True)
class Mixing(ABC):
    """What is done to the images of a batch, and to their targets with them.

    Attributes:
        alpha: parameter of the distribution of lambda, at least 0; 0 gives every batch back as it
            is.
        per_sample: lambda, and what else is said to be drawn so, is one an image instead of one a
            batch.
        generator: on the batch's device.
    """

    alpha: float
    per_sample: bool
    generator: torch.Generator

    def __call__(self, batch: Batch) -> Batch:
        """The mixed batch, as large as the one that came."""
        return batch if self.alpha == 0 else self.mixed(batch)

    @abstractmethod
    def mixed(self, batch: Batch) -> Batch:
        """The same where ``alpha`` is above 0."""

    def draws(self, count: int) -> int:
        """How many draws ``count`` images take."""
        return count if self.per_sample else 1


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


def partners(count: int, generator: torch.Generator) -> Tensor:
    """The image that each of ``count`` is mixed with, a permutation: int64 (count,)."""
    return torch.randperm(count, generator=generator, device=generator.device)


def blended(first: Tensor, second: Tensor, share: Tensor) -> Tensor:
    """share x first + (1 - share) x second.

    Args:
        first, second: (B, ...), alike.
        share: in [0, 1], one an image (B,) or one for all (1,), of any float dtype.
    """
    return torch.lerp(second, first, _beside(first, share))


def blended_targets(first: Tensor, second: Tensor, share: Tensor) -> Tensor:
    """As `blended`, of targets: missing (NaN) where one of the two is, unless it has no weight.

    Args:
        first, second: (B,), or (B, L) of several labels.
        share: (B,) or (1,); of several labels also (B, L).
    """
    both = blended(first, second, share)
    if first.dim() > 1:
        # lerp gives NaN also where the NaN has no weight.
        share = _beside(first, share)
        both = torch.where(share == 1, first, both)
        both = torch.where(share == 0, second, both)
    return both


def paired(
    batch: Batch, others: Tensor, images: Tensor, share: Tensor, label_share: Tensor | None = None
) -> Batch:
    """A batch of mixed ``images``, of which each image i has ``share`` and others[i] the rest.

    Args:
        batch: of the images as they were; metadata are `blended` by ``share``.
        others: int64 (B,).
        images: (B, ...).
        share: (B,) or (1,).
        label_share: what targets are mixed by, for `blended_targets`; None: ``share``.
    """
    targets, rows = batch.targets, batch.metadata
    own = share if label_share is None else label_share
    return Batch(
        images,
        blended_targets(targets, targets[others], own),
        batch.indices,
        None if rows is None else blended(rows, rows[others], share),
    )


def _beside(values: Tensor, share: Tensor) -> Tensor:
    share = share.to(values.dtype)
    return share if share.dim() == values.dim() else share.view(-1, *[1] * (values.dim() - 1))
