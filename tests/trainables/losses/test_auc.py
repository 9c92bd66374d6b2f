"""The AUC losses against their closed forms and against plain loops, in float64."""

import math
from collections.abc import Callable
from itertools import product

import pytest
import torch
from torch import Tensor

from tests.trainables.tiny import generator
from trainables.errors import UnknownNameError
from trainables.losses.auc import AUCLoss
from trainables.losses.auc_margin import (
    AUCMarginLoss,
    PriorFreeAUCMarginLoss,
    auc_margin_loss,
    prior_free_auc_margin_loss,
)
from trainables.losses.auc_mixup import AUCMixupLoss, auc_mixup_loss
from trainables.losses.auc_square import AUCSquareLoss, auc_square_loss
from trainables.losses.score_maps import SCORE_MAPS, batch_normalised

LOSSES: dict[str, Callable[[str], AUCLoss]] = {
    "auc_s": lambda score_map: AUCSquareLoss(0.1, score_map),
    "auc_s, batch prior": lambda score_map: AUCSquareLoss(None, score_map),
    "auc_m": lambda score_map: AUCMarginLoss(0.1, 0.7, score_map),
    "auc_m, batch prior": lambda score_map: AUCMarginLoss(None, 0.7, score_map),
    "auc_m, prior free": lambda score_map: PriorFreeAUCMarginLoss(0.7, score_map),
    "auc_mixup": lambda score_map: AUCMixupLoss(0.7, score_map),
    "auc_mixup, hard": lambda score_map: AUCMixupLoss(0.7, score_map, soft_variance=False),
}


def draw(seed: int, size: int = 23, positives: int = 5) -> tuple[Tensor, Tensor]:
    """Scores and hard targets, in a random order."""
    order = torch.randperm(size, generator=generator(seed))
    targets = (torch.arange(size) < positives).double()[order]
    scores = torch.randn(size, generator=generator(seed + 100), dtype=torch.float64)
    return scores + 0.5 * targets, targets


def three(seed: int) -> list[Tensor]:
    """Some a, b and alpha > 0, to differentiate in."""
    values = torch.randn(3, generator=generator(seed + 200), dtype=torch.float64)
    return [each.abs().clone().requires_grad_() for each in values]


def class_statistics(scores: Tensor, targets: Tensor) -> tuple[float, float, float, float]:
    """Means and variances, positives first, by plain loops."""
    out = []
    for label in (1.0, 0.0):
        chosen = [float(h) for h, y in zip(scores, targets, strict=True) if float(y) == label]
        mean = sum(chosen) / len(chosen)
        out += [mean, sum((h - mean) ** 2 for h in chosen) / len(chosen)]
    return out[0], out[2], out[1], out[3]


@pytest.mark.parametrize("seed", range(5))
def test_auc_s_at_its_optimum_is_the_mean_over_pairs(seed: int) -> None:
    scores, targets = draw(seed, positives=3 + seed)
    p = float(targets.mean())
    mean_plus, mean_minus, _, _ = class_statistics(scores, targets)
    optimum = [mean_plus, mean_minus, 1 + mean_minus - mean_plus]
    a, b, alpha = (torch.tensor(x, dtype=torch.float64, requires_grad=True) for x in optimum)

    value = auc_square_loss(scores, targets, a, b, alpha, prior=p)

    pairs = [
        (1 - float(h) + float(g)) ** 2
        for (h, y), (g, z) in product(zip(scores, targets, strict=True), repeat=2)
        if y == 1 and z == 0
    ]
    assert value.item() == pytest.approx(p * (1 - p) * sum(pairs) / len(pairs), rel=1e-12)
    slopes = torch.autograd.grad(value, [a, b, alpha])
    assert torch.stack(slopes).abs().max() < 1e-14
    by_batch = auc_square_loss(scores, targets, a, b, alpha, prior=None)
    assert by_batch.item() == pytest.approx(value.item(), rel=1e-12)


