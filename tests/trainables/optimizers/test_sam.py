"""SAM: its step in closed form, and what of network and loss its second pass leaves alone."""

import copy
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from tests.trainables.tiny import TinyTrial, batch, context, generator, model
from trainables.losses.ce import CELoss, ce_loss
from trainables.method import Method
from trainables.methods import METHODS
from trainables.methods.parts import descent
from trainables.models.classifier import BinaryClassifier
from trainables.optimizers.lr_factors import give_factor
from trainables.optimizers.sam import uphill
from trainables.recipe import Batch
from trainables.updates import SharpDescent


def made(name: str, **values: Any) -> Method:
    return METHODS[name](**values)


def test_a_step_on_a_quadratic_in_closed_form() -> None:
    """Of w^T A w / 2 it is w - lr A (w + rho A w / ||A w||)."""
    curvature = torch.tensor([[2.0, 0.5], [0.5, 1.0]], dtype=torch.float64)
    w0 = torch.tensor([1.0, -2.0], dtype=torch.float64)
    network = nn.Linear(2, 1, bias=False).double()
    with torch.no_grad():
        network.weight.copy_(w0)

    class Quadratic(nn.Module):
        def forward(self, _logits: Tensor, _targets: Tensor) -> Tensor:
            (w,) = network.weight
            return w @ curvature @ w / 2

    optimizer = torch.optim.SGD(network.parameters(), lr=0.1)
    update = SharpDescent(
        network,
        Quadratic(),
        optimizer,
        lambda: None,
        lambda each: each,
        weights=list(network.parameters()),
        rho=0.3,
    )
    rows = torch.ones(5, 2, dtype=torch.float64)
    loss, evaluations = update.step([Batch(rows, rows[:, 0])])
    slope = curvature @ w0
    expected = w0 - 0.1 * curvature @ (w0 + 0.3 * slope / slope.norm())
    torch.testing.assert_close(network.weight.detach()[0], expected, rtol=1e-12, atol=0)
    assert loss.item() == pytest.approx(float(w0 @ curvature @ w0 / 2))
    assert evaluations == 2 * 5


def test_uphill_gives_the_weights_back_bit_for_bit_and_of_no_slope_leaves_them() -> None:
    w, other = (torch.randn(50, generator=generator(i), requires_grad=True) for i in (0, 1))
    before = w.detach().clone()
    (w**3).sum().backward()
    with uphill([w, other], 0.7):
        assert (w - before).norm().item() == pytest.approx(0.7, rel=1e-5)
    assert torch.equal(w, before)
    w.grad = torch.zeros_like(w)
    with uphill([w], 0.7):
        assert torch.equal(w, before)
    with pytest.raises(KeyError), uphill([w], 0.7):
        raise KeyError
    assert torch.equal(w, before)


def by_hand(network: BinaryClassifier, draw: torch.Generator, **options: float) -> None:
    """Three steps of SAM on CE as one writes them with torch alone; of what asks for a gradient."""
    weights = [each for each in network.parameters() if each.requires_grad]
    for _ in range(3):
        images, targets = batch(draw)
        first = torch.autograd.grad(ce_loss(network(images), targets), weights)
        there = copy.deepcopy(network)
        norm = torch.cat([each.flatten() for each in first]).norm()
        moved = [each for each in there.parameters() if each.requires_grad]
        with torch.no_grad():
            for each, slope in zip(moved, first, strict=True):
                each.add_(options["rho"] * slope / norm)
        second = torch.autograd.grad(ce_loss(there(images), targets), moved)
        with torch.no_grad():
            for each, slope in zip(weights, second, strict=True):
                rate = 0.1 * getattr(each, "lr_factor", 1.0)
                each.sub_(rate * (slope + options["weight_decay"] * each))


