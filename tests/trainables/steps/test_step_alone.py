"""What lets the GPU run a step alone, held to on the CPU: no host, fixed places, fixed buffers."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from tests.trainables.host_reads import HostReadError, no_host_reads
from tests.trainables.tiny import TinyTrial, batch
from trainables.config import TrialConfig
from trainables.errors import UnknownNameError
from trainables.loop import TrainingRun
from trainables.methods import METHODS
from trainables.steps.fixed_state import changed, snapshot
from trainables.steps.pace import AHEAD, Pace

CPU, GPU = torch.device("cpu"), torch.device("cuda")

VARIANTS: list[tuple[str, dict[str, Any]]] = [
    *((name, {}) for name in METHODS),
    ("two_stage", {"pretrain_optimizer": "adam"}),
    ("auc_m", {"momentum": 0.9, "clip": 1.0}),
    ("auc_m", {"prior": "free", "score_map": "bsn"}),
    ("ce", {"momentum": 0.9}),
    ("ct_auc", {"inner_steps": 2, "second_moment": "amsgrad"}),
    ("auc_mixup", {"mixup_draw": "sample", "mixup_variance": "hard"}),
    ("pairwise", {"surrogate": "logistic", "score_map": "bsn"}),
    ("ce", {"optimizer": "sam", "momentum": 0.9}),
    ("sopa", {"optimizer": "sam"}),
    ("auc_m", {"optimizer": "sam"}),
    ("auc_m", {"optimizer": "adamw", "clip": 1.0}),
]


def run(method: str, **changes: Any) -> TrainingRun:
    fields: dict[str, Any] = {
        "method": method,
        "dataset": "digits",
        "model": "small_cnn",
        "imratio": 0.1,
        "epochs": 1,
        "batch_size": 64,
        "intervals": 1,
        "data_root": "data",
        "data_seed": 1,
        "init_seed": 2,
        "order_seed": 3,
        "augmentation": "crop_flip",
    }
    return TrainingRun(TrialConfig(**{**fields, **changes}))


def weights(of: TrainingRun) -> Tensor:
    return torch.cat([each.flatten().double() for each in of._model.state_dict().values()])


@pytest.mark.parametrize(("method", "params"), VARIANTS)
def test_steps_through_the_buffers_are_those_of_the_recipe(
    method: str, params: dict[str, Any]
) -> None:
    """As a loop without buffers does them: draw, gather, step."""
    ours, plain = run(method, params=params), run(method, params=params)
    losses = [ours.train_step().item() for _ in range(ours.steps)]
    expected = []
    recipe = plain._recipe
    for done in range(plain.steps):
        recipe.advance(done / plain.steps)
        drawn = [sampler.draw() for sampler in plain._samplers[: recipe.batches]]
        expected.append(
            recipe.step(
                [plain._inputs.augmented(each, plain._inputs.pixels(each)) for each in drawn]
            ).item()
        )
    assert losses == expected
    assert torch.equal(weights(ours), weights(plain))
    assert ours.gradient_evaluations == plain.gradient_evaluations
    assert ours.images == 64 * recipe.batches * ours.steps
    total = torch.zeros(())
    for loss in losses:
        total += loss
    assert torch.equal(ours._losses, total)


@pytest.mark.parametrize(("method", "params"), VARIANTS)
def test_a_step_reads_nothing_of_the_host(method: str, params: dict[str, Any]) -> None:
    """The whole one: gather, augmentation, mixup, forward, backward, optimizer, sum of losses."""
    trial = run(method, params=params)
    stages = len(trial._recipe._stages)
    for stage in range(stages):
        trial._recipe._enter(stage)
        trial.train_step()  # the first one makes the optimizer's state
        with no_host_reads():
            trial._step()


@pytest.mark.parametrize(("method", "params"), VARIANTS)
def test_a_step_leaves_its_state_in_its_place(method: str, params: dict[str, Any]) -> None:
    trial = TinyTrial(METHODS[method](**params))

    def now() -> dict[str, Any]:
        return snapshot([trial.model.state_dict(), trial.recipe.update.state_dict()], CPU)

    for stage in range(len(trial.recipe._stages)):
        trial.recipe._enter(stage)
        update = trial.recipe.update
        for _ in range(2):
            trial.recipe.step([batch(trial.draws) for _ in range(trial.recipe.batches)])
        before = now()
        trial.recipe.step([batch(trial.draws) for _ in range(trial.recipe.batches)])
        assert changed(before, now()) is None
        update.decay()
        assert changed(before, now()) is None
        assert trial.recipe.update is update


READS: dict[str, Callable[[Tensor], object]] = {
    "item": lambda x: x[0].item(),
    "float": lambda x: float(x[0]),
    "int": lambda x: int(x[0]),
    "truth": lambda x: 1 if x[0] > 0 else 0,
    "cpu": lambda x: x.cpu(),
    "numpy": lambda x: x.numpy(),
    "tolist": lambda x: x.tolist(),
    "array": lambda x: np.asarray(x),
    "nonzero": lambda x: x.nonzero(),
    "where": lambda x: torch.where(x > 0),
    "mask": lambda x: x[x > 0],
    "mask written": lambda x: x.clone().index_put_((x > 0,), torch.ones(())),
    "masked_select": lambda x: x.masked_select(x > 0),
    "unique": lambda x: x.unique(),
    "bincount": lambda x: x.long().abs().bincount(),
    "repeat_interleave": lambda x: x.repeat_interleave(torch.ones(3, dtype=torch.int64)),
    "equal": lambda x: torch.equal(x, x.clone()),
    "allclose": lambda x: torch.allclose(x, x.clone()),
    "is_nonzero": lambda x: torch.is_nonzero(x[0]),
    "another device": lambda x: x.to("meta"),
    "tensor": lambda x: x + torch.tensor(1.0),
    "new_tensor": lambda x: x + x.new_tensor([1.0]),
    "a Python scalar of a tensor": lambda x: x * x.sum().item(),
}


@pytest.mark.parametrize("read", READS)
def test_the_guard_catches(read: str) -> None:
    values = torch.tensor([1.0, -2.0, 3.0])
    READS[read](values)
    with pytest.raises(HostReadError), no_host_reads():
        READS[read](values)


def test_the_guard_catches_in_the_backward_pass() -> None:
    values = torch.ones(2, requires_grad=True)
    values.register_hook(lambda gradient: gradient * gradient.sum().item())
    with pytest.raises(HostReadError), no_host_reads():
        (values * 2).sum().backward()


def test_what_a_replay_would_not_change_is_found() -> None:
    tensor = torch.zeros(2)
    state: dict[str, Any] = {"a": [tensor, {"steps": 1}], "b": None}
    before = snapshot(state, CPU)
    tensor.add_(1)
    assert changed(before, snapshot(state, CPU)) is None
    assert changed(snapshot({"a": tensor}, GPU), snapshot({"a": tensor}, GPU)) is None
    seen = snapshot({"a": tensor}, GPU)
    tensor.add_(1)  # on the host, for a step on a GPU
    assert changed(seen, snapshot({"a": tensor}, GPU)) == "a"
    state["a"][1]["steps"] = 2
    assert changed(before, snapshot(state, CPU)) == "a.1.steps"
    state["a"][1]["steps"] = 1
    state["a"][0] = tensor + 1
    assert changed(before, snapshot(state, CPU)) == "a.0"
    assert changed(before, {}) == "a.0"
    assert changed({}, before) == "a.0"


def test_a_cpu_is_eager() -> None:
    assert run("ce").execution == run("ce", execution="eager").execution == "eager"
    with pytest.raises(ValueError, match="CUDA"):
        run("ce", execution="graph")
    with pytest.raises(UnknownNameError, match="auto, graph, eager"):
        run("ce", execution="fast")


def test_pace_does_nothing_on_a_cpu() -> None:
    pace = Pace(CPU)
    for _ in range(2 * AHEAD):
        pace.step()