@pytest.mark.parametrize("margin", [0.1, 0.7, 2.0])
@pytest.mark.parametrize("seed", range(4))
def test_auc_m_saddle_value(seed: int, margin: float) -> None:
    scores, targets = draw(seed, positives=4 + seed)
    p = float(targets.mean())
    a_, b_, var_plus, var_minus = class_statistics(scores, targets)
    gap = max(0.0, margin + b_ - a_)
    a, b, alpha = (torch.tensor(x, dtype=torch.float64) for x in (a_, b_, gap))

    with_prior = auc_margin_loss(scores, targets, a, b, alpha, margin=margin, prior=p)
    free = prior_free_auc_margin_loss(scores, targets, a, b, alpha, margin=margin)

    expected = var_plus + var_minus + gap**2
    assert float(with_prior) == pytest.approx(p * (1 - p) * expected, rel=1e-12)
    assert float(free) == pytest.approx(expected, rel=1e-12)
    # A saddle: any other a or b is not lower, any other alpha >= 0 is not higher.
    for step in (-0.05, 0.05):
        for other in ((a + step, b, alpha), (a, b + step, alpha)):
            assert auc_margin_loss(scores, targets, *other, margin=margin, prior=p) > with_prior
            assert prior_free_auc_margin_loss(scores, targets, *other, margin=margin) > free
        if gap + step >= 0:
            other = (a, b, alpha + step)
            assert auc_margin_loss(scores, targets, *other, margin=margin, prior=p) < with_prior
            assert prior_free_auc_margin_loss(scores, targets, *other, margin=margin) < free


def test_the_saddle_has_alpha_zero_where_the_margin_is_reached() -> None:
    targets = torch.tensor([1.0, 1.0, 0.0, 0.0], dtype=torch.float64)
    scores = torch.tensor([3.0, 3.2, 0.0, 0.1], dtype=torch.float64)
    alpha = torch.zeros((), dtype=torch.float64, requires_grad=True)
    a, b = scores[:2].mean(), scores[2:].mean()
    for value in (
        auc_margin_loss(scores, targets, a, b, alpha, margin=1.0, prior=0.5),
        prior_free_auc_margin_loss(scores, targets, a, b, alpha, margin=1.0),
    ):
        assert float(torch.autograd.grad(value, alpha)[0]) < 0


@pytest.mark.parametrize("prior", [0.03, 0.5, None])
@pytest.mark.parametrize("seed", range(3))
def test_auc_m_is_the_papers_sum_over_samples(seed: int, prior: float | None) -> None:
    scores, targets = draw(seed)
    a, b, alpha = three(seed)
    margin = 0.6
    value = auc_margin_loss(scores, targets, a, b, alpha, margin=margin, prior=prior)

    p = sum(float(y) for y in targets) / len(targets) if prior is None else prior
    total = 0.0
    for h, y in zip(scores.tolist(), targets.tolist(), strict=True):
        plus, minus = (1, 0) if y == 1 else (0, 1)
        total += (
            (1 - p) * (h - a.item()) ** 2 * plus
            + p * (h - b.item()) ** 2 * minus
            - p * (1 - p) * alpha.item() ** 2
            + 2 * alpha.item() * (p * (1 - p) * margin + p * h * minus - (1 - p) * h * plus)
        )
    assert float(value.detach()) == pytest.approx(total / len(targets), rel=1e-12)


@pytest.mark.parametrize("seed", range(3))
def test_prior_free_is_the_prior_form_over_p_times_1_minus_p(seed: int) -> None:
    """With p the share in the batch; value and all gradients."""
    scores, targets = draw(seed)
    variables = [scores.clone().requires_grad_(), *three(seed)]
    p = float(targets.mean())
    left = auc_margin_loss(variables[0], targets, *variables[1:], margin=0.4, prior=p)
    right = prior_free_auc_margin_loss(variables[0], targets, *variables[1:], margin=0.4)
    scale = p * (1 - p)
    torch.testing.assert_close(left, scale * right, rtol=1e-12, atol=0)
    for mine, theirs in zip(
        torch.autograd.grad(left, variables), torch.autograd.grad(right, variables), strict=True
    ):
        torch.testing.assert_close(mine, scale * theirs, rtol=1e-10, atol=1e-14)


@pytest.mark.parametrize("soft_variance", [True, False])
@pytest.mark.parametrize("positives", [0, 1, 7, 23])
def test_auc_mixup_on_hard_labels_is_prior_free_auc_m(positives: int, soft_variance: bool) -> None:
    """Value and gradients, exactly; also where a class is missing."""
    scores, targets = draw(1, positives=positives)
    variables = [scores.clone().requires_grad_(), *three(1)]
    free = prior_free_auc_margin_loss(variables[0], targets, *variables[1:], margin=0.8)
    mixup = auc_mixup_loss(
        variables[0], targets, *variables[1:], margin=0.8, soft_variance=soft_variance
    )
    assert torch.equal(free, mixup)
    for mine, theirs in zip(
        torch.autograd.grad(free, variables), torch.autograd.grad(mixup, variables), strict=True
    ):
        assert torch.equal(mine, theirs)


