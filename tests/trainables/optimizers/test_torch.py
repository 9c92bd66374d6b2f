"""PESG and PDSCA as users of torch's optimizers treat them: schedulers, groups, written numbers."""

import copy
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.optim import SGD, Optimizer, lr_scheduler

from tests.trainables.host_reads import no_host_reads
from tests.trainables.tiny import batch, generator, model
from trainables.losses.auc_margin import AUCMarginLoss
from trainables.losses.ce import ce_loss
from trainables.optimizers.pdsca import PDSCA
from trainables.optimizers.pesg import PESG
from trainables.optimizers.proximal import ProximalOptimizer, divide_lr
from trainables.steps.fixed_state import changed, snapshot

STEPS = 12


def by_hand(optimizer: Optimizer, value: Callable[[float], Any]) -> Callable[[float], None]:
    """Writes a new object into every group before every step, as a training loop may."""
    steps = iter(range(1, STEPS + 2))

    def write(_: float) -> None:
        rate = 0.1 / next(steps)
        for group in optimizer.param_groups:
            group["lr"] = value(rate)

    write(0.0)
    return write


def each_step(scheduler: lr_scheduler.LRScheduler) -> Callable[[float], None]:
    return lambda _: scheduler.step()


def plateau(optimizer: Optimizer) -> Callable[[float], None]:
    return lr_scheduler.ReduceLROnPlateau(optimizer, patience=0, factor=0.5, threshold=0.1).step


SCHEDULES: dict[str, Callable[[Optimizer], Callable[[float], None]]] = {
    "StepLR": lambda o: each_step(lr_scheduler.StepLR(o, 3, 0.3)),
    "MultiStepLR": lambda o: each_step(lr_scheduler.MultiStepLR(o, [4, 7])),
    "ExponentialLR": lambda o: each_step(lr_scheduler.ExponentialLR(o, 0.8)),
    "LambdaLR": lambda o: each_step(lr_scheduler.LambdaLR(o, lambda step: 1 / (1 + step))),
    "LinearLR": lambda o: each_step(lr_scheduler.LinearLR(o, 0.1, total_iters=5)),
    "CosineAnnealingLR": lambda o: each_step(lr_scheduler.CosineAnnealingLR(o, STEPS)),
    "CosineAnnealingWarmRestarts": lambda o: each_step(
        lr_scheduler.CosineAnnealingWarmRestarts(o, 5)
    ),
    "OneCycleLR": lambda o: each_step(
        lr_scheduler.OneCycleLR(o, 0.3, total_steps=STEPS + 1, cycle_momentum=False)
    ),
    "CyclicLR": lambda o: each_step(
        lr_scheduler.CyclicLR(o, 0.01, 0.2, step_size_up=3, cycle_momentum=False)
    ),
    "ReduceLROnPlateau": plateau,
    "a float": lambda o: by_hand(o, float),
    "a tensor": lambda o: by_hand(o, lambda rate: torch.tensor(rate, dtype=torch.float64)),
}


def rates(optimizer: Optimizer) -> list[float]:
    return [float(group["lr"]) for group in optimizer.param_groups]


@pytest.mark.parametrize("momentum", [0.0, 0.9])
@pytest.mark.parametrize("name", SCHEDULES)
def test_under_every_schedule_it_goes_the_way_of_sgd(name: str, momentum: float) -> None:
    """Without epoch_decay and alpha; its momentum is torch's with dampening = momentum."""
    mine, theirs = model().double(), model().double()
    pesg = PESG(mine.parameters(), lr=0.1, epoch_decay=0, weight_decay=0.01, momentum=momentum)
    sgd = SGD(theirs.parameters(), lr=0.1, weight_decay=0.01, momentum=momentum, dampening=momentum)
    schedules = [SCHEDULES[name](each) for each in (pesg, sgd)]
    draw, seen = generator(0), set()
    for _ in range(STEPS):
        images, targets = batch(draw)
        for network, optimizer, schedule in zip(
            (mine, theirs), (pesg, sgd), schedules, strict=True
        ):
            optimizer.zero_grad()
            loss = ce_loss(network(images.double()), targets.double())
            loss.backward()
            optimizer.step()
            schedule(loss.item())
        assert rates(pesg) == pytest.approx(2 * rates(sgd), rel=1e-12)
        seen.add(rates(sgd)[0])
    assert len(seen) > 1
    for left, right in zip(mine.parameters(), theirs.parameters(), strict=True):
        torch.testing.assert_close(left, right, rtol=1e-10, atol=1e-12)


