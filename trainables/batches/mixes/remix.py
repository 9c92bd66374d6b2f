"""Remix: mixup whose labels lean to the rarer class.

Source: Chou, Chang, Pan, Wei, Juan, "Remix: Rebalanced Mixup", ECCV 2020 workshops
(arXiv 2007.03943), eq. (6) and (7).
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from trainables.batches.mixes.shares import Mixing, beta_draws, blended, paired, partners
from trainables.recipe import Batch

__all__ = ["KAPPA", "TAU", "Remix", "share_met"]

KAPPA, TAU = 3.0, 0.5
"""How much more frequent a class must be, and how little of it must be seen, to be left out."""


@dataclass(frozen=True)
class Remix(Mixing):
    """x = lambda x_i + (1 - lambda) x_perm(i), lambda ~ Beta(alpha, alpha); the label's share of i
    is 0 where its class is ``KAPPA`` times as frequent as the other's or more and lambda < ``TAU``,
    1 where it is the other way round, and lambda elsewhere.

    Of several labels each decides by its own classes, of an uncertain one by what is likelier; of
    one-hot classes the image decides by its class. Metadata are mixed as images are.

    Attributes:
        prior: share of positives among the images, in (0, 1), or one a label (L,); or that of each
            class (C,).
        classes: targets are one-hot.
    """

    prior: float | Tensor
    classes: bool = False

    def mixed(self, batch: Batch) -> Batch:
        """The mixed batch, as large as the one that came."""
        count = len(batch.targets)
        share = beta_draws(self.alpha, self.draws(count), self.generator)
        others = partners(count, self.generator)
        images = blended(batch.images, batch.images[others], share)
        of_labels = self._label_share(share, batch.targets, others)
        return paired(batch, others, images, share, of_labels)

    def _label_share(self, share: Tensor, targets: Tensor, others: Tensor) -> Tensor:
        """Alike to targets, or (B, 1) of classes: what of each label is that of the first image."""
        # How much more frequent the first image's class is.
        if self.classes:
            frequency = (targets * self.prior).sum(1, keepdim=True)
            ratio = frequency / frequency[others]
        else:
            positive = targets > 0.5
            odds = self.prior / (1 - self.prior)
            ratio = torch.where(positive, odds, 1 / odds)
            ratio = torch.where(positive == positive[others], 1.0, ratio)
        share = share.view(-1, *[1] * (targets.dim() - 1)).expand_as(ratio)
        kept = torch.where((ratio >= KAPPA) & (share < TAU), 0.0, share)
        return torch.where((ratio <= 1 / KAPPA) & (1 - share < TAU), 1.0, kept)


def share_met(prior: float | Tensor, alpha: float, classes: bool = False) -> float | Tensor:
    """The mean of the labels of mixed images: more than ``prior`` where positives are rare.

    Args:
        prior, alpha, classes: as of `Remix`.
    """
    if alpha == 0:
        return prior
    # E[lambda; lambda < 1/2] = I_(1/2)(alpha + 1, alpha) / 2, what a class loses by being left out.
    log_beta = 2 * math.lgamma(alpha) - math.lgamma(2 * alpha)
    lost = (0.5 - math.exp(alpha * math.log(0.25) - math.log(alpha) - log_beta)) / 2
    if classes:
        assert isinstance(prior, Tensor)
        ratios = prior[:, None] / prior
        leans = 1.0 * (ratios <= 1 / KAPPA) - 1.0 * (ratios >= KAPPA)
        return prior + 2 * prior * lost * (leans.to(prior) @ prior)
    odds = prior / (1 - prior)
    rare, frequent = odds <= 1 / KAPPA, odds >= KAPPA
    return prior + 2 * prior * (1 - prior) * lost * (1 * rare - 1 * frequent)
