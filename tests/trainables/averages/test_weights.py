"""Averages of weights against plain formulas, with stages, resumed, and their BatchNorm."""

import math
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.optim.swa_utils import update_bn

from tests.trainables.averages.networks import with_dropout
from tests.trainables.host_reads import no_host_reads
from tests.trainables.test_loop import config, timeless, to_the_end
from trainables.averages.statistics import batches
from trainables.checkpoint import load_checkpoint, save_checkpoint
from trainables.loop import TrainingRun

DROPOUT = f"{with_dropout.__module__}:{with_dropout.__name__}"


def started(**changes: Any) -> TrainingRun:
    """A trial on the small network with dropout and BatchNorm."""
    fields: dict[str, Any] = {
        "method": "ce",
        "params": {"lr": 0.5},
        "epochs": 2,
        "intervals": 2,
        "model": DROPOUT,
    }
    return TrainingRun(config(**{**fields, **changes}))


def parameters(run: TrainingRun) -> Tensor:
    return torch.cat([each.detach().double().flatten() for each in run._model.parameters()])


def met(run: TrainingRun) -> Iterator[Tensor]:
    """After each step of the rest of the trial, what its method evaluates; float64."""
    weights: list[Tensor] = []

    def look() -> None:
        with run._recipe.evaluating():
            weights.append(parameters(run))

    while not run.finished:
        run.train_interval(look)
    yield from weights


def average(run: TrainingRun) -> Tensor:
    """What is evaluated."""
    with run._evaluated.lent(run._recipe):
        return parameters(run)


def moving(weights: list[Tensor], decay: float) -> Tensor:
    """sum_i decay^(t-i) w_i over the sum of these factors."""
    total, factors = torch.zeros_like(weights[0]), 0.0
    for each in weights:
        total, factors = decay * total + each, decay * factors + 1
    return total / factors


@pytest.mark.parametrize("decay", [0.5, 0.99])
def test_ema_is_the_plain_recursion(decay: float) -> None:
    run = started(evaluation={"ema": decay})
    expected = moving([*met(run)], decay)
    np.testing.assert_allclose(average(run), expected, rtol=1e-4, atol=1e-6)
    assert (parameters(run) - expected).abs().max() > 1e-4


@pytest.mark.parametrize("share", [0.25, 1.0])
def test_swa_is_the_plain_mean_of_the_last_steps(share: float) -> None:
    run = started(evaluation={"swa": share})
    weights = [*met(run)]
    first = math.ceil((1 - share) * len(weights))
    expected = torch.stack(weights[first:]).mean(0)
    np.testing.assert_allclose(average(run), expected, rtol=1e-4, atol=1e-6)


def test_until_swa_begins_the_weights_are_validated_as_they_are() -> None:
    plain, averaged = (
        started(epochs=4, intervals=4),
        started(epochs=4, intervals=4, evaluation={"swa": 0.25}),
    )
    one, other = to_the_end(plain), to_the_end(averaged)
    assert one[:3] == other[:3]
    assert one[3]["loss"] == other[3]["loss"]
    assert one[3]["val_auroc"] != other[3]["val_auroc"]
    np.testing.assert_array_equal(plain.test()["scores"], averaged.test()["plain_scores"])


@pytest.mark.parametrize("inner", ["moves", "looks_ahead"])
def test_of_a_method_that_evaluates_u_the_average_is_of_u(inner: str) -> None:
    run = started(
        method="ct_auc", params={"evaluate": "u", "inner": inner}, evaluation={"ema": 0.9}
    )
    expected = moving([*met(run)], 0.9)
    np.testing.assert_allclose(average(run), expected, rtol=1e-4, atol=1e-6)


