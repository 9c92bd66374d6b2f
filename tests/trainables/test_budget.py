"""Budgets: methods whose steps cost differently get equal epochs, evaluations or seconds."""

from typing import Any

import pytest

from tests.trainables.test_loop import config, to_the_end
from trainables.config import TrialConfig
from trainables.errors import UnknownNameError
from trainables.loop import TrainingRun

CT: dict[str, Any] = {"method": "ct_auc", "params": {"inner_steps": 2}}


def chosen(**changes: Any) -> TrialConfig:
    return config(**{"params": {}, "model": "mlp", **changes})


def finished(**changes: Any) -> TrainingRun:
    run = TrainingRun(chosen(**changes))
    to_the_end(run)
    return run


def test_equal_epochs_are_equal_steps() -> None:
    plain, compositional = finished(), finished(**CT)
    assert plain.step == compositional.step == plain.steps
    assert compositional.gradient_evaluations == 3 * plain.gradient_evaluations


@pytest.mark.parametrize("budget", ["epochs", "gradient_evaluations"])
def test_plain_descent_is_the_same_under_both_counts(budget: str) -> None:
    assert to_the_end(TrainingRun(chosen(budget=budget))) == to_the_end(TrainingRun(chosen()))


def test_equal_gradient_evaluations() -> None:
    """k + 1 passes a step: as many steps fewer, over by less than one step."""
    plain = finished(budget="gradient_evaluations")
    compositional = finished(**CT, budget="gradient_evaluations")
    extra = compositional.gradient_evaluations - plain.gradient_evaluations
    assert 0 <= extra < 3 * 64
    assert compositional.step == -(-plain.step // 3)


def test_stages_and_decays_lie_at_shares_of_the_budget() -> None:
    """The learning rate has decayed twice at the end of a third of the steps."""
    run = finished(**CT, budget="gradient_evaluations")
    (first, _) = run.state_dict()["recipe"]["update"]["optimizer"]["param_groups"]
    assert float(first["lr"]) == pytest.approx(0.1 / 100)


def test_equal_seconds() -> None:
    """Both train until the time is up, and one step more at most."""
    for changes in ({}, CT):
        run = TrainingRun(chosen(**changes, budget="seconds", seconds=0.3, intervals=3))
        spent = []
        while not run.finished:
            run.train_interval()
            spent.append(run.training_seconds)
        for index, seconds in enumerate(spent):
            assert 0.1 * (index + 1) <= seconds < 0.1 * (index + 1) + 1  # a slow machine's step


def test_a_trial_resumed_has_the_rest_of_its_seconds() -> None:
    settings = chosen(budget="seconds", seconds=0.3, intervals=3)
    first = TrainingRun(settings)
    first.train_interval()
    second = TrainingRun(settings)
    second.load_state_dict(first.state_dict())
    assert second.progress == first.progress >= 1 / 3
    to_the_end(second)
    assert 0.3 <= second.training_seconds < 1.3


def test_a_budget_that_is_unknown_or_lacks_its_seconds_is_refused() -> None:
    with pytest.raises(UnknownNameError, match="epochs, gradient_evaluations, seconds"):
        TrainingRun(chosen(budget="hours"))
    with pytest.raises(ValueError, match="needs seconds"):
        TrainingRun(chosen(budget="seconds")).train_interval()
