"""Descent by name against plain loops in NumPy float64: SGD, Adam, AdamW, SAM, and beside alpha."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from tests.trainables.optimizers.plain_steps import PlainAdam, PlainSGD, worst
from tests.trainables.plain import Saddle, ce_gradient
from tests.trainables.tiny import generator
from trainables.losses.auc_margin import AUCMarginLoss
from trainables.losses.ce import CELoss
from trainables.methods.parts import descent, pesg
from trainables.models.classifier import BinaryClassifier
from trainables.recipe import Batch, Context
from trainables.updates import Descent

STEPS, DECAYS, D = 16, (7, 12), 4
RNG = np.random.default_rng(0)
X = RNG.normal(size=(STEPS, 10, D))
Y = (np.arange(10) < 3).astype(float)
X[:, Y == 1] += 0.5
W0 = RNG.normal(size=D)
RHO = 0.3


def linear() -> BinaryClassifier:
    """x w, in float64."""
    head = nn.Linear(D, 1, bias=False).double()
    with torch.no_grad():
        head.weight.copy_(torch.from_numpy(W0))
    return BinaryClassifier(nn.Identity(), head)


def context(network: BinaryClassifier) -> Context:
    return Context(network, prior=0.3, generator=generator(0))


def trained(update: Descent) -> None:
    for t in range(STEPS):
        if t in DECAYS:
            update.decay()
        update.step([Batch(torch.from_numpy(X[t]), torch.from_numpy(Y))])


def flat(*tensors: Tensor) -> np.ndarray:
    return torch.cat([each.detach().flatten() for each in tensors]).numpy()


DESCENTS: dict[str, tuple[dict[str, float], Callable[[], PlainSGD | PlainAdam]]] = {
    "sgd": ({"momentum": 0.9}, lambda: PlainSGD(0.05, 0.01, 0.9)),
    "adam": ({}, lambda: PlainAdam(0.05, 0.01)),
    "adamw": ({}, lambda: PlainAdam(0.05, 0.01, decoupled=True)),
    "sam": ({"momentum": 0.9, "sam_rho": RHO}, lambda: PlainSGD(0.05, 0.01, 0.9)),
}


@pytest.mark.parametrize("name", DESCENTS)
def test_cross_entropy_by_name_is_the_plain_loop(name: str) -> None:
    """Weight decay, momentum and two decays of the learning rate; SAM's g is without the decay."""
    options, plain = DESCENTS[name]
    network, optimizer, w = linear(), plain(), W0.copy()
    trained(
        descent(
            name, context(network), CELoss(), network.parameters(),
            lr=0.05, weight_decay=0.01, **options,  # type: ignore[arg-type]
        )
    )  # fmt: skip
    for t in range(STEPS):
        optimizer.lr /= 10 if t in DECAYS else 1
        at = worst(w, ce_gradient(w, X[t], Y), RHO) if name == "sam" else w
        w = optimizer.step(w, ce_gradient(at, X[t], Y))
    np.testing.assert_allclose(flat(network.head.weight), w, rtol=1e-9, atol=1e-12)


ASCENTS: dict[str, Callable[[], PlainSGD | PlainAdam]] = {
    "sgd": lambda: PlainSGD(0.3, 0.01, 0.5, dampening=0.5),
    "adam": lambda: PlainAdam(0.05, 0.01),
    "adamw": lambda: PlainAdam(0.05, 0.01, decoupled=True),
}


