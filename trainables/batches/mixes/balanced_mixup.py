"""Balanced-MixUp: images as they are drawn, mixed with images drawn evenly from the classes.

Source: Galdran, Carneiro, Gonzalez Ballester, "Balanced-MixUp for Highly Imbalanced Medical Image
Classification", MICCAI 2021 (arXiv 2109.09850), eq. (3).
"""

from dataclasses import dataclass

import torch

from trainables.batches.mixes.shares import Mixing, blended, blended_targets
from trainables.recipe import Batch

__all__ = ["BalancedMixup", "share_met"]


@dataclass(frozen=True)
class BalancedMixup(Mixing):
    """x = (1 - lambda) x_i + lambda x'_i, targets and metadata likewise, lambda ~ Beta(alpha, 1),
    x' the batch's partner; the paper's alpha lies from 0.1 to 0.3.
    """

    def mixed(self, batch: Batch) -> Batch:
        """The mixed batch, as large as the one that came.

        Raises:
            ValueError: the batch has no partner.
        """
        even = batch.partner
        if even is None:
            raise ValueError(
                "balanced_mixup needs batches with a partner, drawn evenly from the classes, and "
                "this one has none: the method must say that it wants partners."
            )
        # U^(1 / alpha) is of Beta(alpha, 1).
        uniform = torch.rand(
            self.draws(len(batch.targets)),
            dtype=torch.float64,
            device=self.generator.device,
            generator=self.generator,
        )
        share = 1 - uniform ** (1 / self.alpha)
        rows, beside = batch.metadata, even.metadata
        return Batch(
            blended(batch.images, even.images, share),
            blended_targets(batch.targets, even.targets, share),
            batch.indices,
            None if rows is None or beside is None else blended(rows, beside, share),
        )


def share_met(prior: float, alpha: float) -> float:
    """The mean of the labels of mixed images, nearer to 1/2 than the share ``prior`` that is drawn.

    >>> share_met(0.25, 1.0)
    0.375
    """
    weight = alpha / (1 + alpha)  # the mean of lambda
    return (1 - weight) * prior + weight / 2
