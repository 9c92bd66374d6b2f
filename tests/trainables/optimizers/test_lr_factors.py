"""Factors of the learning rate: as if each part of a network had an optimizer of its own."""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.optim import SGD, Adam, AdamW, Optimizer

from tests.trainables.host_reads import no_host_reads
from tests.trainables.optimizers.test_pdsca import Ours
from tests.trainables.plain_pdsca import SCALINGS, STEPS, PlainPDSCA
from tests.trainables.tiny import batch, generator, model
from trainables.losses.auc_margin import AUCMarginLoss
from trainables.losses.ce import CELoss, ce_loss
from trainables.methods.api import Context, adam, descent, divide_lr, sgd, warmed_up
from trainables.models.classifier import BinaryClassifier
from trainables.optimizers.lr_factors import factor_of, give_factor, split_groups_
from trainables.optimizers.pdsca import INNER, PDSCA
from trainables.optimizers.pesg import PESG
from trainables.optimizers.taylor import taylor_terms
from trainables.steps.fixed_state import changed, snapshot
from trainables.updates import Descent

FEATURES, HEAD = 0.25, 8.0


def rated(network: BinaryClassifier) -> BinaryClassifier:
    """The tiny network with its parts at other rates."""
    for part, factor in ((network.features, FEATURES), (network.head, HEAD)):
        for each in part.parameters():
            give_factor(each, factor)
    return network


def context(network: BinaryClassifier) -> Context:
    return Context(network, prior=0.25, generator=generator(0))


def by_hand(kind: Callable[..., Optimizer], network: BinaryClassifier, **options: Any) -> Optimizer:
    """A parameter group for each part, as one writes them with torch alone."""
    lr = options.pop("lr")
    parts = ((network.features, FEATURES), (network.head, HEAD))
    return kind(
        [{"params": part.parameters(), "lr": torch.tensor(lr) * f} for part, f in parts],
        fused=True,
        **options,
    )


@pytest.mark.parametrize(
    ("ours", "theirs", "options"),
    [
        (sgd, SGD, {"weight_decay": 0.01, "momentum": 0.0}),
        (sgd, SGD, {"weight_decay": 0.01, "momentum": 0.9, "nesterov": True}),
        (adam, Adam, {"weight_decay": 0.01}),
        (partial(descent, "adamw"), AdamW, {"weight_decay": 0.01}),
    ],
)
def test_torch_s_optimizers_go_the_way_of_groups_made_by_hand(
    ours: Callable[..., Descent], theirs: Callable[..., Optimizer], options: dict[str, Any]
) -> None:
    """Bit for bit, through a warm-up and a decay."""
    mine, plain = rated(model()), model()
    update = ours(context(mine), CELoss(), context(mine).weights, lr=0.05, **options)
    optimizer = by_hand(theirs, plain, lr=0.05, **options)
    rise = warmed_up(0.05, 0.25)
    assert rise is not None
    draw = generator(1)
    for step in range(8):
        rise(update, step / 16)
        for group, factor in zip(optimizer.param_groups, (FEATURES, HEAD), strict=True):
            group["lr"].fill_(0.05 * min(1.0, 0.1 + 0.9 * step / 4) * factor)
        if step == 6:
            update.decay()
            divide_lr(optimizer)
        each = batch(draw)
        update.step([each])
        optimizer.zero_grad()
        ce_loss(plain(each.images), each.targets).backward()
        optimizer.step()
    for left, right in zip(mine.parameters(), plain.parameters(), strict=True):
        assert torch.equal(left, right)


def test_a_warm_up_or_a_decay_and_a_load_keep_the_shares() -> None:
    network = rated(model())
    update = sgd(context(network), CELoss(), context(network).weights, lr=1.0, weight_decay=0.0)
    update.set_lr(0.5)
    update.decay()

    def rates(of: Descent) -> list[float]:
        return [float(group["lr"]) for group in of.state_dict()["optimizer"]["param_groups"]]

    assert rates(update) == pytest.approx([0.05 * FEATURES, 0.05 * HEAD])
    later = sgd(context(network), CELoss(), context(network).weights, lr=3.0, weight_decay=0.0)
    later.load_state_dict(update.state_dict())
    later.set_lr(2.0)
    assert rates(later) == pytest.approx([2 * FEATURES, 2 * HEAD])