class Trial:
    """One of the two optimizers on the tiny model, in float64."""

    def __init__(self, name: str) -> None:
        self.model, self.loss = model().double(), AUCMarginLoss(0.25).double()
        self.draw = generator(0)
        self.optimizer: ProximalOptimizer
        if name == "PESG":
            params = [*self.model.parameters(), self.loss.a, self.loss.b]
            self.optimizer = PESG(params, [self.loss.alpha], lr=0.1)
        else:
            self.optimizer = PDSCA(self.model, self.loss, inner=name, dual_lr=0.2)

    def batch(self) -> tuple[Tensor, Tensor]:
        images, targets = batch(self.draw)
        return images.double(), targets.double()

    def step(self) -> None:
        if isinstance(self.optimizer, PDSCA):
            self.optimizer.step(self.batch(), self.batch())
            return
        self.optimizer.zero_grad()
        images, targets = self.batch()
        self.loss(self.model(images), targets).backward()
        self.optimizer.step()

    def values(self) -> Tensor:
        every = [*self.model.parameters(), self.loss.a, self.loss.b, self.loss.alpha]
        return torch.cat([each.detach().flatten() for each in every])


NAMES = ["PESG", "moves", "looks_ahead", "exact"]


@pytest.mark.parametrize("schedule", SCHEDULES)
@pytest.mark.parametrize("name", NAMES)
def test_a_schedule_is_as_good_as_rates_set_in_place(name: str, schedule: str) -> None:
    scheduled, set_in_place = Trial(name), Trial(name)
    step_schedule = SCHEDULES[schedule](scheduled.optimizer)
    for step in range(STEPS):
        for group, rate in zip(
            set_in_place.optimizer.param_groups, rates(scheduled.optimizer), strict=True
        ):
            group["lr"].fill_(rate)
        scheduled.step()
        set_in_place.step()
        assert torch.equal(scheduled.values(), set_in_place.values())
        step_schedule(1.0 / (1 + step // 3))


SHARED = [(0, "lr"), (0, "epoch_decay"), (0, "weight_decay"), (1, "lr")]
PLACES = {name: [*SHARED, (0, "inner_lr"), (0, "beta0"), (0, "beta1")] for name in NAMES}
PLACES["PESG"] = SHARED
CASES = [(name, *place) for name, places in PLACES.items() for place in places]


@pytest.mark.parametrize(("name", "index", "key"), CASES)
def test_a_written_number_goes_into_the_tensor_without_a_read(
    name: str, index: int, key: str
) -> None:
    """A CUDA graph that was captured before sees it: the tensor is the same one."""
    written, in_place = Trial(name), Trial(name)
    for trial in (written, in_place):
        trial.step()
    cpu = torch.device("cpu")
    ours = written.optimizer.param_groups[index][key]
    before = snapshot(written.optimizer.state_dict(), cpu)
    for value in (0.5, torch.tensor(0.25), 1):
        written.optimizer.param_groups[index][key] = value
        in_place.optimizer.param_groups[index][key].fill_(value)
        with no_host_reads():
            written.optimizer._begin()
        written.step()
        in_place.step()
        assert written.optimizer.param_groups[index][key] is ours
        assert ours.item() == float(value)
        assert changed(before, snapshot(written.optimizer.state_dict(), cpu)) is None
        assert torch.equal(written.values(), in_place.values())


@pytest.mark.parametrize("value", [-0.1, float("nan"), "0.1", None])
@pytest.mark.parametrize(("name", "index", "key"), CASES)
def test_a_written_number_out_of_range_is_refused(
    name: str, index: int, key: str, value: Any
) -> None:
    trial = Trial(name)
    trial.optimizer.param_groups[index][key] = value
    rule = r"in \(0, 1\]" if key.startswith("beta") else "at least 0"
    with pytest.raises(ValueError, match=f"^{key} must be {rule}, not {value!r}.$"):
        trial.step()


@pytest.mark.parametrize("name", NAMES)
def test_decay_divides_what_was_written(name: str) -> None:
    optimizer = Trial(name).optimizer
    for group in optimizer.param_groups:
        group["lr"] = 0.5
    optimizer.decay()
    assert rates(optimizer) == pytest.approx([0.05, 0.05])
    if isinstance(optimizer, PDSCA):
        optimizer.param_groups[0]["inner_lr"] = 0.3
        assert optimizer.inner_lr.item() == pytest.approx(0.3)


@pytest.mark.parametrize("factor", [0, 0.0, -1, -10.0, float("nan"), float("inf")])
@pytest.mark.parametrize("name", NAMES)
def test_a_factor_that_is_not_above_0_is_refused(name: str, factor: float) -> None:
    trial = Trial(name)
    trial.step()
    before = copy.deepcopy(trial.optimizer.state_dict())
    with pytest.raises(ValueError, match=f"factor must be a finite number above 0, not {factor}"):
        trial.optimizer.decay(factor)
    torch.testing.assert_close(trial.optimizer.state_dict(), before, rtol=0, atol=0)
    sgd = SGD(trial.model.parameters(), lr=torch.tensor(0.1))
    with pytest.raises(ValueError, match="factor must be"):
        divide_lr(sgd, factor)


@pytest.mark.parametrize("name", NAMES)
def test_a_state_with_floats_goes_on_as_one_with_tensors(name: str) -> None:
    first = Trial(name)
    first.step()
    saved = copy.deepcopy([first.model.state_dict(), first.loss.state_dict()])
    state = copy.deepcopy(first.optimizer.state_dict())
    with_floats = copy.deepcopy(state)
    for group in with_floats["param_groups"]:
        for key, value in group.items():
            group[key] = float(value) if isinstance(value, Tensor) else value
    paths = []
    for each in (state, with_floats):
        trial = Trial(name)
        trial.model.load_state_dict(saved[0])
        trial.loss.load_state_dict(saved[1])
        trial.optimizer.load_state_dict(each)
        for group in trial.optimizer.param_groups:
            assert isinstance(group["lr"], Tensor)
        trial.step()
        trial.optimizer.decay()
        trial.step()
        paths.append(trial.values())
    assert torch.equal(*paths)


def test_a_load_leaves_a_state_that_was_taken_before() -> None:
    trial, other = Trial("PESG"), Trial("PESG")
    before = trial.optimizer.state_dict()
    other.optimizer.decay()
    trial.optimizer.load_state_dict(other.optimizer.state_dict())
    assert before["param_groups"][0]["lr"].item() == 0.1
    trial.optimizer.decay()
    assert rates(other.optimizer) == pytest.approx([0.01, 0.01])


def test_a_scheduler_and_the_optimizer_go_on_from_their_files() -> None:
    def make() -> tuple[Trial, lr_scheduler.LRScheduler]:
        trial = Trial("PESG")
        return trial, lr_scheduler.CosineAnnealingLR(trial.optimizer, STEPS)

    def run(trial: Trial, schedule: lr_scheduler.LRScheduler, steps: int) -> None:
        for _ in range(steps):
            trial.step()
            schedule.step()

    (through, schedule), (second, other) = make(), make()
    run(through, schedule, 5)
    parts = [through.model, through.loss, through.optimizer, schedule]
    saved = copy.deepcopy([each.state_dict() for each in parts])  # type: ignore[attr-defined]
    second.draw.set_state(through.draw.get_state())
    for part, state in zip(
        [second.model, second.loss, second.optimizer, other], saved, strict=True
    ):
        part.load_state_dict(state)  # type: ignore[attr-defined]
    run(through, schedule, 4)
    run(second, other, 4)
    assert torch.equal(through.values(), second.values())


def test_named_parameters_are_as_good_as_parameters() -> None:
    paths = []
    for named in (False, True):
        trial = Trial("PESG")
        if named:
            loss = dict(trial.loss.named_parameters())
            alpha = loss.pop("alpha")
            params = [*trial.model.named_parameters(), *loss.items()]
            trial.optimizer = PESG(params, [("alpha", alpha)], lr=0.1)
            names = [group["param_names"] for group in trial.optimizer.state_dict()["param_groups"]]
            assert names == [[name for name, _ in params], ["alpha"]]
        for _ in range(3):
            trial.step()
        paths.append(trial.values())
    assert torch.equal(*paths)


def test_names_alone_or_none() -> None:
    network, alpha = model(), torch.zeros((), requires_grad=True)
    (group, _) = PESG(network.named_parameters()).param_groups
    assert group["param_names"] == [name for name, _ in network.named_parameters()]
    with pytest.raises(ValueError, match="should be with/without names"):
        PESG(network.named_parameters(), [alpha])


def test_groups_are_refused_in_words() -> None:
    weights = [torch.ones(2, requires_grad=True) for _ in range(3)]
    groups: Any = [{"params": weights[:1], "lr": 0.1}, {"params": weights[1:2]}]
    with pytest.raises(ValueError, match=r"params must be tensors .*, not groups as dicts: give"):
        PESG(groups)
    with pytest.raises(ValueError, match="duals must be tensors"):
        PESG(weights, groups)
    with pytest.raises(ValueError, match=r"params must be a list of tensors, .* write \[params\]"):
        PESG(weights[0])
    optimizer = PESG(weights[:1], weights[1:2])
    with pytest.raises(ValueError, match="PESG must have two groups"):
        optimizer.add_param_group({"params": weights[2:], "lr": 0.1})
    with pytest.raises(ValueError, match="PDSCA must have two groups"):
        Trial("moves").optimizer.add_param_group({"params": weights[2:]})
    assert len(optimizer.param_groups) == 2


def test_a_schedule_of_the_momentum_is_refused_by_torch() -> None:
    with pytest.raises(ValueError, match="must support momentum"):
        lr_scheduler.OneCycleLR(Trial("PESG").optimizer, 0.3, total_steps=5)


def test_learning_rates_may_come_as_tensors() -> None:
    given = torch.tensor(0.1)
    optimizer = PESG([torch.ones(1, requires_grad=True)], lr=given)  # type: ignore[arg-type]
    optimizer.decay()
    assert given.item() == pytest.approx(0.1)
    assert rates(optimizer) == pytest.approx([0.01, 0.01])
