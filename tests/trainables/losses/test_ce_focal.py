"""CE and Focal against plain loops, scikit-learn and torchvision."""

import math

import numpy as np
import pytest
import torch
from sklearn.metrics import log_loss
from torchvision.ops import sigmoid_focal_loss

from tests.trainables.tiny import generator
from trainables.losses.auc_ce import AUCPlusCELoss
from trainables.losses.auc_margin import AUCMarginLoss
from trainables.losses.ce import CELoss, ce_loss
from trainables.losses.focal import FocalLoss, focal_loss

LOGITS = 3 * torch.randn(40, generator=generator(0), dtype=torch.float64)
TARGETS = (torch.rand(40, generator=generator(1)) < 0.3).double()


def test_ce_is_scikit_learns_log_loss() -> None:
    expected = log_loss(TARGETS.numpy(), LOGITS.sigmoid().numpy())
    assert float(ce_loss(LOGITS, TARGETS)) == pytest.approx(expected, rel=1e-12)
    assert torch.equal(CELoss()(LOGITS, TARGETS), ce_loss(LOGITS, TARGETS))


def test_ce_of_soft_labels_is_the_mixture_of_both_labels() -> None:
    soft = torch.rand(40, generator=generator(2), dtype=torch.float64)
    total = 0.0
    for f, t in zip(LOGITS.tolist(), soft.tolist(), strict=True):
        p = 1 / (1 + math.exp(-f))
        total -= t * math.log(p) + (1 - t) * math.log(1 - p)
    assert float(ce_loss(LOGITS, soft)) == pytest.approx(total / 40, rel=1e-12)


@pytest.mark.parametrize("ce_weight", [0.25, 0.75])
def test_auc_plus_ce_against_numpy(ce_weight: float) -> None:
    """Value and gradient; AUC-M term by term, its gradient by central differences."""
    a, b, alpha, p, margin = 0.6, 0.3, 0.4, 0.3, 0.8

    def by_hand(logits: np.ndarray) -> float:
        h, y = 1 / (1 + np.exp(-logits)), TARGETS.numpy()
        auc = (1 - p) * (h - a) ** 2 * y + p * (h - b) ** 2 * (1 - y) - p * (1 - p) * alpha**2
        auc += 2 * alpha * (p * (1 - p) * margin + p * h * (1 - y) - (1 - p) * h * y)
        return float(auc.mean() + ce_weight * log_loss(y, h))

    loss = AUCPlusCELoss(AUCMarginLoss(p, margin), ce_weight).double()
    for name, value in {"a": a, "b": b, "alpha": alpha}.items():
        torch.nn.init.constant_(getattr(loss.auc, name), value)
    logits = LOGITS.clone().requires_grad_()
    value = loss(logits, TARGETS)
    assert value.item() == pytest.approx(by_hand(LOGITS.numpy()), rel=1e-12)
    value.backward()
    assert logits.grad is not None
    for index in range(len(LOGITS)):
        step = np.zeros(len(LOGITS))
        step[index] = 1e-5
        slope = (by_hand(LOGITS.numpy() + step) - by_hand(LOGITS.numpy() - step)) / 2e-5
        assert float(logits.grad[index]) == pytest.approx(slope, rel=1e-4, abs=1e-9)
    assert len(list(loss.parameters())) == 3  # a, b and alpha, and CE moves none of them
    alone = AUCMarginLoss(p, margin).double()
    alone.load_state_dict(loss.auc.state_dict())
    alone(LOGITS, TARGETS).backward()
    for mine, theirs in zip(loss.parameters(), alone.parameters(), strict=True):
        assert torch.equal(mine.grad, theirs.grad)  # type: ignore[arg-type]


@pytest.mark.parametrize("alpha", [0.25, 0.5, 0.75])
@pytest.mark.parametrize("gamma", [0.0, 1.0, 2.0, 5.0])
def test_focal_is_the_papers_formula(alpha: float, gamma: float) -> None:
    value = float(focal_loss(LOGITS, TARGETS, alpha=alpha, gamma=gamma))
    total = 0.0
    for f, y in zip(LOGITS.tolist(), TARGETS.tolist(), strict=True):
        p = 1 / (1 + math.exp(-f))
        p_t, alpha_t = (p, alpha) if y == 1 else (1 - p, 1 - alpha)
        total -= alpha_t * (1 - p_t) ** gamma * math.log(p_t)
    assert value == pytest.approx(total / 40, rel=1e-12)
    theirs = sigmoid_focal_loss(LOGITS, TARGETS, alpha=alpha, gamma=gamma, reduction="mean")
    assert value == pytest.approx(float(theirs), rel=1e-10)
    assert FocalLoss(alpha, gamma)(LOGITS, TARGETS).item() == value


def test_focal_with_gamma_0_and_alpha_a_half_is_half_the_cross_entropy() -> None:
    value = focal_loss(LOGITS, TARGETS, alpha=0.5, gamma=0.0)
    torch.testing.assert_close(value, ce_loss(LOGITS, TARGETS) / 2, rtol=1e-12, atol=0)


@pytest.mark.parametrize("gamma", [0.0, 0.5, 2.0, 5.0])
def test_focal_stays_finite_where_the_sigmoid_saturates(gamma: float) -> None:
    logits = torch.tensor([-200.0, -30.0, 0.0, 30.0, 200.0] * 2, requires_grad=True)
    targets = torch.tensor([0.0] * 5 + [1.0] * 5)
    value = focal_loss(logits, targets, alpha=0.25, gamma=gamma)
    (slope,) = torch.autograd.grad(value, logits)
    assert torch.isfinite(value)
    assert bool(torch.isfinite(slope).all())
    # Confidently wrong images still pull: d(-log p_t)/df tends to 1 there.
    assert slope[4] == pytest.approx(0.75 / 10, rel=1e-5)
    assert slope[5] == pytest.approx(-0.25 / 10, rel=1e-5)
