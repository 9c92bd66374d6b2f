"""Losses of classes against torch's cross entropy, the binary forms and plain loops in float64."""

import math
from collections.abc import Callable

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from tests.trainables.tiny import generator
from trainables.losses.ce import CELoss
from trainables.losses.class_balanced import ClassBalancedCELoss
from trainables.losses.focal import FocalLoss
from trainables.losses.ldam import LDAMLoss
from trainables.losses.softmax import (
    SoftmaxCELoss,
    SoftmaxFocalLoss,
    SoftmaxLDAMLoss,
    SoftmaxVSLoss,
    class_weights,
    softmax_ce,
)
from trainables.losses.vector_scaling import VSLoss

COUNTS = (50, 20, 8, 2)
PRIOR = torch.tensor(COUNTS, dtype=torch.float64) / 80
LOGITS = 3 * torch.randn(30, 4, generator=generator(0), dtype=torch.float64)
IDS = torch.arange(30) % 4
HARD = F.one_hot(IDS, 4).double()
SOFT = torch.rand(30, 4, generator=generator(1), dtype=torch.float64).softmax(1)
Plain = Callable[[list[float], int], float]
"""The cost of one class, from an image's logits."""


def cost(logits: list[float], c: int) -> float:
    return math.log(sum(math.exp(each) for each in logits)) - logits[c]


def focal(logits: list[float], c: int) -> float:
    p = math.exp(-cost(logits, c))
    return -0.6 * (1 - p) ** 1.5 * math.log(p)


def cui(beta: float) -> list[float]:
    raw = [(1 - beta) / (1 - beta**n) for n in COUNTS]
    return [4 * each / sum(raw) for each in raw]


def weighted(logits: list[float], c: int) -> float:
    return cui(0.99)[c] * cost(logits, c)


def ldam(logits: list[float], c: int) -> float:
    """Eq. (13), with margins of C n^(-1/4), the largest 0.5, and s = 3."""
    margin = 0.5 * (2 / COUNTS[c]) ** 0.25
    return cost([3 * (each - margin * (place == c)) for place, each in enumerate(logits)], c)


def late(logits: list[float], c: int) -> float:
    weights = cui(0.99)
    mean = sum(n / 80 * weight for n, weight in zip(COUNTS, weights, strict=True))
    return weights[c] / mean * ldam(logits, c)


def balanced(logits: list[float], c: int) -> float:
    """Ren et al., eq. (4): n_c exp(z_c) over their sum."""
    every = [n * math.exp(each) for n, each in zip(COUNTS, logits, strict=True)]
    return -math.log(every[c] / sum(every))


def scaled(logits: list[float], c: int) -> float:
    """Kini et al., eq. (2), gamma 0.3 and tau 1.25."""
    moved = [
        (n / 50) ** 0.3 * each + 1.25 * math.log(n / 80)
        for n, each in zip(COUNTS, logits, strict=True)
    ]
    return cost(moved, c)


def late_ldam() -> SoftmaxLDAMLoss:
    loss = SoftmaxLDAMLoss(PRIOR, 80, 0.5, 3.0, 0.99).double()
    loss.reweight(True)
    return loss


LOSSES: dict[str, tuple[Callable[[Tensor, Tensor], Tensor], Plain]] = {
    "ce": (SoftmaxCELoss(), cost),
    "weighted": (SoftmaxCELoss(class_weights(PRIOR, 80, 0.99)), weighted),
    "focal": (SoftmaxFocalLoss(0.6, 1.5), focal),
    "ldam": (SoftmaxLDAMLoss(PRIOR, 80, 0.5, 3.0, 0.99).double(), ldam),
    "late ldam": (late_ldam(), late),
    "balanced softmax": (SoftmaxVSLoss(PRIOR), balanced),
    "vs": (SoftmaxVSLoss(PRIOR, 0.3, 1.25), scaled),
}