def test_the_average_begins_anew_with_a_stage() -> None:
    run = started(method="two_stage", params={}, epochs=4, evaluation={"ema": 0.99})
    weights = [*met(run)]
    second = weights[len(weights) // 2 :]
    np.testing.assert_allclose(average(run), moving(second, 0.99), rtol=1e-4, atol=1e-6)


def test_where_the_head_alone_is_trained_features_and_statistics_stay() -> None:
    run = started(method="ts_dec", params={"head_share": 0.5}, evaluation={"ema": 0.9})
    to_the_end(run)
    before = deepcopy(run._model.features.state_dict())
    head = run._model.head.weight.clone()
    with run._evaluated.lent(run._recipe):
        for name, each in run._model.features.state_dict().items():
            assert torch.equal(each, before[name]), name
        assert not torch.equal(run._model.head.weight, head)
    assert torch.equal(run._model.head.weight, head)


@pytest.mark.parametrize("positive_rate", [None, 0.5])
def test_statistics_are_those_of_a_direct_pass(positive_rate: float | None) -> None:
    """torch's own update_bn, on a copy of the averaged network."""
    run = started(model="small_cnn", evaluation={"ema": 0.9}, positive_rate=positive_rate)
    to_the_end(run)
    trained = deepcopy(run._model.state_dict())
    momenta = [getattr(each, "momentum", None) for each in run._model.modules()]
    given = [batch.images for batch in batches(run.config, run._task, run.batch_size)]
    assert len(given) == run._samplers[0].steps_per_epoch
    with run._evaluated.lent(run._recipe):
        found = run._model.state_dict()
        direct = deepcopy(run._model)
        update_bn(given, direct)
        for name, each in direct.state_dict().items():
            np.testing.assert_allclose(found[name], each, rtol=1e-5, atol=1e-6, err_msg=name)
        assert any(not torch.equal(found[name], trained[name]) for name in found)
    for name, each in run._model.state_dict().items():
        assert torch.equal(each, trained[name]), name
    assert momenta == [getattr(each, "momentum", None) for each in run._model.modules()]
    assert all(each.training for each in run._model.modules())


def test_frozen_layers_keep_their_weights_and_statistics() -> None:
    run = started(
        model="small_cnn", network={"freeze": "4"}, evaluation={"ema": 0.9}, augmentation="flip"
    )
    to_the_end(run)
    before = deepcopy(run._model.state_dict())
    frozen = [name for name in before if name.split(".")[1] in "0123"]
    assert any("running_mean" in name for name in frozen)
    with run._evaluated.lent(run._recipe):
        now = run._model.state_dict()
        assert all(torch.equal(now[name], before[name]) for name in frozen)
        moved = [name for name in before if "running_mean" in name and name not in frozen]
        assert all(not torch.equal(now[name], before[name]) for name in moved)


def test_a_pass_for_statistics_draws_nothing_and_compiles_nothing() -> None:
    run = started(evaluation={"ema": 0.9})
    to_the_end(run)
    sizes = frozenset({run.batch_size})
    run._model.compiled_for = sizes
    seen: list[tuple[frozenset[int], bool]] = []
    dropout = run._model.features.get_submodule("2")
    dropout.register_forward_hook(
        lambda layer, given, out: seen.append(
            (run._model.compiled_for, torch.equal(given[0], out) and not layer.training)
        )
    )
    torch.manual_seed(0)
    before = torch.get_rng_state()
    with run._evaluated.lent(run._recipe):
        assert torch.equal(torch.get_rng_state(), before)
    assert seen
    assert set(seen) == {(frozenset(), True)}
    assert run._model.compiled_for == sizes


@pytest.mark.parametrize(
    ("method", "evaluation"),
    [
        ("auc_m", {"ema": 0.9, "tta": 3}),
        ("two_stage", {"swa": 0.6}),
        ("ct_auc", {"ema": 0.9}),
        ("ct_auc", {"best": True}),
        ("two_stage", {"swa": 0.6, "best": True}),
    ],
)
def test_saved_in_the_middle_of_an_interval_it_goes_on_bit_for_bit(
    method: str, evaluation: dict[str, float], tmp_path: Path
) -> None:
    chosen = {"method": method, "params": {}, "evaluation": evaluation}
    through = started(**chosen)
    whole = to_the_end(through)

    first, file = started(**chosen), tmp_path / "c.pt"

    def save() -> None:
        if first.step == round(0.7 * through.step):
            save_checkpoint(file, first.state_dict())

    while not first.finished:
        first.train_interval(save)
    second = started(**chosen)
    state = load_checkpoint(file, "cpu")
    assert state is not None
    second.load_state_dict(state)
    assert to_the_end(second) == whole
    tested, expected = second.test(), through.test()
    for key in expected:
        np.testing.assert_array_equal(tested[key], expected[key], err_msg=key)


def test_a_checkpoint_of_a_version_without_averages_is_taken() -> None:
    run, other = started(), started()
    run.train_interval()
    state = {key: value for key, value in run.state_dict().items() if key != "evaluated"}
    other.load_state_dict(state)
    assert to_the_end(other) == to_the_end(run)


def test_a_step_with_an_average_reads_nothing_of_the_host() -> None:
    run = started(evaluation={"ema": 0.9})
    run.train_step()
    with no_host_reads():
        run._evaluated.take(0.5, run._recipe)


def test_a_run_with_an_average_trains_as_one_without() -> None:
    plain, averaged = started(), started(evaluation={"ema": 0.9})
    one, other = to_the_end(plain), to_the_end(averaged)
    assert [point["loss"] for point in one] == [point["loss"] for point in other]
    assert torch.equal(parameters(plain), parameters(averaged))
    assert timeless(plain.curve) == one
