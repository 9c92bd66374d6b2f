"""What every method must keep: newcomers in METHODS and SPACES inherit these tests."""

import math
from dataclasses import FrozenInstanceError
from itertools import combinations, product
from typing import Any

import pytest
import torch

from search_spaces import SPACES
from tests.trainables.methods.contract_values import (
    OBSERVES,
    OPTIMIZERS,
    OTHER,
    SHORT,
    ends,
    needed,
)
from tests.trainables.tiny import STEPS, TinyTrial, batch, generator
from trainables.errors import DataError
from trainables.hyperparameters import hyperparameters
from trainables.methods import METHODS
from trainables.optimizers.pdsca import INNER

TUNED = [(name, key) for name, space in SPACES.items() for key in space]
ALL = [(name, key) for name, kind in METHODS.items() for key in hyperparameters(kind)]


def final_weights(name: str, **values: Any) -> torch.Tensor:
    trial = TinyTrial(METHODS[name](**{**SHORT.get(name, {}), **values}))
    trial.train(STEPS)
    return trial.weights()


def test_methods_and_spaces_have_the_same_names() -> None:
    assert set(METHODS) == set(SPACES)


@pytest.mark.parametrize("name", METHODS)
def test_a_method_is_frozen_and_explains_its_hyperparameters(name: str) -> None:
    method = METHODS[name]()
    with pytest.raises(FrozenInstanceError):
        method.lr = 0.5  # type: ignore[attr-defined]
    for each in hyperparameters(METHODS[name]).values():
        assert each.help
        assert each.source
        each.check(each.default)
        if each.before is not None:
            each.check(each.before)


@pytest.mark.parametrize(("name", "key"), TUNED)
def test_a_tuned_name_is_a_field_and_its_range_is_allowed(name: str, key: str) -> None:
    known = hyperparameters(METHODS[name])
    assert key in known
    low, high = ends(SPACES[name][key].distribution)
    assert low <= known[key].default <= high
    for value in (low, high, *SPACES[name][key].grid):
        known[key].check(value)


@pytest.mark.parametrize(("name", "key"), ALL)
def test_a_value_outside_its_domain_is_refused(name: str, key: str) -> None:
    with pytest.raises(ValueError, match=f"^{key} must be "):
        METHODS[name](**{key: "nonsense"})


@pytest.mark.parametrize(("name", "key"), TUNED)
def test_no_tuned_hyperparameter_is_dead(name: str, key: str) -> None:
    low, high = ends(SPACES[name][key].distribution)
    assert not torch.equal(final_weights(name, **{key: low}), final_weights(name, **{key: high}))


UNTUNED = [(name, key) for name, key in ALL if key not in SPACES[name] and key not in OBSERVES]


@pytest.mark.parametrize(("name", "key"), UNTUNED)
def test_no_other_hyperparameter_is_dead(name: str, key: str) -> None:
    beside = needed(name, key)
    assert not torch.equal(
        final_weights(name, **beside), final_weights(name, **{**beside, key: _other(name, key)})
    )


def _other(name: str, key: str) -> Any:
    """A value that is not the default."""
    default = hyperparameters(METHODS[name])[key].default
    if isinstance(default, bool):
        return not default
    if key in OTHER:
        return OTHER[key]
    of_others = [space[key].distribution for space in SPACES.values() if key in space]
    assert of_others, f"{key} is not searched: add a value to contract_values.OTHER."
    return ends(of_others[0])[0]


GOVERNED = [
    (name, key, k)
    for name, key in ALL
    for known in [hyperparameters(METHODS[name])]
    for k in known[key].only_with or {}
    if k in known
]


@pytest.mark.parametrize(("name", "key", "governor"), GOVERNED)
def test_it_acts_with_each_choice_that_it_names_and_with_no_other(
    name: str, key: str, governor: str
) -> None:
    """Other governors, where a method has two, are words with which it does nothing."""
    known = hyperparameters(METHODS[name])
    with_what = known[key].only_with or {}
    assert {*with_what[governor]} & {*known[governor].choices}
    without = {
        k: next(word for word in known[k].choices if word not in values)
        for k, values in with_what.items()
        if k in known
    }
    for word in known[governor].choices:
        try:
            METHODS[name](**{governor: word}).refuse_images(1)  # the tiny model's are vectors
        except DataError:
            continue
        values = {**needed(name, key), **without, governor: word}
        same = torch.equal(
            final_weights(name, **values), final_weights(name, **{**values, key: _other(name, key)})
        )
        assert same != (word in with_what[governor]), f"{key} beside {governor} {word}"


@pytest.mark.parametrize("k", [1, 2])
@pytest.mark.parametrize("name", ["ct_auc", "ct_mixup"])
def test_the_readings_of_compositional_training_all_differ(name: str, k: int) -> None:
    weights = [final_weights(name, inner=inner, inner_steps=k) for inner in INNER]
    for left, right in combinations(weights, 2):
        assert not torch.equal(left, right)


