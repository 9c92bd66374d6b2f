"""Losses for imbalance against the papers' formulas: torch's CE of two logits, and plain sums."""

import math
from collections.abc import Callable

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from tests.trainables.tiny import generator
from trainables.losses.asymmetric import AsymmetricLoss
from trainables.losses.ce import ce_loss
from trainables.losses.class_balanced import ClassBalancedCELoss, effective_weights
from trainables.losses.ldam import LDAMLoss, margins
from trainables.losses.vector_scaling import VSLoss
from trainables.losses.weighted_ce import WeightedCELoss

LOGITS = 3 * torch.randn(40, generator=generator(0), dtype=torch.float64)
TARGETS = (torch.arange(40) % 5 == 0).double()  # 8 of 40
SOFT = torch.rand(40, generator=generator(1), dtype=torch.float64)
PRIOR, COUNTS = 0.2, (8, 32)
TWO = torch.stack([torch.zeros_like(LOGITS), LOGITS], 1)
"""The logits of negatives and positives, of which LOGITS is the difference."""


def check(loss: Callable[[Tensor, Tensor], Tensor], plain: Callable[[Tensor], Tensor]) -> None:
    """Value and gradient; ``plain`` takes the logits alone."""
    left, right = (LOGITS.clone().requires_grad_() for _ in range(2))
    mine, wanted = loss(left, TARGETS), plain(right)
    torch.testing.assert_close(mine, wanted, rtol=1e-10, atol=0)
    torch.testing.assert_close(
        torch.autograd.grad(mine, left), torch.autograd.grad(wanted, right), rtol=1e-9, atol=1e-14
    )


def two(logits: Tensor) -> Tensor:
    return torch.stack([torch.zeros_like(logits), logits], 1)


def cui(beta: float) -> list[float]:
    """Weights of negatives and positives as the paper's code has them: they sum to 2."""
    raw = [(1 - beta) / (1 - beta**n) for n in COUNTS[::-1]]
    return [2 * each / sum(raw) for each in raw]


@pytest.mark.parametrize("beta", [0.9, 0.99, 0.9999])
def test_class_balanced_ce_is_torchs_with_the_papers_weights(beta: float) -> None:
    """Their mean over the images, which torch's own would divide by the sum of the weights."""
    weight = torch.tensor(cui(beta), dtype=torch.float64)
    check(
        ClassBalancedCELoss(PRIOR, 40, beta),
        lambda f: F.cross_entropy(two(f), TARGETS.long(), weight, reduction="none").mean(),
    )


def test_beta_ends_at_no_weights_and_at_inverse_frequencies() -> None:
    assert effective_weights(PRIOR, 40, 0.0) == pytest.approx((1, 1))
    assert effective_weights(PRIOR, 40, 1.0) == pytest.approx((1.6, 0.4))
    assert effective_weights(PRIOR, 40, 1 - 1e-9) == pytest.approx((1.6, 0.4), rel=1e-5)
    balanced = WeightedCELoss(PRIOR, 1.0)(LOGITS, TARGETS)  # whose weights are 1 on average
    torch.testing.assert_close(ClassBalancedCELoss(PRIOR, 40)(LOGITS, TARGETS), 0.64 * balanced)
    torch.testing.assert_close(
        ClassBalancedCELoss(PRIOR, 40, 0.0)(LOGITS, TARGETS), ce_loss(LOGITS, TARGETS)
    )


def test_a_factor_is_torchs_pos_weight() -> None:
    """Up to the mean of the two weights, 4."""
    weight = torch.tensor(7.0, dtype=torch.float64)
    check(
        ClassBalancedCELoss(PRIOR, 40, 0.0, 7.0),
        lambda f: F.binary_cross_entropy_with_logits(f, TARGETS, pos_weight=weight) / 4,
    )


def test_weights_of_many_images_keep_their_digits_by_label() -> None:
    shares = torch.tensor([1e-5, 0.3])
    positive, negative = effective_weights(shares, 200_000, 0.9999)
    for label, share in enumerate(shares.tolist()):
        wanted = effective_weights(share, 200_000, 0.9999)
        assert float(positive[label]) == pytest.approx(wanted[0], rel=1e-5)  # type: ignore[index]
        assert float(negative[label]) == pytest.approx(wanted[1], rel=1e-5)  # type: ignore[index]


@pytest.mark.parametrize("scale", [1.0, 30.0])
@pytest.mark.parametrize("late", [False, True])
def test_ldam_is_the_papers_code_for_two_classes(late: bool, scale: float) -> None:
    """The margin is taken off the logit of the true class; DRW is torch's weighted mean."""
    loss = LDAMLoss(PRIOR, 40, 0.5, scale, 0.99).double()
    loss.reweight(late)
    fourth = [n**-0.25 for n in COUNTS[::-1]]
    taken = torch.tensor([0.5 * each / max(fourth) for each in fourth], dtype=torch.float64)
    weight = torch.tensor(cui(0.99), dtype=torch.float64) if late else None
    true = F.one_hot(TARGETS.long(), 2)
    check(
        loss,
        lambda f: F.cross_entropy(scale * (two(f) - true * taken), TARGETS.long(), weight=weight),
    )