@pytest.mark.parametrize("clip", [None, 0.02])
@pytest.mark.parametrize("name", ASCENTS)
def test_auc_m_by_name_is_the_plain_loop(name: str, clip: float | None) -> None:
    """w, a and b by the optimizer; alpha by projected ascent at its own rate, unclipped."""
    network, loss, optimizer = linear(), AUCMarginLoss(0.3).double(), ASCENTS[name]()
    with torch.no_grad():
        loss.a.fill_(0.9)  # above m, so that alpha is pulled below 0 first
    trained(
        pesg(
            context(network), loss, network.parameters(), lr=optimizer.lr, epoch_decay=5.0,
            weight_decay=0.01, momentum=0.5, clip=clip, optimizer=name, dual_lr=0.4,
        )
    )  # fmt: skip
    saddle, v, alpha, dual_lr = Saddle(0.3, 1.0), np.append(W0, [0.9, 0.0]), 0.0, 0.4
    touched = False
    for t in range(STEPS):
        if t in DECAYS:
            optimizer.lr, dual_lr = optimizer.lr / 10, dual_lr / 10
        in_w, in_a, in_b = saddle.of_v(v[:-2], v[-2], v[-1], alpha, X[t], Y)
        gradient = np.append(in_w, [in_a, in_b])
        if clip is not None:
            touched = touched or bool((np.abs(gradient) > clip).any())
            gradient = gradient.clip(-clip, clip)
        alpha = max(0.0, alpha + dual_lr * saddle.of_alpha(v[:-2], alpha, X[t], Y))
        v = optimizer.step(v, gradient)
    assert touched == (clip is not None)
    assert alpha > 0
    found = flat(network.head.weight, loss.a, loss.b, loss.alpha)
    np.testing.assert_allclose(found, np.append(v, alpha), rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("project", [True, False])
def test_alpha_is_projected_unless_it_is_free(project: bool) -> None:
    network, loss = linear(), AUCMarginLoss(0.3, margin=1e-3, score_map="raw").double()
    update = pesg(
        context(network), loss, network.parameters(), lr=0.01, epoch_decay=0.0, weight_decay=0.0,
        momentum=0.0, clip=None, optimizer="adam", dual_lr=0.4, project_alpha=project,
    )  # fmt: skip
    apart = torch.from_numpy(np.outer(2 * Y - 1, W0) / (W0 @ W0))  # scores of 1 and -1
    update.step([Batch(apart, torch.from_numpy(Y))])
    assert (loss.alpha.item() == 0) == project
    assert loss.alpha.item() <= 0


@pytest.mark.parametrize("clip", [None, 0.05])
def test_auc_m_by_sam_is_the_plain_loop(clip: float | None) -> None:
    """PESG, its pull and its average, with all gradients at the worst w; a, b, alpha in place."""
    network, loss = linear(), AUCMarginLoss(0.3).double()
    trained(
        pesg(
            context(network), loss, network.parameters(), lr=0.3, epoch_decay=0.05,
            weight_decay=0.01, momentum=0.5, clip=clip, optimizer="sam", sam_rho=RHO,
        )
    )  # fmt: skip
    saddle, v, alpha, lr = Saddle(0.3, 1.0), np.append(W0, [0.0, 0.0]), 0.0, 0.3
    reference, average, stage = v.copy(), None, list[np.ndarray]()
    for t in range(STEPS):
        if t in DECAYS:
            lr, reference, stage = lr / 10, np.mean(stage, axis=0), []
        a, b = v[-2:]
        at = worst(v[:-2], saddle.of_v(v[:-2], a, b, alpha, X[t], Y)[0], RHO)
        in_w, in_a, in_b = saddle.of_v(at, a, b, alpha, X[t], Y)
        gradient = np.append(in_w, [in_a, in_b])
        if clip is not None:
            gradient = gradient.clip(-clip, clip)
        direction = gradient + 0.05 * (v - reference) + 0.01 * v
        average = direction if average is None else 0.5 * average + 0.5 * direction
        alpha = max(0.0, alpha + lr * saddle.of_alpha(at, alpha, X[t], Y))
        v = v - lr * average
        stage.append(v)
    found = flat(network.head.weight, loss.a, loss.b, loss.alpha)
    np.testing.assert_allclose(found, np.append(v, alpha), rtol=1e-9, atol=1e-12)


def test_of_several_labels_alpha_moves_as_if_each_were_alone() -> None:
    network = linear()
    several = Context(network, prior=0.3, generator=generator(0), outputs=3)
    update: Any = pesg(
        several, AUCMarginLoss(0.3, labels=3), network.parameters(), lr=0.01, epoch_decay=0.0,
        weight_decay=0.0, momentum=0.0, clip=None, optimizer="adam", dual_lr=0.2,
    )  # fmt: skip
    assert float(update.state_dict()["optimizer"]["param_groups"][-1]["lr"]) == pytest.approx(0.6)
