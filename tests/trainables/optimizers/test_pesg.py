"""PESG against a plain loop in NumPy, against torch's SGD, and alone in a training loop."""

import copy
from dataclasses import dataclass, field

import numpy as np
import pytest
import torch

from tests.trainables.plain import Saddle
from tests.trainables.tiny import batch, generator, model
from trainables.losses.auc import AUCLoss
from trainables.losses.auc_margin import AUCMarginLoss
from trainables.losses.auc_square import AUCSquareLoss
from trainables.losses.ce import ce_loss
from trainables.optimizers.pesg import PESG

STEPS, DECAYS = 20, (8, 14)
RNG = np.random.default_rng(0)
X = RNG.normal(size=(STEPS, 10, 4))
Y = (np.arange(10) < 3).astype(float)
X[:, Y == 1] += 0.3
W0 = RNG.normal(size=4)


@dataclass
class PlainPESG:
    """METHODS, word for word, on one flat vector v = (w, a, b)."""

    saddle: Saddle
    lr: float
    epoch_decay: float
    weight_decay: float
    low: float
    clip: float = np.inf
    momentum: float = 0.0
    path: list[np.ndarray] = field(default_factory=list)

    def run(self) -> tuple[np.ndarray, float]:
        v, alpha, lr = np.append(W0, [0.0, 0.0]), 0.0, self.lr
        reference, average = v.copy(), None
        stage: list[np.ndarray] = []
        for t in range(STEPS):
            if t in DECAYS:
                lr /= 10
                reference, stage = np.mean(stage, axis=0), []
            in_w, in_a, in_b = self.saddle.of_v(v[:-2], v[-2], v[-1], alpha, X[t], Y)
            gradient = np.clip(np.append(in_w, [in_a, in_b]), -self.clip, self.clip)
            in_alpha = self.saddle.of_alpha(v[:-2], alpha, X[t], Y)
            direction = gradient + self.epoch_decay * (v - reference) + self.weight_decay * v
            if average is None:
                average = direction
            average = self.momentum * average + (1 - self.momentum) * direction
            v = v - lr * average
            alpha = max(self.low, alpha + lr * in_alpha)
            stage.append(v)
            self.path.append(np.append(v, alpha))
        return v, alpha


class Ours:
    """The same problem with PESG."""

    def __init__(self, loss: AUCLoss, **options: float | bool | None) -> None:
        self.w = torch.tensor(W0, requires_grad=True)
        self.loss = loss.double()
        self.optimizer = PESG([self.w, loss.a, loss.b], [loss.alpha], **options)  # type: ignore[arg-type]

    def run(self, start: int = 0, stop: int = STEPS) -> None:
        for t in range(start, stop):
            if t in DECAYS:
                self.optimizer.decay()
            self.optimizer.zero_grad()
            self.loss(torch.tensor(X[t]) @ self.w, torch.tensor(Y)).backward()
            self.optimizer.step()

    def state(self) -> np.ndarray:
        values = [self.w, *(each.view(1) for each in (self.loss.a, self.loss.b, self.loss.alpha))]
        return torch.cat(values).detach().numpy()


@pytest.mark.parametrize("momentum", [0.0, 0.9])
@pytest.mark.parametrize("clip", [None, 0.01])
@pytest.mark.parametrize("prior", [0.3, 0.01])
def test_20_steps_of_auc_m_equal_a_plain_loop(
    prior: float, clip: float | None, momentum: float
) -> None:
    plain = PlainPESG(
        Saddle(prior, 0.6),
        lr=0.5,
        epoch_decay=0.05,
        weight_decay=0.01,
        low=0.0,
        clip=np.inf if clip is None else clip,
        momentum=momentum,
    )
    ours = Ours(
        AUCMarginLoss(prior, 0.6),
        lr=0.5,
        epoch_decay=0.05,
        weight_decay=0.01,
        clip=clip,
        momentum=momentum,
    )
    plain.run()
    for t in range(STEPS):
        ours.run(t, t + 1)
        np.testing.assert_allclose(ours.state(), plain.path[t], rtol=1e-11, atol=1e-13)


def test_20_steps_of_auc_s_equal_a_plain_loop() -> None:
    """Its alpha is free: no bound takes part."""
    plain = PlainPESG(Saddle(0.3, 1.0), lr=3.0, epoch_decay=0.05, weight_decay=0.01, low=-np.inf)
    ours = Ours(
        AUCSquareLoss(0.3), lr=3.0, epoch_decay=0.05, weight_decay=0.01, project_alpha=False
    )
    plain.run()
    for t in range(STEPS):
        ours.run(t, t + 1)
        np.testing.assert_allclose(ours.state(), plain.path[t], rtol=1e-11, atol=1e-13)


@pytest.mark.parametrize("project", [True, False])
def test_projection_keeps_alpha_at_0_or_above(project: bool) -> None:
    loss = AUCMarginLoss(0.5, 0.1, "raw")
    w = torch.ones(1, requires_grad=True)
    optimizer = PESG([w, loss.a, loss.b], [loss.alpha], lr=0.1, project_alpha=project)
    for _ in range(5):
        optimizer.zero_grad()
        loss(w * torch.tensor([5.0, -5.0]), torch.tensor([1.0, 0.0])).backward()
        optimizer.step()
    assert (loss.alpha.item() == 0.0) is project
    assert (loss.alpha.item() < 0.0) is not project


