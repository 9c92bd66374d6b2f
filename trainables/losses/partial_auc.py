"""Partial AUC losses: the pairs that cost most count alone, or most.

Source: Zhu, Li, Wang, Wu, Yang, "When AUC Meets DRO: Optimizing Partial AUC for Deep Learning with
Non-Convex Convergence Guarantee", ICML 2022 (arXiv 2203.00176), Alg. 1 to 3.

The averages of exp(l / lambda) are kept as their logarithms: with scores that have no bound the
exponentials overflow.
"""

import math

import torch
from torch import Tensor

from trainables.losses.arguments import check_number
from trainables.losses.image_state import Images, ImageStateLoss
from trainables.losses.pairs import Pairs, mean_where

__all__ = ["OneWayCVaRLoss", "OneWayKLLoss", "TwoWayKLLoss"]


class OneWayCVaRLoss(ImageStateLoss):
    """SOPA: partial AUC at false positive rates up to beta, by conditional value at risk.

    Mean over the positives i of s_i + <(l_ij - s_i)_+> / beta, < > the mean over the negatives j
    and l_ij = (m - (h_i - h_j))_+^2. At the s_i that minimises it this is the mean of the largest
    beta of the l_ij. After the loss each s_i of the batch steps down by eta times its derivative,
    s_i <- s_i - eta (1 - <l_ij > s_i> / beta).

    Args:
        images, margin, score_map, labels: as in `ImageStateLoss`.
        beta: the largest false positive rate, in (0, 1].
        eta: above 0.

    Attributes:
        thresholds: buffer s, 0 at first.

    Raises:
        UnknownNameError: there is no such score map.
        ValueError: a number is out of its range.
    """

    thresholds: Tensor

    def __init__(
        self,
        images: int,
        margin: float = 1.0,
        beta: float = 0.2,
        eta: float = 0.1,
        score_map: str = "sigmoid",
        labels: int = 1,
    ) -> None:
        super().__init__(images, margin, score_map, labels)
        check_number("beta", beta, "in (0, 1]")
        check_number("eta", eta, "above 0")
        self.beta, self.eta = beta, eta
        self.keep("thresholds", 0.0)

    def by_label(self, costs: Tensor, pairs: Pairs, images: Images) -> Tensor:
        """See `ImageStateLoss`; a label needs a pair."""
        counted, of_negatives = _counted(costs, pairs)
        with torch.no_grad():
            old = self.thresholds[images.indices]
            above = (costs > old[:, None]).to(old.dtype)
            share = images.mean(mean_where(above, of_negatives, 1))
            images.write(self.thresholds, old - self.eta * (1 - share / self.beta), counted)
        excess = mean_where((costs - old[:, None]).clamp_min(0), of_negatives, 1)
        return mean_where(old + excess / self.beta, counted, 0)


class OneWayKLLoss(ImageStateLoss):
    """SOPA-s: partial AUC at low false positive rates, by a KL-regularised worst case.

    The gradient is that of the mean over the positives i of lambda log u_i, u_i a moving average of
    the mean over the negatives j of exp(l_ij / lambda), l_ij = (m - (h_i - h_j))_+^2; the value is
    the mean over the pairs of p_ij l_ij with p_ij = exp(l_ij / lambda) / u_i, after u_i moved.

    Args:
        images, margin, score_map, labels: as in `ImageStateLoss`.
        kl: lambda > 0, the weight of the divergence; the smaller, the more the worst negatives
            count.
        gamma: weight of the newest value in the averages, in (0, 1].

    Attributes:
        log_averages: buffer log u, of 0 at first.

    Raises:
        UnknownNameError: there is no such score map.
        ValueError: a number is out of its range.
    """

    log_averages: Tensor

    def __init__(
        self,
        images: int,
        margin: float = 1.0,
        kl: float = 1.0,
        gamma: float = 0.9,
        score_map: str = "sigmoid",
        labels: int = 1,
    ) -> None:
        super().__init__(images, margin, score_map, labels)
        check_number("kl", kl, "above 0")
        check_number("gamma", gamma, "in (0, 1]")
        self.kl, self.gamma = kl, gamma
        self.keep("log_averages", -torch.inf)

    def by_label(self, costs: Tensor, pairs: Pairs, images: Images) -> Tensor:
        """See `ImageStateLoss`; a label needs a pair."""
        counted, of_negatives = _counted(costs, pairs)
        with torch.no_grad():
            logs = costs / self.kl
            log_u = self._moved(logs, counted, of_negatives, images)
            weights = self._log_weights(logs, log_u, counted).exp()
            weights = weights.masked_fill(~(counted[:, None] & of_negatives), 0)
        return mean_where(weights * costs, counted[:, None] & of_negatives, (0, 1))

    def _moved(self, logs: Tensor, counted: Tensor, of_negatives: Tensor, images: Images) -> Tensor:
        """log u of the batch's images, (B, L), after they moved."""
        newest = images.log_mean(_log_mean(logs, of_negatives, 1))
        old = self.log_averages[images.indices]
        return images.write(self.log_averages, _log_average(old, newest, self.gamma), counted)

    def _log_weights(self, logs: Tensor, log_u: Tensor, counted: Tensor) -> Tensor:  # noqa: ARG002
        """log p_ij, (B, B, L); what it is where a pair is not counted does not matter."""
        return logs - log_u[:, None]