@pytest.mark.parametrize("name", METHODS)
def test_the_corners_of_the_space_stay_finite(name: str) -> None:
    space = SPACES[name]
    corners = list(product(*(ends(each.distribution) for each in space.values())))
    # Of many, every fifth or so: an odd stride still turns every hyperparameter both ways.
    for corner in corners[:: len(corners) // 50 | 1]:
        trial = TinyTrial(METHODS[name](**dict(zip(space, corner, strict=True))), steps=4)
        assert all(math.isfinite(loss) for loss in trial.train(4))
        assert bool(torch.isfinite(trial.weights()).all())


@pytest.mark.parametrize("positives", [0, 16])
@pytest.mark.parametrize("name", METHODS)
def test_batches_of_one_class_stay_finite(name: str, positives: int) -> None:
    for values in ({}, {"prior": "batch"}, {"prior": "free"}):
        if values.get("prior", "dataset") not in ("dataset", *_words(name)):
            continue
        trial = TinyTrial(METHODS[name](**values), positives=positives)
        assert all(math.isfinite(loss) for loss in trial.train(STEPS))
        assert bool(torch.isfinite(trial.weights()).all())


def _words(name: str) -> tuple[str, ...]:
    known = hyperparameters(METHODS[name])
    return known["prior"].choices if "prior" in known else ()


@pytest.mark.parametrize("stop", [0, 1, 6, 7, 10])
@pytest.mark.parametrize(("name", "values"), [*((name, {}) for name in METHODS), *OPTIMIZERS])
def test_save_and_load_continue_bit_for_bit(name: str, values: dict[str, Any], stop: int) -> None:
    """Decays and stages end at steps 6 and 9 of 12; a file in between, loaded with weights_only."""
    method = METHODS[name](**{**SHORT.get(name, {}), **values})
    through = TinyTrial(method)
    losses = through.train(STEPS)

    first = TinyTrial(method)
    first.train(stop)

    second = TinyTrial(method, seed=5)
    second.train(2)  # its own past must leave no trace
    second.go_on_from(first)

    assert second.recipe.gradient_evaluations == first.recipe.gradient_evaluations
    assert second.train(STEPS - stop, done=stop) == losses[stop:]
    assert torch.equal(second.weights(), through.weights())
    assert second.recipe.gradient_evaluations == through.recipe.gradient_evaluations


@pytest.mark.parametrize("name", METHODS)
def test_the_same_seeds_give_the_same_run(name: str) -> None:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(123)  # the global generator has no part in it
        first = final_weights(name)
    assert torch.equal(first, final_weights(name))


@pytest.mark.parametrize("name", METHODS)
def test_a_step_gives_its_loss_on_the_device_and_counts_its_images(name: str) -> None:
    trial = TinyTrial(METHODS[name]())
    assert trial.recipe.batches in (1, 2)
    batches = [batch(trial.draws) for _ in range(trial.recipe.batches)]
    loss = trial.recipe.step(batches)
    assert loss.shape == ()
    assert not loss.requires_grad
    assert trial.recipe.gradient_evaluations == 16 * trial.recipe.batches


@pytest.mark.parametrize("name", METHODS)
def test_training_separates_the_classes(name: str) -> None:
    """The mean logit of fresh positives rises above that of the negatives."""
    known = hyperparameters(METHODS[name])
    method = METHODS[name](**{key: 1.0 for key in ("lr", "head_lr") if key in known})
    trial = TinyTrial(method, steps=120)
    trial.train(120)
    images, targets = batch(generator(50), size=400, positives=200)
    with trial.recipe.evaluating(), torch.no_grad():
        trial.model.eval()
        logits = trial.model(images)
    assert logits[targets == 1].mean() > logits[targets == 0].mean() + 0.5


def test_compositional_training_counts_every_inner_step() -> None:
    """k passes of S1 and one of S2."""
    for name, k in product(("ct_auc", "ct_mixup"), (1, 2, 3)):
        trial = TinyTrial(METHODS[name](inner_steps=k))  # type: ignore[call-arg]
        trial.recipe.step([batch(trial.draws, size=8), batch(trial.draws, size=12)])
        assert trial.recipe.gradient_evaluations == 8 * k + 12
    exact = TinyTrial(METHODS["ct_auc"](inner="exact", inner_steps=2))  # type: ignore[call-arg]
    exact.train(1)
    assert exact.recipe.gradient_evaluations == 7 * 16  # a Hessian-vector product counts twice
    trial = TinyTrial(METHODS["ct_auc"](inner_steps=2, same_batch=True))  # type: ignore[call-arg]
    assert trial.recipe.batches == 1
    trial.train(1)
    assert trial.recipe.gradient_evaluations == 3 * 16


def test_mixup_alpha_0_is_prior_free_auc_m() -> None:
    """Without mixup AUC-mixup trains as prior-free AUC-M does, bit for bit."""
    mixup = final_weights("auc_mixup", mixup_alpha=0)
    assert torch.equal(mixup, final_weights("auc_m", prior="free"))