@pytest.mark.parametrize("soft_variance", [True, False])
@pytest.mark.parametrize("seed", range(3))
def test_auc_mixup_on_soft_labels_is_a_ratio_of_sums(seed: int, soft_variance: bool) -> None:
    scores, _ = draw(seed)
    targets = torch.rand(len(scores), generator=generator(seed), dtype=torch.float64)
    a, b, alpha = three(seed)
    value = auc_mixup_loss(
        scores, targets, a, b, alpha, margin=0.3, soft_variance=soft_variance
    ).item()

    hs, ts = scores.tolist(), targets.tolist()
    ws = ts if soft_variance else [1.0 if t >= 0.5 else 0.0 for t in ts]

    def ratio(values: list[float], weights: list[float]) -> float:
        return sum(w * v for w, v in zip(weights, values, strict=True)) / sum(weights)

    complement = [1 - w for w in ws]
    expected = (
        ratio([(h - a.item()) ** 2 for h in hs], ws)
        + ratio([(h - b.item()) ** 2 for h in hs], complement)
        + 2 * alpha.item() * (0.3 + ratio(hs, [1 - t for t in ts]) - ratio(hs, ts))
        - alpha.item() ** 2
    )
    assert value == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("present", [0, 1])
def test_a_batch_of_one_class_gives_that_class_its_spread_alone(present: int) -> None:
    scores, targets = draw(2, positives=23 * present)
    a, b, alpha = three(2)
    value = prior_free_auc_margin_loss(scores, targets, a, b, alpha, margin=0.5)
    slopes = torch.autograd.grad(value, [a, b, alpha])
    centre, absent = (a, 1) if present else (b, 0)
    assert value.item() == pytest.approx(((scores - centre) ** 2).mean().item(), rel=1e-12)
    assert slopes[absent] == 0
    assert slopes[2] == 0


@pytest.mark.parametrize("positives", [0, 1, 23])
@pytest.mark.parametrize("score_map", SCORE_MAPS)
@pytest.mark.parametrize("name", LOSSES)
def test_no_batch_gives_nan(name: str, score_map: str, positives: int) -> None:
    loss = LOSSES[name](score_map)
    torch.nn.init.constant_(loss.alpha, 0.5)
    for logits in (draw(3)[0], torch.zeros(23), torch.full((23,), 1e4)):
        logits = logits.float().requires_grad_()
        targets = (torch.arange(23) < positives).float()
        value = loss(logits, targets)
        slopes = torch.autograd.grad(value, [logits, loss.a, loss.b, loss.alpha])
        assert math.isfinite(value.item())
        assert all(bool(torch.isfinite(each).all()) for each in slopes)


@pytest.mark.parametrize("name", LOSSES)
def test_the_score_map_comes_first(name: str) -> None:
    logits, targets = (each.float() for each in draw(4))
    for score_map, function in SCORE_MAPS.items():
        loss = LOSSES[name](score_map)
        assert torch.equal(loss(logits, targets), loss.objective(function(logits), targets))


def test_an_unknown_score_map_is_refused() -> None:
    with pytest.raises(UnknownNameError, match="sigmoid, bsn, raw, not 'softmax'"):
        PriorFreeAUCMarginLoss(score_map="softmax")


@pytest.mark.parametrize("positives", [1, 13, 64])
def test_the_mean_gap_of_batch_normalised_scores_is_bounded(positives: int) -> None:
    size = 128
    targets = (torch.arange(size) < positives).double()
    bound = math.sqrt(1 / positives + 1 / (size - positives))

    def gap(logits: Tensor) -> float:
        scores = batch_normalised(logits)
        return float(scores[targets == 1].mean() - scores[targets == 0].mean())

    for seed in range(20):
        noise = torch.randn(size, generator=generator(seed), dtype=torch.float64)
        assert abs(gap(noise + 3 * targets)) < bound
    best = targets / positives - (1 - targets) / (size - positives)
    assert gap(best) == pytest.approx(bound, rel=1e-12)
    assert gap(7 * best) == pytest.approx(bound, rel=1e-12)


def test_the_prior_must_be_the_share_that_batches_are_drawn_with() -> None:
    """With half of a batch positive and p = 0.01 alpha falls, whatever the classes' order."""
    scores = torch.tensor([0.5, 0.5, 0.5, 0.5], dtype=torch.float64)
    targets = torch.tensor([1.0, 1.0, 0.0, 0.0], dtype=torch.float64)
    slopes = []
    for prior in (0.01, 0.5, None):
        a, b, alpha = (torch.zeros((), dtype=torch.float64, requires_grad=True) for _ in "abc")
        value = auc_margin_loss(scores, targets, a, b, alpha, margin=0.7, prior=prior)
        slopes.append(float(torch.autograd.grad(value, alpha)[0]))
    assert slopes[0] < 0
    assert slopes[1] == slopes[2] > 0