@pytest.mark.parametrize("kind", ["plain", "frozen", "rates", "bf16"])
def test_of_a_network_it_is_the_loop_by_hand(kind: str) -> None:
    """BatchNorm statistics are of the first passes; what is frozen has no part in the norm, and
    factors of the learning rate none in how far the gradient is taken.
    """
    ours, theirs = model(), model()
    for network in (ours, theirs):
        if kind == "frozen":
            network.freeze("features")
        if kind == "rates":
            for each in network.head.parameters():
                give_factor(each, 8.0)
        if kind == "bf16":
            network.precision = "bf16"
    update = descent(
        "sam", context(ours, generator(0)), CELoss(), context(ours, generator(0)).weights,
        lr=0.1, weight_decay=0.1, sam_rho=0.5,
    )  # fmt: skip
    draw = generator(3)
    for _ in range(3):
        update.step([batch(draw)])
    by_hand(theirs, generator(3), rho=0.5, weight_decay=0.1)
    exact = kind != "bf16"
    for (name, mine), other in zip(
        ours.state_dict().items(), theirs.state_dict().values(), strict=True
    ):
        if exact:
            torch.testing.assert_close(mine, other, rtol=1e-5, atol=1e-6, msg=name)
        else:
            torch.testing.assert_close(mine, other, rtol=0, atol=2e-3, msg=name)
    assert ours.state_dict()["features.2.num_batches_tracked"] == (0 if kind == "frozen" else 3)


@pytest.mark.parametrize("name", ["soap", "sopa", "sopa_s", "sota_s"])
def test_the_state_an_image_moves_once_a_step_from_where_it_was(name: str) -> None:
    """Both passes see the state of the step before; the first one's is kept."""
    trial = TinyTrial(made(name, optimizer="sam", sam_rho=0.5))
    trial.train(3)
    update: Any = trial.recipe.update
    network, loss = copy.deepcopy([trial.model, update._loss])
    given = batch(trial.draws)
    lr, decay = 0.1, made(name).weight_decay  # type: ignore[attr-defined]

    weights = list(network.parameters())
    there, of_there = copy.deepcopy([network, loss])
    first = loss(network(given.images), given.targets, given.indices)
    slopes = torch.autograd.grad(first, weights)
    norm = torch.cat([each.flatten() for each in slopes]).norm()
    moved = list(there.parameters())
    with torch.no_grad():
        for each, slope in zip(moved, slopes, strict=True):
            each += 0.5 * slope / norm
    second = of_there(there(given.images), given.targets, given.indices)
    slopes = torch.autograd.grad(second, moved)

    trial.recipe.step([given])
    for key, value in update._loss.state_dict().items():
        assert torch.equal(value, loss.state_dict()[key]), key
    for mine, old, slope in zip(trial.model.parameters(), weights, slopes, strict=True):
        expected = old - lr * (slope + decay * old)
        torch.testing.assert_close(mine, expected, rtol=1e-5, atol=1e-6)


BASES = [
    ("ce", {"momentum": 0.9}, "sgd"),
    ("ce_mixup", {}, "sgd"),
    ("sopa_s", {}, "sgd"),
    ("ce_tuned", {"warm_up": 0.2}, "sgd"),
    ("auc_m", {"momentum": 0.5, "clip": 0.1}, "pesg"),
    ("auc_mixup", {}, "pesg"),
    ("ts_drw", {}, "pesg"),
]


@pytest.mark.parametrize(("name", "values", "base"), BASES)
def test_with_radius_0_it_is_its_base_bit_for_bit_at_twice_the_cost(
    name: str, values: dict[str, Any], base: str
) -> None:
    """A mix is drawn once a step, and the schedule is the base's."""
    trials = [
        TinyTrial(made(name, **values, optimizer=optimizer, sam_rho=0.0))
        for optimizer in (base, "sam")
    ]
    losses = [trial.train(12) for trial in trials]
    assert losses[0] == losses[1]
    assert torch.equal(trials[0].weights(), trials[1].weights())
    plain, sharp = (trial.recipe.gradient_evaluations for trial in trials)
    assert sharp == 2 * plain == 2 * 12 * 16