@pytest.mark.parametrize("momentum", [0.0, 0.9])
def test_pesg_is_one_pesg_a_part(momentum: float) -> None:
    """Reference point, both decays and the clip of each part are those of an optimizer of its own,
    at its own rate; a, b and alpha have the method's.
    """
    options = {"epoch_decay": 0.05, "weight_decay": 0.01, "momentum": momentum, "clip": 0.05}
    mine, plain = (each.double() for each in (rated(model()), model()))
    # double() keeps the parameters that have factors
    assert factor_of(mine.head.weight) == HEAD
    losses = [AUCMarginLoss(0.25).double() for _ in range(2)]
    ours = PESG([*mine.parameters(), losses[0].a, losses[0].b], [losses[0].alpha], **options)  # type: ignore[arg-type]
    theirs = [
        PESG(plain.features.parameters(), lr=0.1 * FEATURES, **options),  # type: ignore[arg-type]
        PESG(plain.head.parameters(), lr=0.1 * HEAD, **options),  # type: ignore[arg-type]
        PESG([losses[1].a, losses[1].b], [losses[1].alpha], **options),  # type: ignore[arg-type]
    ]
    draw = generator(1)
    for step in range(10):
        images, targets = (each.double() for each in batch(draw))
        for network, loss, optimizers in zip((mine, plain), losses, ([ours], theirs), strict=True):
            for each in optimizers:
                if step == 6:
                    each.decay()
                each.zero_grad()
            loss(network(images), targets).backward()
            for each in optimizers:
                each.step()
    for left, right in zip(
        [*mine.parameters(), *losses[0].parameters()],
        [*plain.parameters(), *losses[1].parameters()],
        strict=True,
    ):
        torch.testing.assert_close(left, right, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("k", [1, 2])
@pytest.mark.parametrize("form", ["none", "amsgrad"])
@pytest.mark.parametrize("inner", INNER)
def test_pdsca_is_the_plain_loop_with_another_rate_of_w(inner: str, form: str, k: int) -> None:
    """Inner steps, their Hessian, the outer step and both decays."""
    scaling, z2, damping = SCALINGS[form]
    path = PlainPDSCA(inner, k, z2, damping, w_factor=0.4).run()
    ours = Ours(inner, k, scaling)
    give_factor(ours.model.w, 0.4)
    for t in range(STEPS):
        ours.run(t, t + 1)
        np.testing.assert_allclose(ours.state(), path[t], rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("k", [1, 2])
def test_exact_is_the_gradient_through_steps_of_several_rates(k: int) -> None:
    network, loss = rated(model()).double(), AUCMarginLoss(0.25).double()
    network.eval()
    with torch.no_grad():
        for each, value in zip((loss.a, loss.b, loss.alpha), (0.6, 0.3, 0.5), strict=True):
            each.fill_(value)
    draw = generator(0)
    first, second = ([each.double() for each in batch(draw)] for _ in range(2))
    weights: dict[str, Tensor] = dict(network.named_parameters())
    factors = [factor_of(each) for each in weights.values()]
    assert set(factors) == {FEATURES, HEAD}
    moved = weights
    for _ in range(k):
        inner = ce_loss(torch.func.functional_call(network, moved, (first[0],)), first[1])
        slopes = torch.autograd.grad(inner, list(moved.values()), create_graph=True)
        moved = {
            name: each - 0.5 * factor * slope
            for (name, each), slope, factor in zip(moved.items(), slopes, factors, strict=True)
        }
    value = loss(torch.func.functional_call(network, moved, (second[0],)), second[1])
    expected = torch.autograd.grad(value, list(weights.values()))
    before = [each.detach().clone() for each in weights.values()]
    optimizer = PDSCA(
        network, loss, inner="exact", lr=1.0, inner_lr=0.5, inner_steps=k, beta0=1.0, beta1=1.0,
        epoch_decay=0.0, weight_decay=0.0,
    )  # fmt: skip
    optimizer.step((first[0], first[1]), (second[0], second[1]))
    for old, new, slope, factor in zip(before, weights.values(), expected, factors, strict=True):
        torch.testing.assert_close(old - factor * slope, new, rtol=1e-9, atol=1e-12)


def test_the_terms_of_an_inner_step_are_those_of_a_step_of_several_rates() -> None:
    network, outer = rated(model()).double().eval(), AUCMarginLoss(0.25).double()
    images, targets = (each.double() for each in batch(generator(3)))
    terms = taylor_terms(network, outer, ce_loss, 0.3, images, targets)
    stepped = model().double().eval()
    optimizer = SGD(
        [
            {"params": stepped.features.parameters(), "lr": 0.3 * FEATURES},
            {"params": stepped.head.parameters(), "lr": 0.3 * HEAD},
        ]
    )
    ce_loss(stepped(images), targets).backward()
    optimizer.step()
    after = terms["taylor_outer"] - terms["taylor_inner"] + terms["taylor_rest"]
    assert after == pytest.approx(float(outer(stepped(images), targets).detach()), abs=1e-14)


def test_factors_of_1_change_nothing_and_split_nothing() -> None:
    network = model()
    for each in network.parameters():
        give_factor(each, 1.0)
    optimizer = SGD(network.parameters(), lr=0.1)
    groups = list(optimizer.param_groups)
    split_groups_(optimizer)
    assert len(groups) == len(optimizer.param_groups) == 1
    assert optimizer.param_groups[0] is groups[0]


def test_a_group_is_split_by_factor_and_keeps_the_rest() -> None:
    parts = [nn.Linear(2, 2) for _ in range(3)]
    for part, factor in zip(parts, (0.5, 2.0, 0.5), strict=True):
        give_factor(part.weight, factor)
    optimizer = SGD([each for part in parts for each in part.parameters()], lr=0.1, momentum=0.5)
    split_groups_(optimizer)
    groups = optimizer.param_groups
    assert [group["lr"] for group in groups] == pytest.approx([0.05, 0.1, 0.2])
    shapes = [[tuple(each.shape) for each in group["params"]] for group in groups]
    assert shapes == [[(2, 2)] * 2, [(2,)] * 3, [(2, 2)]]
    assert all(group["momentum"] == 0.5 for group in groups)


@pytest.mark.parametrize("inner", [None, *INNER])
def test_a_step_with_factors_reads_nothing_of_the_host_and_stays_in_place(
    inner: str | None,
) -> None:
    network, loss, draw = rated(model()), AUCMarginLoss(0.25), generator(0)
    optimizer: Any
    if inner is None:
        optimizer = PESG([*network.parameters(), loss.a, loss.b], [loss.alpha])
    else:
        optimizer = PDSCA(network, loss, inner=inner, inner_steps=2)

    def step() -> None:
        each = batch(draw)
        if inner is not None:
            optimizer.step(tuple(each), None)
            return
        optimizer.zero_grad()
        loss(network(each.images), each.targets).backward()
        optimizer.step()

    for _ in range(2):
        step()
    before = snapshot([network.state_dict(), optimizer.state_dict()], torch.device("cpu"))
    with no_host_reads():
        step()
    after = snapshot([network.state_dict(), optimizer.state_dict()], torch.device("cpu"))
    assert changed(before, after) is None
