"""What every method that takes classes must keep, on three of them; and who takes none."""

import math
from collections.abc import Mapping
from typing import Any

import pytest
import torch

from search_spaces import SPACES
from tests.trainables.methods.contract_values import OTHER, ends, needed
from tests.trainables.tiny import STEPS, TinyTrial, generator, of_classes
from trainables.errors import DataError
from trainables.hyperparameters import hyperparameters
from trainables.methods import METHODS

CLASSES = [name for name, method in METHODS.items() if "classes" in method.TARGETS]
OUTER = ("weighted_ce", "ldam", "focal", "balanced_softmax")
VARIANTS: list[tuple[str, dict[str, Any]]] = [
    *((name, {}) for name in CLASSES),
    *(("ct_ce", {"inner": inner}) for inner in ("looks_ahead", "exact")),
    *(("ct_ce", {"outer": outer}) for outer in ("ldam", "focal", "balanced_softmax")),
]
OF_LOSSES = {
    *("focal_alpha", "focal_gamma", "class_beta", "max_margin", "logit_scale", "reweight_from"),
    *("vs_gamma", "tau", "mixup_alpha", "mixup_draw", "outer", "inner", "inner_lr", "inner_steps"),
}
"""What classes change; all else is that of the optimizers."""
KNOBS = [
    (name, key) for name in CLASSES for key in hyperparameters(METHODS[name]) if key in OF_LOSSES
]


def tiny(name: str, *, seed: int = 0, steps: int = STEPS, **values: Any) -> TinyTrial:
    return TinyTrial(METHODS[name](**values), seed=seed, steps=steps, classes=True)


def ended(name: str, values: Mapping[str, Any]) -> torch.Tensor:
    trial = tiny(name, **values)
    trial.train(STEPS)
    return trial.weights()


def test_who_takes_classes() -> None:
    assert set(CLASSES) == {
        *("ce", "focal", "ce_mixup", "weighted_ce", "ldam_drw", "vector_scaling", "ct_ce")
    }
    for name, method in METHODS.items():
        if name in CLASSES:
            method().refuse_labels(10, classes=True)
            continue
        words = f"the task's 10 classes .long_tail., and {method.__name__} takes labels alone"
        with pytest.raises(DataError, match=words):
            method().refuse_labels(10, classes=True)
    with pytest.raises(DataError, match="positive_factor must be 1 for a task of 10 classes"):
        METHODS["weighted_ce"](positive_factor=2.0).refuse_labels(10, classes=True)  # type: ignore[call-arg]


@pytest.mark.parametrize(("name", "key"), KNOBS)
def test_no_hyperparameter_is_dead(name: str, key: str) -> None:
    default = hyperparameters(METHODS[name])[key].default
    if isinstance(default, bool):
        low, high = default, not default
    elif key in SPACES[name]:
        low, high = ends(SPACES[name][key].distribution)
    else:
        searched = [space[key].distribution for space in SPACES.values() if key in space]
        low, high = default, OTHER[key] if key in OTHER else ends(searched[0])[0]
    beside = needed(name, key)
    assert not torch.equal(ended(name, {**beside, key: low}), ended(name, {**beside, key: high}))


@pytest.mark.parametrize(("name", "params"), VARIANTS)
def test_save_and_load_continue_bit_for_bit(name: str, params: dict[str, Any]) -> None:
    through = tiny(name, **params)
    losses = through.train(STEPS)
    assert all(math.isfinite(loss) for loss in losses)
    for stop in (0, 7):
        first = tiny(name, **params)
        first.train(stop)
        second = tiny(name, seed=5, **params)
        second.train(2)  # its own past must leave no trace
        second.go_on_from(first)
        assert second.train(STEPS - stop, done=stop) == losses[stop:]
        assert torch.equal(second.weights(), through.weights())


@pytest.mark.parametrize(("name", "params"), VARIANTS)
def test_a_step_reads_nothing_of_the_host_and_leaves_its_state_in_its_place(
    name: str, params: dict[str, Any]
) -> None:
    trial = tiny(name, **params)
    trial.train(1)
    assert trial.out_of_place() is None


@pytest.mark.parametrize("name", CLASSES)
def test_training_finds_the_classes(name: str) -> None:
    trial = tiny(name, steps=60, lr=1.0)
    trial.train(60)
    images, targets = of_classes(generator(50), size=300)
    with trial.recipe.evaluating(), torch.no_grad():
        trial.model.eval()
        right = trial.model(images).argmax(1) == targets.argmax(1)
    assert float(right.float().mean()) > 0.75


def test_the_rare_class_is_found_by_those_that_mind_it() -> None:
    """Recall of the class of one image in ten, after few steps."""
    images, targets = of_classes(generator(50), size=1000)
    rare = targets[:, 2] == 1
    recall = {}
    for name in ("ce", "weighted_ce", "vector_scaling"):
        trial = tiny(name, steps=60, lr=0.3)
        trial.train(60)
        trial.model.eval()
        recall[name] = float((trial.model(images)[rare].argmax(1) == 2).float().mean())
    assert recall["weighted_ce"] > recall["ce"] + 0.05
    assert recall["vector_scaling"] > recall["ce"] + 0.05
