"""CE as a practitioner tunes it: what is CE of it, what of torch, and that its budget is fair."""

from typing import Any

import pytest
import torch
import torch.nn.functional as F

from tests.trainables.test_loop import config, to_the_end
from tests.trainables.tiny import STEPS, TinyTrial, batch
from trainables.loop import TrainingRun
from trainables.methods import METHODS

PLAIN = {"momentum": 0.0, "nesterov": False}


def tiny(**values: Any) -> TinyTrial:
    return TinyTrial(METHODS["ce_tuned"](**values))


def rate(trial: TinyTrial) -> float:
    return float(trial.recipe.state_dict()["update"]["optimizer"]["param_groups"][0]["lr"])


@pytest.mark.parametrize("momentum", [0.0, 0.9])
def test_without_its_own_it_is_ce(momentum: float) -> None:
    mine, ce = (
        tiny(momentum=momentum, nesterov=False),
        TinyTrial(METHODS["ce"](momentum=momentum)),  # type: ignore[call-arg]
    )
    assert mine.train(STEPS) == ce.train(STEPS)
    assert torch.equal(mine.weights(), ce.weights())


def test_nesterov_without_momentum_is_plain_descent() -> None:
    trials = [tiny(momentum=0.0, nesterov=nesterov) for nesterov in (False, True)]
    assert trials[0].train(STEPS) == trials[1].train(STEPS)


def test_nesterov_is_torchs() -> None:
    mine, theirs = tiny(weight_decay=0.0), tiny()
    mine.train(5)
    optimizer = torch.optim.SGD(theirs.model.parameters(), lr=0.1, momentum=0.9, nesterov=True)
    for _ in range(5):
        images, targets = batch(theirs.draws)
        optimizer.zero_grad()
        F.binary_cross_entropy_with_logits(theirs.model(images), targets).backward()
        optimizer.step()
    torch.testing.assert_close(mine.weights(), theirs.weights())


def test_the_learning_rate_rises_over_the_warm_up_and_then_decays() -> None:
    """A quarter of 12 steps, from a tenth on; decays come where they always come."""
    trial = tiny(lr=0.4, warm_up=0.25)
    rates = []
    for _ in range(STEPS):
        trial.train(1)
        rates.append(rate(trial))
    rising = [0.04, 0.16, 0.28]
    assert rates == pytest.approx([*rising, 0.4, 0.4, 0.4, 0.04, 0.04, 0.04, 0.004, 0.004, 0.004])


@pytest.mark.parametrize("budget", ["epochs", "gradient_evaluations"])
@pytest.mark.parametrize("factor", [0.25, 0.7, 2.0, 4.0])
def test_other_batches_meet_as_many_images(budget: str, factor: float) -> None:
    """To half a batch, or to one where the budget counts evaluations; each validation on time."""
    plain, other = (
        TrainingRun(
            config(method=method, params=params, model="mlp", budget=budget, epochs=3, intervals=3)
        )
        for method, params in (("ce", {}), ("ce_tuned", {"batch_factor": factor}))
    )
    for run in (plain, other):
        to_the_end(run)
    assert other.batch_size == round(64 * factor)
    assert abs(other.images - plain.images) <= other.batch_size
    assert other.gradient_evaluations == other.images
    for mine, theirs in zip(other.curve, plain.curve, strict=True):
        apart = abs(mine["gradient_evaluations"] - theirs["gradient_evaluations"])
        assert apart <= max(64, 2 * other.batch_size)


def test_a_batch_is_never_too_small_for_batchnorm() -> None:
    method = METHODS["ce_tuned"](batch_factor=0.25)  # type: ignore[call-arg]
    assert [method.images_a_batch(size) for size in (1, 2, 4, 64)] == [1, 2, 2, 16]


def test_other_batches_go_on_from_a_checkpoint_bit_for_bit() -> None:
    params = {"batch_factor": 0.5, "warm_up": 0.2, "cutout": 0.3, "label_smoothing": 0.1}
    chosen = config(method="ce_tuned", params=params, model="mlp")
    whole = to_the_end(TrainingRun(chosen))
    first, second = TrainingRun(chosen), TrainingRun(chosen)
    for _ in range(first.steps // 5):  # before the first of four validations
        first.train_step()
    second.load_state_dict(first.state_dict())
    assert to_the_end(second) == whole
