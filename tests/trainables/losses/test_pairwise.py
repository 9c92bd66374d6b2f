"""Pairwise AUROC losses against sums over pairs, in float64, and LibAUC where it has them."""

import math
from collections.abc import Callable
from itertools import product

import pytest
import torch
from torch import Tensor

from tests.trainables.tiny import generator
from trainables.errors import UnknownNameError
from trainables.losses.pairs import SURROGATES
from trainables.losses.pairwise import PairwiseLoss

PLAIN: dict[str, tuple[Callable[[float], float], Callable[[float], float]]] = {
    "squared_hinge": (lambda d: max(0.0, 0.7 - d) ** 2, lambda d: -2 * max(0.0, 0.7 - d)),
    "square": (lambda d: (0.7 - d) ** 2, lambda d: -2 * (0.7 - d)),
    "hinge": (lambda d: max(0.0, 0.7 - d), lambda d: -1.0 if d < 0.7 else 0.0),
    "logistic": (lambda d: math.log1p(math.exp(-3 * d)), lambda d: -3 / (1 + math.exp(3 * d))),
    "sigmoid": (
        lambda d: 1 / (1 + math.exp(3 * d)),
        lambda d: -3 / (2 + math.exp(3 * d) + math.exp(-3 * d)),
    ),
}
"""Value and derivative of each at margin 0.7 and scale 3."""


def drawn(seed: int, size: int = 19) -> tuple[Tensor, Tensor]:
    logits = torch.randn(size, generator=generator(seed), dtype=torch.float64)
    return logits.requires_grad_(), (torch.rand(size, generator=generator(seed + 9)) < 0.3).double()


def loss(surrogate: str, score_map: str = "raw") -> PairwiseLoss:
    return PairwiseLoss(surrogate, 0.7, 3.0, score_map)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("surrogate", SURROGATES)
def test_value_and_gradient_are_the_mean_over_pairs(surrogate: str, seed: int) -> None:
    logits, targets = drawn(seed)
    value = loss(surrogate)(logits, targets)
    (slope,) = torch.autograd.grad(value, logits)

    cost, derivative = PLAIN[surrogate]
    of = logits.tolist()
    positives = [i for i, y in enumerate(targets.tolist()) if y == 1]
    negatives = [j for j, y in enumerate(targets.tolist()) if y == 0]
    pairs = len(positives) * len(negatives)
    total, slopes = 0.0, [0.0] * len(of)
    for i, j in product(positives, negatives):
        total += cost(of[i] - of[j]) / pairs
        slopes[i] += derivative(of[i] - of[j]) / pairs
        slopes[j] -= derivative(of[i] - of[j]) / pairs
    assert value.item() == pytest.approx(total, rel=1e-12)
    assert slope.tolist() == pytest.approx(slopes, rel=1e-10, abs=1e-15)


@pytest.mark.parametrize("surrogate", SURROGATES)
def test_it_falls_as_the_positive_rises(surrogate: str) -> None:
    """And bounds the share of misranked pairs, where it is meant to (margin 1, not the sigmoid)."""
    targets = torch.tensor([1.0, 0.0])
    values = [
        float(PairwiseLoss(surrogate, 1.0, 1.0, "raw")(torch.tensor([gap, 0.0]), targets))
        for gap in (-2.0, -1.0, 0.0, 0.9)
    ]
    assert values == sorted(values, reverse=True)
    if surrogate in ("squared_hinge", "square", "hinge"):
        assert min(values[:3]) >= 1


@pytest.mark.parametrize("surrogate", SURROGATES)
def test_a_label_without_a_pair_adds_0(surrogate: str) -> None:
    """Of four: one without positives, one without negatives, one unknown."""
    logits, targets = drawn(0)
    nothing = torch.full_like(targets, math.nan)
    several = torch.stack([targets, targets * 0, targets * 0 + 1, nothing], 1)
    wide = logits.detach()[:, None].repeat(1, 4).requires_grad_()
    value = loss(surrogate)(wide, several)
    (slope,) = torch.autograd.grad(value, wide)
    alone = loss(surrogate)(logits, targets)
    torch.testing.assert_close(value, alone / 4)
    torch.testing.assert_close(slope[:, 0], torch.autograd.grad(alone, logits)[0] / 4)
    assert bool((slope[:, 1:] == 0).all())


def test_names_that_do_not_exist_are_refused() -> None:
    with pytest.raises(UnknownNameError, match="surrogate must be one of squared_hinge, square"):
        PairwiseLoss("cubic")
    with pytest.raises(UnknownNameError, match="score_map must be one of sigmoid"):
        PairwiseLoss(score_map="tanh")


@pytest.mark.parametrize("theirs", ["squared", "squared_hinge", "hinge", "logistic"])
def test_it_is_libaucs(theirs: str) -> None:
    """They have no sigmoid surrogate; their only parameter is margin or scale."""
    libauc = pytest.importorskip("libauc.losses.auc")
    mine = {"squared": "square"}.get(theirs, theirs)
    logits, targets = drawn(1)
    other = logits.detach().clone().requires_grad_()
    value = loss(mine)(logits, targets)
    wanted = libauc.PairwiseAUCLoss(theirs, 3.0 if theirs == "logistic" else 0.7)(other, targets)
    torch.testing.assert_close(value, wanted, rtol=1e-12, atol=0)
    torch.testing.assert_close(
        torch.autograd.grad(value, logits)[0],
        torch.autograd.grad(wanted, other)[0],
        rtol=1e-10,
        atol=1e-15,
    )


def test_libaucs_logistic_overflows_and_this_does_not() -> None:
    libauc = pytest.importorskip("libauc.losses.auc")
    logits, targets = torch.tensor([-60.0, 60.0]), torch.tensor([1.0, 0.0])
    assert libauc.PairwiseAUCLoss("logistic", 1.0)(logits, targets).isinf()
    assert float(PairwiseLoss("logistic", score_map="raw")(logits, targets)) == 120
