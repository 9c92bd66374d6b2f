"""Losses with a state an image against the papers' algorithms in plain loops."""

import math
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor

from tests.trainables.host_reads import no_host_reads
from tests.trainables.losses.plain_image_state import (
    IMAGES,
    KL,
    LOSSES,
    MARGIN,
    OUTER_KL,
    drawn,
)
from tests.trainables.tiny import generator
from trainables.losses.average_precision import APLoss
from trainables.losses.image_state import ImageStateLoss
from trainables.losses.partial_auc import OneWayCVaRLoss, OneWayKLLoss, TwoWayKLLoss


@pytest.mark.parametrize("labels", [1, 3])
@pytest.mark.parametrize("name", LOSSES)
def test_value_gradient_and_state_are_those_of_plain_loops(name: str, labels: int) -> None:
    """Over twelve batches, with images that come twice, missing labels and a batch of no pair."""
    make, kind = LOSSES[name]
    loss, plain = make(labels).double(), [kind() for _ in range(labels)]
    for step in range(12):
        scores, targets, indices = drawn(step, labels)
        if step == 5:
            targets = targets * 0
        scores.requires_grad_()
        value = loss(scores, targets, indices)
        (slope,) = torch.autograd.grad(value, scores)
        found = [
            each.step(
                scores.view(-1, labels)[:, label].tolist(),
                [None if math.isnan(y) else int(y) for y in targets.view(-1, labels)[:, label]],
                indices.tolist(),
            )
            for label, each in enumerate(plain)
        ]
        assert value.item() == pytest.approx(sum(v for v, _ in found) / labels, rel=1e-10)
        for label, (_, slopes) in enumerate(found):
            mine = (slope.view(-1, labels)[:, label] * labels).tolist()
            assert mine == pytest.approx(slopes, rel=1e-9, abs=1e-13)
    state = loss.state_dict()
    for label, each in enumerate(plain):
        for key, values in each.state.items():
            mine = state["log_averages"].exp() if key == "u" else state[key]
            wanted = [values.get(image, 0.0) for image in range(IMAGES)]
            assert mine[:, label].tolist() == pytest.approx(wanted, rel=1e-10)
        if name == "two_way":
            assert float(state["log_outer"][label].exp()) == pytest.approx(each.outer, rel=1e-10)


@pytest.mark.parametrize("lacking", ["positives", "negatives", "anything"])
@pytest.mark.parametrize("name", LOSSES)
def test_a_batch_without_a_pair_gives_0_and_changes_no_state(name: str, lacking: str) -> None:
    """AP needs no negative: every positive is a pair with itself."""
    loss = LOSSES[name][0](2).double()
    scores, targets, indices = drawn(0, 2)
    loss(scores, targets, indices)
    before = {key: each.clone() for key, each in loss.state_dict().items()}
    fill = {"positives": 0.0, "negatives": 1.0, "anything": math.nan}[lacking]
    scores.requires_grad_()
    value = loss(scores, torch.full_like(targets, fill), indices)
    (slope,) = torch.autograd.grad(value, scores)
    if name == "ap" and lacking == "negatives":
        assert bool(slope.isfinite().all())
        return
    assert value == 0
    assert bool((slope == 0).all())
    for key, each in loss.state_dict().items():
        assert torch.equal(each, before[key]), key


def objective(name: str, scores: Tensor, targets: Tensor) -> Tensor:
    """What the loss of a whole training set at once descends in: no average, all images known."""
    costs = (MARGIN - (scores[:, None] - scores[None])).clamp_min(0).square()
    costs = costs[targets == 1]
    if name == "ap":
        return -(costs[:, targets == 1].sum(1) / costs.sum(1)).mean()
    means = (costs[:, targets == 0] / KL).exp().mean(1)
    if name == "one_way":
        return KL * means.log().mean()
    return OUTER_KL * (means ** (KL / OUTER_KL)).mean().log()


@pytest.mark.parametrize("name", ["ap", "one_way", "two_way"])
def test_without_averages_the_gradient_is_that_of_the_objective(name: str) -> None:
    loss: ImageStateLoss = {
        "ap": APLoss(30, MARGIN, 1.0, "raw"),
        "one_way": OneWayKLLoss(30, MARGIN, KL, 1.0, "raw"),
        "two_way": TwoWayKLLoss(30, MARGIN, KL, OUTER_KL, 1.0, 1.0, "raw"),
    }[name].double()
    scores = torch.randn(30, generator=generator(3), dtype=torch.float64).requires_grad_()
    targets = (torch.arange(30) % 4 == 0).double()
    mine = torch.autograd.grad(loss(scores, targets, torch.arange(30)), scores)
    wanted = torch.autograd.grad(objective(name, scores, targets), scores)
    torch.testing.assert_close(mine, wanted, rtol=1e-10, atol=1e-14)