def test_the_rarer_class_has_the_largest_margin() -> None:
    assert margins(1 / 17, 0.5) == pytest.approx((0.5, 0.25))
    assert margins(16 / 17, 0.5) == pytest.approx((0.25, 0.5))
    positive, negative = margins(torch.tensor([1 / 17, 16 / 17]), 0.5)
    assert positive.tolist() == pytest.approx([0.5, 0.25])  # type: ignore[union-attr]
    assert negative.tolist() == pytest.approx([0.25, 0.5])  # type: ignore[union-attr]


@pytest.mark.parametrize("tau", [0.0, 1.0, 1.25])
def test_without_scaling_vs_is_logit_adjusted_ce(tau: float) -> None:
    """Menon et al.: tau log pi_y is added to the logit of each class."""
    added = tau * torch.tensor([0.8, 0.2], dtype=torch.float64).log()
    check(VSLoss(PRIOR, 0.0, tau), lambda f: F.cross_entropy(two(f) + added, TARGETS.long()))


@pytest.mark.parametrize("gamma", [0.15, 0.4])
def test_vs_is_the_papers_binary_loss(gamma: float) -> None:
    """Mean of log(1 + e^i e^(-D y f)), y = -1 or 1, i = -y tau log(p / (1 - p))."""

    def plain(f: Tensor) -> Tensor:
        total = torch.zeros((), dtype=torch.float64)
        for each, target in zip(f, TARGETS.tolist(), strict=True):
            y = 2 * target - 1
            scale = ((8 if y > 0 else 32) / 32) ** gamma
            shift = -y * 1.25 * math.log(8 / 32)
            total = total + (1 + math.exp(shift) * (-scale * y * each).exp()).log()
        return total / 40

    check(VSLoss(PRIOR, gamma, 1.25), plain)


def test_soft_labels_weigh_both_classes() -> None:
    """As CE does: t times the loss of a positive and 1 - t that of a negative."""
    for loss in (VSLoss(PRIOR), LDAMLoss(PRIOR, 40).double(), ClassBalancedCELoss(PRIOR, 40)):
        each = torch.stack(
            [
                torch.stack([loss(f[None], torch.full((1,), y)) for y in (1.0, 0.0)])
                for f in LOGITS.double()
            ]
        )
        wanted = (SOFT * each[:, 0] + (1 - SOFT) * each[:, 1]).mean()
        torch.testing.assert_close(loss(LOGITS, SOFT), wanted)


@pytest.mark.parametrize("shift", [0.0, 0.05, 0.3])
@pytest.mark.parametrize(("plus", "minus"), [(0.0, 4.0), (1.0, 4.0), (0.5, 0.5), (0.0, 0.0)])
def test_asymmetric_is_the_papers_formula(plus: float, minus: float, shift: float) -> None:
    def plain(f: Tensor) -> Tensor:
        total = torch.zeros((), dtype=torch.float64)
        for each, target in zip(f, TARGETS.tolist(), strict=True):
            p = 1 / (1 + (-each).exp())
            moved = p - shift
            if target:
                total = total - (1 - p) ** plus * p.log()
            elif float(moved.detach()) > 0:
                total = total - moved**minus * (1 - moved).log()
        return total / 40

    check(AsymmetricLoss(plus, minus, shift), plain)


@pytest.mark.parametrize("shift", [0.0, 1e-9, 0.05])
@pytest.mark.parametrize("gamma", [0.0, 0.5, 4.0])
def test_asymmetric_stays_finite_where_the_sigmoid_saturates(gamma: float, shift: float) -> None:
    logits = torch.tensor([-200.0, -30.0, 0.0, 30.0, 200.0] * 2, requires_grad=True)
    targets = torch.tensor([0.0] * 5 + [1.0] * 5)
    value = AsymmetricLoss(gamma, gamma, shift)(logits, targets)
    (slope,) = torch.autograd.grad(value, logits)
    assert value.isfinite()
    assert bool(slope.isfinite().all())
    # A confidently missed positive still pulls: d(-log p)/df tends to 1 there.
    assert slope[5] == pytest.approx(-1 / 10, rel=1e-5)


@pytest.mark.parametrize("bad", [-0.1, 1.0, math.nan])
def test_numbers_out_of_range_are_refused(bad: float) -> None:
    with pytest.raises(ValueError, match=r"^shift must be a finite number in \[0, 1\)"):
        AsymmetricLoss(shift=bad)
    if bad < 0:
        for call in (
            lambda: AsymmetricLoss(bad),
            lambda: AsymmetricLoss(0.0, bad),
            lambda: VSLoss(PRIOR, bad),
            lambda: VSLoss(PRIOR, 0.0, bad),
            lambda: LDAMLoss(PRIOR, 40, bad),
        ):
            with pytest.raises(ValueError, match=r"must be a finite number at least 0, not -0\.1"):
                call()
        for above in (lambda: LDAMLoss(PRIOR, 40, 0.5, bad), lambda: LDAMLoss(bad, 40)):
            with pytest.raises(ValueError, match="must be a finite number"):
                above()
        with pytest.raises(ValueError, match=r"beta must be a finite number in \[0, 1\]"):
            effective_weights(PRIOR, 40, bad)
        with pytest.raises(ValueError, match="factor must be a finite number above 0"):
            ClassBalancedCELoss(PRIOR, 40, 1.0, bad)
