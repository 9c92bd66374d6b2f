"""Losses with a state an image as plain loops, and ours with the same numbers.

The loops are float64 and know nothing of matrices: of each label they hold one number an image.
"""

import math
from collections.abc import Callable

import torch
from torch import Tensor

from tests.trainables.tiny import generator
from trainables.losses.average_precision import APLoss
from trainables.losses.image_state import ImageStateLoss
from trainables.losses.partial_auc import OneWayCVaRLoss, OneWayKLLoss, TwoWayKLLoss

IMAGES = 12
MARGIN, GAMMA, OUTER, BETA, ETA, KL, OUTER_KL = 0.8, 0.7, 0.6, 0.3, 0.2, 0.5, 0.8

Found = tuple[float, list[float]]
"""Value and gradient in the scores."""


class Plain:
    """One label. Batches are lists of scores, labels (None: missing) and image numbers."""

    def __init__(self) -> None:
        self.state: dict[str, dict[int, float]] = {}
        self.outer = 0.0

    def of(self, name: str, image: int) -> float:
        return self.state.setdefault(name, {}).get(image, 0.0)

    def cost(self, i: int, j: int) -> float:
        return max(0.0, MARGIN - (self.scores[i] - self.scores[j])) ** 2

    def step(self, scores: list[float], labels: list[int | None], images: list[int]) -> Found:
        self.scores, self.images = scores, images
        self.positives = [i for i, y in enumerate(labels) if y == 1]
        self.negatives = [j for j, y in enumerate(labels) if y == 0]
        if not self.positives or (not self.negatives and type(self) is not PlainAP):
            return 0.0, [0.0] * len(scores)
        return self.found()

    def found(self) -> Found:
        raise NotImplementedError

    def move(self, name: str, newest: dict[int, float], rule: Callable[..., float]) -> None:
        """Each image once, by the mean of the newest values of its places in the batch."""
        by_image: dict[int, list[float]] = {}
        for i, value in newest.items():
            by_image.setdefault(self.images[i], []).append(value)
        for image, values in by_image.items():
            old = self.of(name, image)
            self.state[name][image] = rule(old, sum(values) / len(values))

    def weighted(self, weights: dict[tuple[int, int], float], pairs: int) -> Found:
        """Sum of w_ij l_ij / pairs, and its gradient with constant weights."""
        value, slopes = 0.0, [0.0] * len(self.scores)
        for (i, j), weight in weights.items():
            value += weight * self.cost(i, j) / pairs
            slope = -2 * weight * max(0.0, MARGIN - (self.scores[i] - self.scores[j])) / pairs
            slopes[i] += slope
            slopes[j] -= slope
        return value, slopes


class PlainAP(Plain):
    def found(self) -> Found:
        known = sorted(self.positives + self.negatives)
        rule = lambda old, new: (1 - GAMMA) * old + GAMMA * new  # noqa: E731
        all_ = {i: sum(self.cost(i, j) for j in known) / len(known) for i in self.positives}
        some = {
            i: sum(self.cost(i, j) for j in self.positives) / len(known) for i in self.positives
        }
        self.move("among_all", all_, rule)
        self.move("among_positives", some, rule)
        weights = {}
        for i in self.positives:
            u1 = self.of("among_positives", self.images[i])
            u2 = self.of("among_all", self.images[i])
            for j in known:
                weights[i, j] = (u1 - (u2 if j in self.positives else 0)) / u2**2
        return self.weighted(weights, len(self.positives) * len(known))


class PlainCVaR(Plain):
    def found(self) -> Found:
        old = {i: self.of("thresholds", self.images[i]) for i in self.positives}
        weights, value = {}, 0.0
        share = {}
        for i in self.positives:
            above = [j for j in self.negatives if self.cost(i, j) > old[i]]
            share[i] = len(above) / len(self.negatives)
            weights.update({(i, j): 1 / BETA for j in above})
            excess = sum(self.cost(i, j) - old[i] for j in above) / len(self.negatives)
            value += (old[i] + excess / BETA) / len(self.positives)
        self.move("thresholds", share, lambda s, new: s - ETA * (1 - new / BETA))
        return value, self.weighted(weights, len(self.positives) * len(self.negatives))[1]


class PlainKL(Plain):
    def found(self) -> Found:
        newest = {
            i: sum(math.exp(self.cost(i, j) / KL) for j in self.negatives) / len(self.negatives)
            for i in self.positives
        }
        self.move("u", newest, lambda old, new: (1 - GAMMA) * old + GAMMA * new)
        weights = {}
        for i in self.positives:
            for j in self.negatives:
                weights[i, j] = self.weight(i, math.exp(self.cost(i, j) / KL))
        return self.weighted(weights, len(self.positives) * len(self.negatives))

    def weight(self, i: int, exponential: float) -> float:
        return exponential / self.of("u", self.images[i])


class PlainTwoWay(PlainKL):
    def weight(self, i: int, exponential: float) -> float:
        power = KL / OUTER_KL
        if i == self.positives[0]:  # v moves once, after u
            mean = sum(self.of("u", self.images[k]) ** power for k in self.positives)
            mean /= len(self.positives)
            self.outer = (1 - OUTER) * self.outer + OUTER * mean if self.first(i) else self.outer
        return self.of("u", self.images[i]) ** (power - 1) * exponential / self.outer

    def first(self, i: int) -> bool:
        self.seen = getattr(self, "seen", None)
        now = (tuple(self.scores), i)
        fresh, self.seen = self.seen != now, now
        return fresh


def ap(labels: int = 1, score_map: str = "raw") -> ImageStateLoss:
    return APLoss(IMAGES, MARGIN, GAMMA, score_map, labels)


def cvar(labels: int = 1, score_map: str = "raw") -> ImageStateLoss:
    return OneWayCVaRLoss(IMAGES, MARGIN, BETA, ETA, score_map, labels)


def one_way(labels: int = 1, score_map: str = "raw") -> ImageStateLoss:
    return OneWayKLLoss(IMAGES, MARGIN, KL, GAMMA, score_map, labels)


def two_way(labels: int = 1, score_map: str = "raw") -> ImageStateLoss:
    return TwoWayKLLoss(IMAGES, MARGIN, KL, OUTER_KL, GAMMA, OUTER, score_map, labels)


LOSSES: dict[str, tuple[Callable[..., ImageStateLoss], type[Plain]]] = {
    "ap": (ap, PlainAP),
    "cvar": (cvar, PlainCVaR),
    "one_way": (one_way, PlainKL),
    "two_way": (two_way, PlainTwoWay),
}


def drawn(seed: int, labels: int, size: int = 9) -> tuple[Tensor, Tensor, Tensor]:
    """Scores, targets and indices: label 0 of an image is always the same, so that states last.

    Images come twice now and then; one label in five is missing, where there are several.
    """
    draw = generator(seed)
    indices = torch.randint(IMAGES, (size,), generator=draw)
    shape = (size, labels)
    scores = torch.randn(shape, generator=draw, dtype=torch.float64)
    targets = ((indices[:, None] + torch.arange(labels)) % 3 == 0).double()
    if labels > 1:
        gone = (indices[:, None] * 7 + torch.arange(labels) * 3) % 5 == 0
        targets = targets.masked_fill(gone, math.nan)
        return scores, targets, indices
    return scores.squeeze(1), targets.squeeze(1), indices