class TwoWayKLLoss(OneWayKLLoss):
    """SOTA-s: partial AUC at low false positive and high true positive rates, by KL both ways.

    The gradient is that of lambda' log v, v a moving average of the mean over the positives i of
    u_i^(lambda / lambda'), u_i as in `OneWayKLLoss`; there p_ij = u_i^(lambda / lambda' - 1)
    exp(l_ij / lambda) / v, after u_i and v moved. Each label has a v.

    Args:
        images, margin, score_map, labels: as in `ImageStateLoss`.
        kl: lambda > 0, of the negatives.
        outer_kl: lambda' > 0, of the positives; the smaller, the more the worst positives count.
        gamma: weight of the newest value in the averages u, in (0, 1].
        outer_gamma: the same in v.

    Attributes:
        log_averages: buffer log u, of 0 at first.
        log_outer: buffer log v (L,), of 0 at first.

    Raises:
        UnknownNameError: there is no such score map.
        ValueError: a number is out of its range.
    """

    log_outer: Tensor

    def __init__(
        self,
        images: int,
        margin: float = 1.0,
        kl: float = 1.0,
        outer_kl: float = 1.0,
        gamma: float = 0.9,
        outer_gamma: float = 0.9,
        score_map: str = "sigmoid",
        labels: int = 1,
    ) -> None:
        super().__init__(images, margin, kl, gamma, score_map, labels)
        check_number("outer_kl", outer_kl, "above 0")
        check_number("outer_gamma", outer_gamma, "in (0, 1]")
        self.outer_kl, self.outer_gamma = outer_kl, outer_gamma
        self.register_buffer("log_outer", torch.full((labels,), -torch.inf))

    def _log_weights(self, logs: Tensor, log_u: Tensor, counted: Tensor) -> Tensor:
        power = self.kl / self.outer_kl
        newest = _log_mean(power * log_u, counted, 0)
        moved = _log_average(self.log_outer, newest, self.outer_gamma)
        self.log_outer.copy_(torch.where(counted.any(0), moved, self.log_outer))
        return logs + (power - 1) * log_u[:, None] - self.log_outer


def _counted(costs: Tensor, pairs: Pairs) -> tuple[Tensor, Tensor]:
    """Positives that have a pair, (B, L), and for each image i the negatives j, (B, B, L); bool."""
    return pairs.positive & pairs.negative.any(0), pairs.negative[None].expand_as(costs)


def _log_mean(logs: Tensor, chosen: Tensor, dim: int) -> Tensor:
    """The logarithm of the mean of exp(logs) over what is chosen, of 0 where nothing is."""
    count = chosen.sum(dim).clamp_min(1).to(logs.dtype)
    return logs.masked_fill(~chosen, -torch.inf).logsumexp(dim) - count.log()


def _log_average(old: Tensor, newest: Tensor, gamma: float) -> Tensor:
    """log((1 - gamma) exp(old) + gamma exp(newest))."""
    stays = math.log1p(-gamma) if gamma < 1 else -math.inf
    return torch.logaddexp(old + stays, newest + math.log(gamma))