@pytest.mark.parametrize("targets", [HARD, SOFT], ids=["hard", "soft"])
@pytest.mark.parametrize("name", LOSSES)
def test_value_and_gradient_are_those_of_the_formula(name: str, targets: Tensor) -> None:
    loss, plain = LOSSES[name]

    def whole(logits: Tensor) -> float:
        return sum(
            float(share) * plain(row, c)
            for row, shares in zip(logits.tolist(), targets, strict=True)
            for c, share in enumerate(shares)
        ) / len(logits)

    given = LOGITS.clone().requires_grad_()
    mine = loss(given, targets)
    assert float(mine.detach()) == pytest.approx(whole(LOGITS), rel=1e-12)
    (slopes,) = torch.autograd.grad(mine, given)
    for row, c in ((0, 0), (5, 3), (17, 1), (29, 2)):
        step = torch.zeros_like(LOGITS)
        step[row, c] = 1e-5
        slope = (whole(LOGITS + step) - whole(LOGITS - step)) / 2e-5
        assert float(slopes[row, c]) == pytest.approx(slope, rel=1e-5, abs=1e-9)


def test_ce_is_torchs() -> None:
    torch.testing.assert_close(softmax_ce(LOGITS, HARD), F.cross_entropy(LOGITS, IDS))
    torch.testing.assert_close(softmax_ce(LOGITS, SOFT), F.cross_entropy(LOGITS, SOFT))
    weights = class_weights(PRIOR, 80, 0.9)
    torch.testing.assert_close(
        softmax_ce(LOGITS, HARD, weights),
        F.cross_entropy(LOGITS, IDS, weights, reduction="none").mean(),
    )
    torch.testing.assert_close(
        SoftmaxVSLoss(PRIOR)(LOGITS, HARD),
        F.cross_entropy(LOGITS + torch.tensor(COUNTS).log(), IDS),
    )


def test_of_two_classes_they_are_the_binary_losses() -> None:
    """Whose logit is the difference of the two."""
    prior = torch.tensor([0.8, 0.2], dtype=torch.float64)
    logits = LOGITS[:, :2]
    one, hot = (torch.arange(30) % 5 == 0).double(), F.one_hot((torch.arange(30) % 5 == 0).long())
    difference = logits[:, 1] - logits[:, 0]
    for several, binary in (
        (SoftmaxCELoss(), CELoss()),
        (SoftmaxCELoss(class_weights(prior, 30, 0.99)), ClassBalancedCELoss(0.2, 30, 0.99)),
        (SoftmaxLDAMLoss(prior, 30, 0.5, 2.0), LDAMLoss(0.2, 30, 0.5, 2.0)),
        (SoftmaxVSLoss(prior, 0.0, 1.25), VSLoss(0.2, 0.0, 1.25)),
        (SoftmaxFocalLoss(0.5, 2.0), FocalLoss(0.5, 2.0)),
    ):
        torch.testing.assert_close(several(logits, hot), binary(difference, one))


def test_weights_keep_their_digits_and_their_limits() -> None:
    assert class_weights(PRIOR, 80, 0.99).tolist() == pytest.approx(cui(0.99))
    assert class_weights(PRIOR, 80, 0.0).tolist() == [1, 1, 1, 1]
    inverse = [4 / n / sum(1 / m for m in COUNTS) for n in COUNTS]
    assert class_weights(PRIOR, 80, 1.0).tolist() == pytest.approx(inverse)
    assert class_weights(PRIOR.float(), 80, 1 - 1e-9).tolist() == pytest.approx(inverse, rel=1e-5)


@pytest.mark.parametrize("name", LOSSES)
def test_certain_images_have_finite_losses_and_slopes(name: str) -> None:
    loss = LOSSES[name][0]
    for sign in (1.0, -1.0):
        given = (sign * 200 * HARD).requires_grad_()
        value = loss(given, HARD)
        (slopes,) = torch.autograd.grad(value, given)
        assert bool(value.detach().isfinite())
        assert bool(torch.isfinite(slopes).all())


def test_what_has_no_classes_is_refused() -> None:
    with pytest.raises(ValueError, match=r"must have the shape \(B, C\)"):
        softmax_ce(LOGITS[:, 0], HARD[:, 0])
    with pytest.raises(ValueError, match=r"not \(30, 4\) and \(30, 3\)"):
        softmax_ce(LOGITS, HARD[:, :3])
    with pytest.raises(ValueError, match=r"beta must be a finite number in \[0, 1\]"):
        class_weights(PRIOR, 80, 1.5)
