"""CE with class weights and smoothed labels against torch, scikit-learn and a plain sum."""

import math

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from sklearn.metrics import log_loss
from sklearn.utils.class_weight import compute_class_weight

from tests.trainables.tiny import generator
from trainables.losses.ce import ce_loss
from trainables.losses.weighted_ce import WeightedCELoss, class_weights, weighted_ce_loss

LOGITS = 3 * torch.randn(40, generator=generator(0), dtype=torch.float64)
TARGETS = (torch.arange(40) % 5 == 0).double()  # 8 of 40


def test_without_weights_and_smoothing_it_is_the_cross_entropy() -> None:
    assert torch.equal(WeightedCELoss(0.2)(LOGITS, TARGETS), ce_loss(LOGITS, TARGETS))


@pytest.mark.parametrize("weight", [0.5, 4.0])
def test_a_weight_of_the_positives_is_torchs_pos_weight(weight: float) -> None:
    mine = weighted_ce_loss(LOGITS, TARGETS, positive=weight, negative=1.0, smoothing=0.0)
    theirs = F.binary_cross_entropy_with_logits(
        LOGITS, TARGETS, pos_weight=torch.tensor(weight, dtype=torch.float64)
    )
    assert mine.item() == pytest.approx(theirs.item(), rel=1e-12)


def test_balance_1_is_scikit_learns_balanced() -> None:
    negative, positive = compute_class_weight(
        "balanced", classes=np.array([0, 1]), y=TARGETS.numpy()
    )
    assert class_weights(0.2, 1.0) == pytest.approx((positive, negative))
    weights = [positive if target else negative for target in TARGETS.tolist()]
    expected = log_loss(TARGETS.numpy(), LOGITS.sigmoid().numpy(), sample_weight=weights)
    assert float(WeightedCELoss(0.2, 1.0)(LOGITS, TARGETS)) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("balance", [0.0, 0.3, 1.0])
def test_the_mean_weight_is_1_and_the_ratio_a_power_of_the_frequencies(balance: float) -> None:
    positive, negative = class_weights(0.02, balance)
    assert 0.02 * positive + 0.98 * negative == pytest.approx(1)
    assert positive / negative == pytest.approx((0.98 / 0.02) ** balance)


def test_smoothing_takes_half_of_it_to_the_other_class() -> None:
    total = 0.0
    for logit, target in zip(LOGITS.tolist(), TARGETS.tolist(), strict=True):
        p = 1 / (1 + math.exp(-logit))
        soft = 0.9 if target else 0.1
        total -= soft * math.log(p) + (1 - soft) * math.log(1 - p)
    mine = WeightedCELoss(0.2, 0.0, 0.2)(LOGITS, TARGETS)
    assert float(mine) == pytest.approx(total / 40, rel=1e-12)
