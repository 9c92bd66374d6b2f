"""PDSCA in its three readings: against plain loops in NumPy, PESG and autograd, and alone."""

import copy
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from tests.trainables.plain_pdsca import (
    DECAYS,
    SCALINGS,
    STEPS,
    W0,
    X1,
    X2,
    PlainPDSCA,
    Y,
)
from tests.trainables.tiny import batch, generator, model
from trainables.losses.auc_margin import AUCMarginLoss, PriorFreeAUCMarginLoss
from trainables.losses.ce import ce_loss
from trainables.optimizers.pdsca import INNER, PDSCA
from trainables.optimizers.pesg import PESG
from trainables.optimizers.scaling import AdaBound, Scaling


class Linear(nn.Module):
    """f = x w."""

    def __init__(self) -> None:
        super().__init__()
        self.w = nn.Parameter(torch.tensor(W0))

    def forward(self, x: Tensor) -> Tensor:
        return x @ self.w


class Ours:
    """The same problem with PDSCA."""

    def __init__(
        self,
        inner: str,
        k: int,
        scaling: Scaling | None,
        same_batch: bool = False,
        inner_lr_decays: bool | None = None,
    ) -> None:
        self.model = Linear()
        self.loss = AUCMarginLoss(0.3, 1.0).double()
        self.same_batch = same_batch
        self.optimizer = PDSCA(
            self.model,
            self.loss,
            inner=inner,
            lr=0.05,
            dual_lr=0.3,
            inner_lr=0.7,
            inner_lr_decays=inner_lr_decays,
            inner_steps=k,
            beta0=0.8,
            beta1=0.6,
            epoch_decay=0.05,
            weight_decay=0.01,
            alpha_max=0.05,
            scaling=scaling,
        )

    def run(self, start: int = 0, stop: int = STEPS) -> None:
        for t in range(start, stop):
            if t in DECAYS:
                self.optimizer.decay()
            first = (torch.tensor(X1[t]), torch.tensor(Y))
            second = None if self.same_batch else (torch.tensor(X2[t]), torch.tensor(Y))
            self.optimizer.step(first, second)

    def parts(self) -> list[Any]:
        return [self.model, self.loss, self.optimizer]

    def state(self) -> np.ndarray:
        values = [self.model.w, *(getattr(self.loss, n).view(1) for n in ("a", "b", "alpha"))]
        points = self.optimizer.state_dict()["inner"]
        inner = [each["w"] if isinstance(each, dict) else each for each in points]
        return torch.cat([*values, *inner]).detach().numpy()


@pytest.mark.parametrize("same_batch", [False, True])
@pytest.mark.parametrize("k", [1, 2, 3])
@pytest.mark.parametrize("form", SCALINGS)
@pytest.mark.parametrize("inner", INNER)
def test_20_steps_equal_a_plain_loop(inner: str, form: str, k: int, same_batch: bool) -> None:
    scaling, z2, damping = SCALINGS[form]
    ours = Ours(inner, k, scaling, same_batch)
    path = PlainPDSCA(inner, k, z2, damping, same_batch=same_batch).run()
    for t, expected in enumerate(path):
        ours.run(t, t + 1)
        np.testing.assert_allclose(ours.state(), expected, rtol=1e-10, atol=1e-12)
    alphas = [state[6] for state in path]
    assert 0.05 in alphas  # the upper bound took part


@pytest.mark.parametrize("decays", [False, True])
@pytest.mark.parametrize("inner", INNER)
def test_the_inner_learning_rate_decays_where_that_is_asked_for(inner: str, decays: bool) -> None:
    _, z2, damping = SCALINGS["none"]
    ours = Ours(inner, 2, None, inner_lr_decays=decays)
    ours.run()
    expected = PlainPDSCA(inner, 2, z2, damping, inner_lr_decays=decays).run()[-1]
    np.testing.assert_allclose(ours.state(), expected, rtol=1e-10, atol=1e-12)
    assert float(ours.optimizer.inner_lr) == pytest.approx(0.007 if decays else 0.7)


