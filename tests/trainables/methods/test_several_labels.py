"""What every method that takes several labels must keep, on three of them, some missing."""

import math
from typing import Any

import pytest
import torch

from tests.trainables.methods.contract_values import SHORT
from tests.trainables.steps.test_step_alone import VARIANTS
from tests.trainables.tiny import STEPS, TinyTrial, generator, of_labels
from trainables.errors import DataError
from trainables.hyperparameters import hyperparameters
from trainables.methods import METHODS
from trainables.metrics import auroc

CPU = torch.device("cpu")

SEVERAL = [name for name, method in METHODS.items() if "multi-label" in method.TARGETS]
OF_SEVERAL = [(name, params) for name, params in VARIANTS if name in SEVERAL]


def tiny(name: str, seed: int = 0, steps: int = STEPS, **values: Any) -> TinyTrial:
    method = METHODS[name](**{**SHORT.get(name, {}), **values})
    return TinyTrial(method, labels=3, seed=seed, steps=steps)


HARD = {"focal", "ct_ce", "pairwise", "soap", "sopa", "sopa_s", "sota_s", "asymmetric"}
"""Their formulas know labels of 0 and 1 alone."""


def test_all_take_several_labels_and_most_those_that_are_uncertain() -> None:
    assert set(METHODS) == set(SEVERAL)
    for name, method in METHODS.items():
        method().refuse_labels(3)
        if name not in HARD:
            method().refuse_labels(3, soft=True)
            continue
        with pytest.raises(DataError, match=f"^{method.__name__} takes labels of 0 and 1, and the"):
            method().refuse_labels(3, soft=True)


@pytest.mark.parametrize(("name", "params"), OF_SEVERAL)
def test_losses_and_weights_stay_finite(name: str, params: dict[str, Any]) -> None:
    trial = tiny(name, **params)
    assert all(math.isfinite(loss) for loss in trial.train(STEPS))
    assert bool(torch.isfinite(trial.weights()).all())


@pytest.mark.parametrize("name", SEVERAL)
def test_a_batch_of_which_nothing_is_known_stays_finite(name: str) -> None:
    trial = tiny(name)
    batches = trial.drawn()
    for each in batches:
        each.targets.fill_(math.nan)
    assert float(trial.recipe.step(batches)) == 0
    assert bool(torch.isfinite(trial.weights()).all())


@pytest.mark.parametrize("stop", [0, 1, 6, 7, 10])
@pytest.mark.parametrize("name", SEVERAL)
def test_save_and_load_continue_bit_for_bit(name: str, stop: int) -> None:
    through = tiny(name)
    losses = through.train(STEPS)
    first = tiny(name)
    first.train(stop)
    second = tiny(name, seed=5)
    second.train(2)  # its own past must leave no trace
    second.go_on_from(first)
    assert second.train(STEPS - stop, done=stop) == losses[stop:]
    assert torch.equal(second.weights(), through.weights())


@pytest.mark.parametrize(("name", "params"), OF_SEVERAL)
def test_a_step_reads_nothing_of_the_host_and_leaves_its_state_in_its_place(
    name: str, params: dict[str, Any]
) -> None:
    trial = tiny(name, **params)
    for stage in range(len(trial.recipe._stages)):
        trial.recipe._enter(stage)
        assert trial.out_of_place() is None


@pytest.mark.parametrize("name", SEVERAL)
def test_training_ranks_the_labels(name: str) -> None:
    """But for the last: of two mixed images one in a hundred has it."""
    known = hyperparameters(METHODS[name])
    rates: dict[str, Any] = {key: 1.0 for key in ("lr", "head_lr") if key in known}
    trial = tiny(name, steps=200, **rates)
    trial.train(200)
    images, targets = of_labels(generator(50), size=400, missing=False)
    with trial.recipe.evaluating(), torch.no_grad():
        trial.model.eval()
        logits = trial.model(images)
    for label in range(2):
        assert auroc(logits[:, label], targets[:, label]) > 0.85


@pytest.mark.parametrize("name", ["auc_m", "auc_s", "auc_ce", "auc_mixup"])
def test_a_labels_alpha_moves_as_if_it_were_alone(name: str) -> None:
    """With the network's head row as the head of one label, in the first step."""
    values = {"mixup_alpha": 0} if name == "auc_mixup" else {}
    images, targets = of_labels(generator(7), missing=False)
    together = tiny(name, **values)
    moved = []
    for label in range(3):
        alone = TinyTrial(METHODS[name](**values))
        with torch.no_grad():
            alone.model.head.weight.copy_(together.model.head.weight[label : label + 1])
            alone.model.head.bias.copy_(together.model.head.bias[label : label + 1])
        alone.recipe.step([together.drawn()[0]._replace(images=images, targets=targets[:, label])])
        moved.append(_alpha(alone))
    together.recipe.step([together.drawn()[0]._replace(images=images, targets=targets)])
    torch.testing.assert_close(_alpha(together), torch.stack(moved))
    assert bool((_alpha(together) > 0).all())


@pytest.mark.parametrize(("dual_lr", "rate"), [(None, 0.3), (0.5, 1.5)])
def test_so_does_that_of_compositional_training(dual_lr: float | None, rate: float) -> None:
    for name in ("ct_auc", "ct_mixup"):
        trial = tiny(name, dual_lr=dual_lr)
        trial.train(1)
        groups = trial.recipe.state_dict()["update"]["optimizer"]["param_groups"]
        assert float(groups[1]["lr"]) == pytest.approx(rate)


def _alpha(trial: TinyTrial) -> torch.Tensor:
    losses = trial.recipe.state_dict()["update"]["loss"]
    return next(value for key, value in losses.items() if key.endswith("alpha")).clone()