def test_at_the_best_thresholds_cvar_is_the_mean_of_the_costliest_pairs() -> None:
    """Of 20 negatives and beta 0.3 the 6 costliest of each positive; thresholds find them."""
    targets = (torch.arange(24) < 4).double()
    scores = torch.randn(24, generator=generator(5), dtype=torch.float64)
    costs = (1 - (scores[:4, None] - scores[None, 4:])).clamp_min(0).square()
    wanted = costs.sort(dim=1, descending=True).values[:, :6].mean()
    loss = OneWayCVaRLoss(24, 1.0, 0.3, 0.01, "raw").double()
    for _ in range(700):
        value = loss(scores, targets, torch.arange(24))
    assert value.item() == pytest.approx(wanted.item(), rel=2e-3)


@pytest.mark.parametrize("name", ["one_way", "two_way"])
def test_costs_that_overflow_their_exponential_do_not(name: str) -> None:
    """Of raw scores; the worst pair takes all the weight."""
    loss = LOSSES[name][0]()
    scores = torch.tensor([-40.0, 40.0, 0.0], requires_grad=True)
    value = loss(scores, torch.tensor([1.0, 0.0, 0.0]), torch.arange(3))
    (slope,) = torch.autograd.grad(value, scores)
    assert bool(slope.isfinite().all())
    assert float(slope[1]) > 0
    assert float(slope[2]) == 0


@pytest.mark.parametrize("name", LOSSES)
def test_nothing_is_read_of_the_device_and_the_state_stays_in_its_place(name: str) -> None:
    loss = LOSSES[name][0](3)
    scores, targets, indices = drawn(1, 3)
    places = {key: each.data_ptr() for key, each in loss.state_dict().items()}
    logits = scores.float().requires_grad_()
    with no_host_reads():
        loss(logits, targets.float(), indices).backward()
    assert {key: each.data_ptr() for key, each in loss.state_dict().items()} == places


@pytest.mark.parametrize("name", LOSSES)
def test_what_is_said_of_a_missing_label_changes_nothing(name: str) -> None:
    scores, targets, indices = drawn(2, 3)
    for score_map in ("raw", "bsn", "sigmoid"):
        one, other = (LOSSES[name][0](3, score_map).double() for _ in range(2))
        moved = torch.where(targets.isnan(), 1e3 * scores + 7, scores)
        assert torch.equal(one(scores, targets, indices), other(moved, targets, indices))
        for key, each in one.state_dict().items():
            assert torch.equal(each, other.state_dict()[key])


def test_indices_are_required_and_numbers_held_to_their_range() -> None:
    with pytest.raises(ValueError, match="APLoss must be told which training image each one is"):
        APLoss(4)(torch.zeros(3), torch.ones(3), None)
    wrong: list[tuple[str, Callable[[], Any]]] = [
        ("margin must be a finite number above 0, not 0", lambda: APLoss(4, 0)),
        (r"gamma must be a finite number in \(0, 1\], not 0", lambda: APLoss(4, 1, 0)),
        (r"gamma must be a finite number in \(0, 1\], not 2", lambda: OneWayKLLoss(4, 1, 1, 2)),
        (r"beta must be a finite number in \(0, 1\], not 0", lambda: OneWayCVaRLoss(4, 1, 0)),
        ("eta must be a finite number above 0, not 0", lambda: OneWayCVaRLoss(4, 1, 1, 0)),
        ("kl must be a finite number above 0, not 0", lambda: OneWayKLLoss(4, 1, 0)),
        ("outer_kl must be a finite number above 0, not 0", lambda: TwoWayKLLoss(4, 1, 1, 0)),
        (
            r"outer_gamma must be a finite number in \(0, 1\], not 0",
            lambda: TwoWayKLLoss(4, 1, 1, 1, 1, 0),
        ),
    ]
    for sentence, call in wrong:
        with pytest.raises(ValueError, match=f"^{sentence}"):
            call()