@pytest.mark.parametrize("momentum", [0.0, 0.9])
def test_without_epoch_decay_and_alpha_it_is_sgd(momentum: float) -> None:
    """Its momentum averages: torch's form with dampening = momentum."""
    mine, theirs = model().double(), model().double()
    pesg = PESG(mine.parameters(), lr=0.1, epoch_decay=0, weight_decay=0.01, momentum=momentum)
    sgd = torch.optim.SGD(
        theirs.parameters(), lr=0.1, weight_decay=0.01, momentum=momentum, dampening=momentum
    )
    draw = generator(0)
    for step in range(8):
        if step == 5:
            pesg.decay()
            sgd.param_groups[0]["lr"] /= 10
        images, targets = batch(draw)
        for network, optimizer in ((mine, pesg), (theirs, sgd)):
            optimizer.zero_grad()
            ce_loss(network(images.double()), targets.double()).backward()
            optimizer.step()
    for left, right in zip(mine.parameters(), theirs.parameters(), strict=True):
        torch.testing.assert_close(left, right, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("stop", [3, 8, 11])
def test_save_and_load_continue_bit_for_bit(stop: int) -> None:
    options = {"lr": 0.5, "epoch_decay": 0.05, "momentum": 0.5}
    through = Ours(AUCMarginLoss(0.3), **options)
    through.run()

    first = Ours(AUCMarginLoss(0.3), **options)
    first.run(0, stop)
    saved = copy.deepcopy((first.w.detach(), first.loss.state_dict(), first.optimizer.state_dict()))
    first.run(stop, stop + 2)  # what was saved stays as it was

    second = Ours(AUCMarginLoss(0.3), **options)
    second.run(0, 1)  # and nothing of the new one's own past is left
    with torch.no_grad():
        second.w.copy_(saved[0])
    second.loss.load_state_dict(saved[1])
    second.optimizer.load_state_dict(saved[2])
    second.run(stop)
    assert np.array_equal(second.state(), through.state())


def test_decay_divides_the_rates_and_renews_the_reference() -> None:
    ours = Ours(AUCMarginLoss(0.3), lr=0.5)
    seen = []
    for t in range(4):
        ours.run(t, t + 1)
        seen.append(ours.w.detach().clone())
    ours.optimizer.decay()
    rates = [float(group["lr"]) for group in ours.optimizer.param_groups]
    assert rates == pytest.approx([0.05, 0.05])
    reference = ours.optimizer.state[ours.w]["reference"]
    torch.testing.assert_close(reference, torch.stack(seen).mean(0))
    before = reference.clone()
    ours.optimizer.decay(2.0)  # no step since: there is no mean to take
    assert torch.equal(ours.optimizer.state[ours.w]["reference"], before)
    assert float(ours.optimizer.param_groups[0]["lr"]) == pytest.approx(0.025)


def test_a_reference_at_zero_is_a_weight_decay_until_the_first_decay() -> None:
    """epoch_decay (v - 0) + weight_decay v is one decay of their sum, of a and b too."""
    pulled = Ours(
        AUCMarginLoss(0.3),
        lr=0.5,
        epoch_decay=0.05,
        weight_decay=0.01,
        reference=torch.zeros_like,  # type: ignore[arg-type]
    )
    decayed = Ours(AUCMarginLoss(0.3), lr=0.5, epoch_decay=0.0, weight_decay=0.06)
    pulled.run(0, DECAYS[0])
    decayed.run(0, DECAYS[0])
    np.testing.assert_allclose(pulled.state(), decayed.state(), rtol=1e-11)
    pulled.run(DECAYS[0])
    decayed.run(DECAYS[0])
    assert not np.allclose(pulled.state(), decayed.state(), rtol=1e-6)


def test_parameters_without_a_gradient_stay_as_they_are() -> None:
    used, unused = (torch.ones(2, requires_grad=True) for _ in range(2))
    optimizer = PESG([used, unused], lr=0.1, weight_decay=0.5)
    used.sum().backward()
    optimizer.step()
    assert torch.equal(unused, torch.ones(2))
    assert not torch.equal(used, torch.ones(2))


def test_step_takes_a_closure() -> None:
    w = torch.ones(1, requires_grad=True)
    optimizer = PESG([w], lr=0.1, epoch_decay=0, weight_decay=0)

    def closure() -> float:
        optimizer.zero_grad()
        loss = (w**2).sum()
        loss.backward()
        return loss.item()

    assert optimizer.step(closure) == 1.0
    assert w.item() == pytest.approx(0.8)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"lr": -0.1}, "lr must be at least 0, not -0.1"),
        ({"epoch_decay": -1.0}, "epoch_decay must be at least 0"),
        ({"weight_decay": float("nan")}, "weight_decay must be at least 0, not nan"),
        ({"clip": 0.0}, "clip must be above 0 or None, not 0.0"),
        ({"momentum": 1.0}, r"momentum must be in \[0, 1\), not 1.0"),
    ],
)
def test_numbers_out_of_range_are_refused(options: dict[str, float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        PESG([torch.ones(1, requires_grad=True)], **options)  # type: ignore[arg-type]


def test_no_parameters_are_refused() -> None:
    with pytest.raises(ValueError, match="params must hold at least one tensor"):
        PESG([])
