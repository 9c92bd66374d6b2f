"""Losses with a state an image against LibAUC 2.0.1, on batches in which no image comes twice."""

from typing import Any

import pytest
import torch
from torch import Tensor

from tests.trainables.losses.plain_image_state import (
    BETA,
    ETA,
    GAMMA,
    IMAGES,
    KL,
    LOSSES,
    MARGIN,
    OUTER,
    OUTER_KL,
    drawn,
    one_way,
    two_way,
)
from tests.trainables.tiny import generator


def theirs(name: str) -> Any:
    """With states in float64, as ours have here."""
    libauc = pytest.importorskip("libauc.losses.auc")
    made = {
        "ap": lambda: libauc.APLoss(IMAGES, GAMMA, MARGIN, device="cpu"),
        "cvar": lambda: libauc.pAUC_CVaR_Loss(
            IMAGES, 4, margin=MARGIN, beta=BETA, eta=ETA, device="cpu"
        ),
        "one_way": lambda: libauc.pAUC_DRO_Loss(IMAGES, GAMMA, MARGIN, KL, device="cpu"),
        "two_way": lambda: libauc.tpAUC_KL_Loss(
            IMAGES, OUTER_KL, KL, (GAMMA, OUTER), MARGIN, device="cpu"
        ),
    }[name]()
    for key in ("u_pos", "u_all"):
        if hasattr(made, key):
            setattr(made, key, getattr(made, key).double())
    return made


def distinct(seed: int) -> tuple[Tensor, Tensor, Tensor]:
    scores, _, _ = drawn(seed, 1)
    indices = torch.randperm(IMAGES, generator=generator(seed))[:9]
    return scores, (indices % 3 == 0).double(), indices


@pytest.mark.parametrize("name", LOSSES)
def test_libauc_has_the_same_gradients_over_many_steps(name: str) -> None:
    """And values, but for SOPA's, which leaves out what is constant in the network's gradient:
    mean(p l) / beta in place of s + mean((l - s)_+) / beta.
    """
    mine, other = LOSSES[name][0]().double(), theirs(name)
    for step in range(6):
        scores, targets, indices = distinct(step)
        left, right = (scores.clone().requires_grad_() for _ in range(2))
        value, wanted = mine(left, targets, indices), other(right, targets, indices)
        if name != "cvar":
            torch.testing.assert_close(value, wanted, rtol=1e-9, atol=1e-12)
        torch.testing.assert_close(
            torch.autograd.grad(value, left),
            torch.autograd.grad(wanted, right),
            rtol=1e-9,
            atol=1e-13,
        )


def test_libauc_moves_an_image_that_comes_twice_by_its_last_place_alone() -> None:
    """Ours by the mean of both, so that the order within a batch says nothing."""
    scores, targets = torch.tensor([0.5, -0.5, 0.1]).double(), torch.tensor([1.0, 1.0, 0.0])
    indices, swapped = torch.tensor([0, 0, 1]), torch.tensor([1, 0, 2])
    states = []
    for order in (torch.arange(3), swapped):
        mine, other = one_way().double(), theirs("one_way")
        for loss in (mine, other):
            loss(scores[order], targets[order].double(), indices[order])
        states.append((mine.state_dict()["log_averages"][0], other.u_pos[0]))
    torch.testing.assert_close(states[0][0], states[1][0], rtol=1e-12, atol=0)
    assert not torch.isclose(states[0][1], states[1][1]).item()


def test_libauc_overflows_where_the_scores_have_no_bound() -> None:
    other = pytest.importorskip("libauc.losses.auc").pAUC_DRO_Loss(IMAGES, device="cpu")
    scores = torch.tensor([-40.0, 40.0, 0.0])
    assert other(scores, torch.tensor([1.0, 0.0, 0.0]), torch.arange(3)).isnan()


def test_libauc_shares_the_outer_average_of_sota_s_among_labels() -> None:
    """So its loss of several labels is not the mean of theirs alone, which ours is."""
    libauc = pytest.importorskip("libauc.losses.auc")
    scores, _, indices = distinct(0)
    scores = torch.stack([scores, scores.flip(0) / 2], 1)
    targets = torch.stack([indices % 3 == 0, indices % 4 == 1], 1).double()
    both = libauc.MultiLabelpAUCLoss(
        "SOTAs",
        2,
        device="cpu",
        data_len=IMAGES,
        tau=OUTER_KL,
        Lambda=KL,
        gammas=(GAMMA, OUTER),
        margin=MARGIN,
    )
    both.u_pos_all = both.u_pos_all.double()
    alone = sum(theirs("two_way")(scores[:, k], targets[:, k], indices) for k in range(2)) / 2
    mine = two_way(2).double()(scores, targets, indices)
    torch.testing.assert_close(mine, alone, rtol=1e-9, atol=0)
    assert not torch.isclose(both(scores, targets, indices), alone, rtol=1e-3)