@pytest.mark.parametrize("k", [1, 2])
def test_exact_is_the_gradient_of_the_composition(k: int) -> None:
    """beta0 = beta1 = 1: O is the gradient of F(u_k(w)) that autograd finds through the steps."""
    network, loss = model().double(), AUCMarginLoss(0.25).double()
    network.eval()  # else a point's statistics would differ from a functional call's
    with torch.no_grad():
        for each, value in zip((loss.a, loss.b, loss.alpha), (0.6, 0.3, 0.5), strict=True):
            each.fill_(value)
    draw = generator(0)
    (x1, y1), (x2, y2) = ([each.double() for each in batch(draw)] for _ in range(2))
    weights: dict[str, Tensor] = dict(network.named_parameters())
    moved = weights
    for _ in range(k):
        inner = ce_loss(torch.func.functional_call(network, moved, (x1,)), y1)
        slopes = torch.autograd.grad(inner, list(moved.values()), create_graph=True)
        moved = {
            name: each - 0.5 * slope
            for (name, each), slope in zip(moved.items(), slopes, strict=True)
        }
    value = loss(torch.func.functional_call(network, moved, (x2,)), y2)
    expected = torch.autograd.grad(value, list(weights.values()))
    before = [each.detach().clone() for each in weights.values()]
    optimizer = PDSCA(
        network,
        loss,
        inner="exact",
        lr=0.1,
        inner_lr=0.5,
        inner_steps=k,
        beta0=1.0,
        beta1=1.0,
        epoch_decay=0.0,
        weight_decay=0.0,
    )
    optimizer.step((x1, y1), (x2, y2))
    for old, new, slope in zip(before, network.parameters(), expected, strict=True):
        torch.testing.assert_close((old - new) / 0.1, slope, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("inner", INNER)
def test_without_an_inner_step_it_is_descent_ascent_on_auc_m(inner: str) -> None:
    """k = 1, inner_lr = 0, beta0 = beta1 = 1 and S1 = S2: PESG's path, also through decays."""
    networks = [model().double() for _ in range(2)]
    losses = [AUCMarginLoss(0.25, 0.7).double() for _ in range(2)]
    compositional = PDSCA(
        networks[0],
        losses[0],
        inner=inner,
        lr=0.3,
        inner_lr=0.0,
        beta0=1.0,
        beta1=1.0,
        epoch_decay=0.01,
    )
    plain = PESG(
        [*networks[1].parameters(), losses[1].a, losses[1].b],
        [losses[1].alpha],
        lr=0.3,
        epoch_decay=0.01,
    )
    draw = generator(0)
    for step in range(15):
        if step in (6, 11):
            compositional.decay()
            plain.decay()
        images, targets = (each.double() for each in batch(draw))
        value = compositional.step((images, targets))
        plain.zero_grad()
        expected = losses[1](networks[1](images), targets)
        expected.backward()
        plain.step()
        torch.testing.assert_close(value, expected.detach(), rtol=1e-10, atol=1e-14)
    # In "moves" both passes of a step count in the one set of statistics.
    mine, theirs = (
        [
            *(each.parameters() if inner == "moves" else each.state_dict().values()),
            *own.state_dict().values(),
        ]
        for each, own in zip(networks, losses, strict=True)
    )
    for left, right in zip(mine, theirs, strict=True):
        torch.testing.assert_close(left, right, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("inner", INNER)
def test_with_the_same_batch_twice_alpha_moves_as_with_one(inner: str) -> None:
    """g2 on S1 and S2 together is the mean over both."""
    draw = generator(0)
    first = batch(draw)
    steps = []
    for second in (None, first):
        loss = AUCMarginLoss(0.25)
        optimizer = PDSCA(model(), loss, inner=inner)
        for _ in range(3):
            optimizer.step(first, second)
        steps.append(loss.alpha.detach().clone())
    torch.testing.assert_close(steps[0], steps[1], rtol=1e-5, atol=0)


@pytest.mark.parametrize("inner", ["looks_ahead", "exact"])
def test_w_and_u_are_kept_apart_and_lent_whole(inner: str) -> None:
    network, draw = model(), generator(0)
    optimizer = PDSCA(network, AUCMarginLoss(0.25), inner=inner, inner_steps=2, inner_lr=0.5)
    own = copy.deepcopy(network.state_dict())
    with optimizer.inner_weights():  # before the first step u is w
        assert all(torch.equal(own[key], value) for key, value in network.state_dict().items())
    for _ in range(4):
        optimizer.step(batch(draw), batch(draw))
    own = copy.deepcopy(network.state_dict())
    points = copy.deepcopy(optimizer.state_dict()["inner"])
    with optimizer.inner_weights():
        lent = copy.deepcopy(network.state_dict())
    assert all(torch.equal(lent[key], points[-1][key]) for key in lent)
    assert not torch.equal(lent["head.weight"], own["head.weight"])
    assert not torch.equal(lent["features.2.running_mean"], own["features.2.running_mean"])
    assert all(torch.equal(own[key], value) for key, value in network.state_dict().items())
    after = optimizer.state_dict()["inner"]
    assert all(
        torch.equal(old[key], new[key])
        for old, new in zip(points, after, strict=True)
        for key in old
    )
    # Each point has seen its own batches only: S1 at w and at u_1, S2 and S1 at u_2.
    counts = [int(each["features.2.num_batches_tracked"]) for each in (own, *points)]
    assert counts == [4, 4, 8]


def test_what_moves_w_lends_u_with_the_one_set_of_statistics() -> None:
    network, draw = model(), generator(0)
    optimizer = PDSCA(network, AUCMarginLoss(0.25), inner="moves", inner_steps=2, inner_lr=0.5)
    own = copy.deepcopy(network.state_dict())
    with optimizer.inner_weights():  # before the first step u is w
        assert all(torch.equal(own[key], value) for key, value in network.state_dict().items())
    for _ in range(4):
        optimizer.step(batch(draw), batch(draw))
    own = copy.deepcopy(network.state_dict())
    points = copy.deepcopy(optimizer.state_dict()["inner"])
    with optimizer.inner_weights():
        lent = copy.deepcopy(network.state_dict())
        for mine, point in zip(network.parameters(), points, strict=True):
            assert torch.equal(mine, point)
    assert not torch.equal(lent["head.weight"], own["head.weight"])
    assert torch.equal(lent["features.2.running_mean"], own["features.2.running_mean"])
    assert all(torch.equal(own[key], value) for key, value in network.state_dict().items())
    assert int(own["features.2.num_batches_tracked"]) == 12  # two inner passes and one outer


def test_a_frozen_batch_norm_stays_frozen_in_the_copies() -> None:
    network, draw = model(), generator(0)
    network.features[2].eval()  # type: ignore[index]
    optimizer = PDSCA(network, AUCMarginLoss(0.25), inner="looks_ahead")
    for _ in range(2):
        optimizer.step(batch(draw), batch(draw))
    inner = optimizer.state_dict()["inner"][0]
    assert int(inner["features.2.num_batches_tracked"]) == 0


@pytest.mark.parametrize("positives", [0, 16])
@pytest.mark.parametrize("form", SCALINGS)
@pytest.mark.parametrize("inner", INNER)
def test_batches_of_one_class_stay_finite(inner: str, form: str, positives: int) -> None:
    draw = generator(0)
    for loss in (AUCMarginLoss(0.25), AUCMarginLoss(None), PriorFreeAUCMarginLoss()):
        network = model()
        scaling = SCALINGS[form][0]
        optimizer = PDSCA(network, loss, inner=inner, inner_steps=2, scaling=scaling)
        for _ in range(5):
            value = optimizer.step(
                batch(draw, positives=positives), batch(draw, positives=positives)
            )
            assert bool(torch.isfinite(value))
        tensors = [*network.state_dict().values(), *loss.state_dict().values()]
        assert all(bool(torch.isfinite(each).all()) for each in tensors)


@pytest.mark.parametrize("form", SCALINGS)
@pytest.mark.parametrize("stop", [0, 3, 8, 11])
@pytest.mark.parametrize("inner", INNER)
def test_save_and_load_continue_bit_for_bit(inner: str, stop: int, form: str) -> None:
    scaling = SCALINGS[form][0]
    through = Ours(inner, 2, scaling)
    through.run()

    first = Ours(inner, 2, scaling)
    first.run(0, stop)
    saved = copy.deepcopy([part.state_dict() for part in first.parts()])
    first.run(stop, stop + 2)

    second = Ours(inner, 2, scaling)
    for part, state in zip(second.parts(), saved, strict=True):
        part.load_state_dict(state)
    second.run(stop)
    assert np.array_equal(second.state(), through.state())


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"inner": "stays"}, "inner must be one of moves, looks_ahead, exact, not 'stays'"),
        ({"inner_steps": 0}, "inner_steps must be at least 1, not 0"),
        ({"inner_lr": -1.0}, "inner_lr must be at least 0"),
        ({"beta0": 0.0}, r"beta0 must be in \(0, 1\], not 0.0"),
        ({"beta1": 1.1}, r"beta1 must be in \(0, 1\], not 1.1"),
        ({"alpha_max": 0.0}, "alpha_max must be above 0 or None, not 0.0"),
        ({"dual_lr": -1.0}, "dual_lr must be at least 0"),
    ],
)
def test_numbers_out_of_range_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        PDSCA(model(), AUCMarginLoss(0.25), **options)


def test_bounds_out_of_order_are_refused() -> None:
    with pytest.raises(ValueError, match=r"0 < low <= high, not low 2\.0 and high 1\.0"):
        AdaBound(low=2.0, high=1.0)
