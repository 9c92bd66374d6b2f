"""The same trial eager and as a CUDA graph, and what is left of a difference."""

import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, NamedTuple

import torch
from torch import Tensor

from tests.gpu.own_methods import OWN
from tests.gpu.precision import tf32_everywhere, tf32_is_allowed
from trainables.config import TrialConfig
from trainables.loop import TrainingRun
from trainables.methods import METHODS

__all__ = [
    "CASES",
    "Case",
    "Trained",
    "bit_for_bit",
    "check_alike",
    "check_captured",
    "check_precision",
    "check_refused",
    "config",
    "distance",
    "fallback",
    "resumed",
    "train",
]


class Case(NamedTuple):
    """A trial of some 40 to 60 steps, over decays and stages."""

    label: str
    changes: dict[str, Any]


DIGITS = {"dataset": "digits", "model": "small_cnn", "batch_size": 64, "epochs": 4}
CIFAR = {
    "dataset": "tests.benchmarks.bench.work:random_cifar",
    "model": "resnet20",
    "batch_size": 512,
    "epochs": 1,
}
LABELS = {
    "dataset": "tests.trainables.three_labels:read",
    "imratio": None,
    "model": "small_cnn",
    "batch_size": 64,
    "epochs": 12,
}
METADATA = {"dataset": "tests.trainables.metadata:read", "batch_size": 16, "epochs": 8}
DROPPING = "tests.trainables.steps.test_own_draws:dropping"
RATES = {"head_lr_factor": 4.0, "layer_lr_decay": 0.5}
LONGER_STAGE = {"ts_dec": {"head_share": 0.3}}

CASES = [
    *(
        Case(name, {**DIGITS, "method": name, "params": LONGER_STAGE.get(name, {})})
        for name in METHODS
    ),
    Case(
        "two_stage, adam",
        {
            **DIGITS,
            "method": "two_stage",
            "params": {"pretrain_optimizer": "adam", "pretrain_lr": 1e-3},
        },
    ),
    Case(
        "ct_auc, k = 2, adam, u",
        {
            **DIGITS,
            "method": "ct_auc",
            "params": {"inner_steps": 2, "second_moment": "adam", "evaluate": "u"},
        },
    ),
    *(
        Case(
            f"{name}, {optimizer}",
            {**DIGITS, "method": name, "params": {"optimizer": optimizer, **params}},
        )
        for name, optimizer, params in (
            ("ce", "adamw", {"lr": 1e-3}),
            ("ce", "sam", {"momentum": 0.9}),
            ("sopa", "sam", {}),
            ("auc_m", "adam", {"lr": 1e-3, "clip": 1.0}),
            ("auc_m", "sam", {}),
        )
    ),
    Case("auc_m, momentum", {**DIGITS, "method": "auc_m", "params": {"momentum": 0.9}}),
    Case("auc_m, half positive", {**DIGITS, "method": "auc_m", "positive_rate": 0.5}),
    *(
        Case(f"{name}, three labels", {**LABELS, "method": name, "params": params})
        for name, params in (
            ("ce_tuned", {"class_balance": 0.5}),
            ("auc_m", {"score_map": "bsn"}),
            ("ct_auc", {}),
            ("auc_mixup", {}),
        )
    ),
    *(
        Case(f"{name}, {words}", {**METADATA, "method": name, "model": model, "network": network})
        for name in ("ce", "ct_auc", "auc_mixup")
        for words, model, network in (
            ("metadata", "metadata", {}),
            ("a branch beside", "small_cnn", {"branch": "joint"}),
            ("a branch after", "small_cnn", {"branch": "after", "branch_from": 0.5}),
        )
    ),
    *(
        Case(f"{name}, dropout", {**DIGITS, "method": name, "model": DROPPING})
        for name in ("ce", "ct_auc", "two_stage")
    ),
    *(
        Case(f"{name}, layers at other rates", {**DIGITS, "method": name, "network": RATES})
        for name in ("ce", "auc_m", "ct_auc")
    ),
    Case("auc_m, efficientnet_b0", {**CIFAR, "method": "auc_m", "model": "efficientnet_b0"}),
    Case("auc_m, ema", {**DIGITS, "method": "auc_m", "evaluation": {"ema": 0.9}}),
    Case("two_stage, swa", {**DIGITS, "method": "two_stage", "evaluation": {"swa": 0.6}}),
    Case(
        "ct_auc, u, ema",
        {
            **DIGITS,
            "method": "ct_auc",
            "params": {"evaluate": "u"},
            "evaluation": {"ema": 0.9},
        },
    ),
    Case("auc_mixup, diagnostics", {**DIGITS, "method": "auc_mixup", "diagnostics": True}),
    Case("auc_m, bf16", {**DIGITS, "method": "auc_m", "precision": "bf16"}),
    Case(
        "auc_m, bf16, channels_last, resnet20",
        {**CIFAR, "method": "auc_m", "precision": "bf16", "channels_last": True},
    ),
    Case("auc_m, tf32, resnet20", {**CIFAR, "method": "auc_m", "precision": "tf32"}),
    *(
        Case(f"{name}, resnet20", {**CIFAR, "method": name})
        for name in ("ce", "auc_m", "ct_auc", "auc_mixup", "two_stage")
    ),
]


def config(execution: str, **changes: Any) -> TrialConfig:
    """Of a trial on the GPU."""
    fields: dict[str, Any] = {
        "imratio": 0.1,
        "intervals": 3,
        "data_root": "unused",
        "data_seed": 1,
        "init_seed": 2,
        "order_seed": 3,
        "augmentation": "crop_flip",
        "device": "cuda",
        "execution": execution,
    }
    return TrialConfig(**{**fields, **changes})


@dataclass(frozen=True, eq=False)
class Trained:
    """What a trial leaves.

    Attributes:
        tensors: by name: "losses" of every step, the "state" of model and update, "scores".
        generators: the states of all generators at the end.
        counts: steps, images and gradient evaluations.
        ways: how its steps were run, one entry a change.
        stages: how many the method has.
    """

    tensors: dict[str, Tensor]
    generators: Tensor
    counts: tuple[int, int, int]
    ways: list[str]
    stages: int


def train(run: TrainingRun, losses: list[Tensor] | None = None) -> Trained:
    """Train to the end; ``losses``: of the steps before."""
    losses = [] if losses is None else losses
    ways: list[str] = []

    def note() -> None:
        losses.append(run._loss.clone())
        if [run.execution] != ways[-1:]:
            ways.append(run.execution)

    while not run.finished:
        run.train_interval(note)
    state = run.state_dict()
    tensors = {
        "losses": torch.stack(losses),
        "state": torch.cat(list(_floats([state["model"], state["recipe"]]))),
        "scores": torch.from_numpy(run.test()["scores"]),
        "curve": torch.tensor([[each["val_auroc"], each["loss"]] for each in run.curve]),
    }
    generators = [each["generator"] for each in state["samplers"]] + state["generators"]
    generators += state["draws"][1:]  # torch's default one of the GPU
    counts = (run.step, run.images, run.gradient_evaluations)
    return Trained(tensors, torch.stack(generators), counts, ways, len(run._recipe._stages))


def resumed(chosen: TrialConfig, stop: int) -> Trained:
    """Train ``stop`` steps, and the rest from the state of then, through memory, in another run.

    ``stop`` lies in the first interval.
    """
    first, losses = TrainingRun(chosen), []
    for _ in range(stop):
        losses.append(first.train_step().clone())
    second = TrainingRun(chosen)
    second.load_state_dict(_copy(first.state_dict()))
    return train(second, losses)


def distance(ours: Trained, theirs: Trained) -> dict[str, float]:
    """Largest absolute difference of each kind of tensor; 0 where they are equal bit for bit."""
    return {
        name: 0.0
        if torch.equal(each, theirs.tensors[name])
        else float((each - theirs.tensors[name]).abs().max())
        for name, each in ours.tensors.items()
    }


def check_alike(ours: Trained, theirs: Trained) -> None:
    """Counters and generators, which know no rounding."""
    assert ours.counts == theirs.counts, f"counts {ours.counts} against {theirs.counts}"
    assert torch.equal(ours.generators, theirs.generators), "generators differ"


def fallback(name: str) -> tuple[Trained, Trained]:
    """One of ``OWN``, left to itself and eager by wish."""
    assert name in OWN
    own = {**DIGITS, "method": f"tests.gpu.own_methods:{name}"}
    auto, eager = (train(TrainingRun(config(way, **own))) for way in ("auto", "eager"))
    return auto, eager


def check_refused(auto: Trained) -> str:
    """The step was not captured; gives the reason."""
    assert auto.ways[-1].startswith("eager: "), f"it went {auto.ways}"
    return auto.ways[-1].removeprefix("eager: ")


def check_captured(trained: Trained) -> None:
    """Every stage was captured after its warm-up."""
    assert trained.ways == ["eager", "graph"] * trained.stages, f"it went {trained.ways}"


def check_precision(execution: str) -> dict[str, float]:
    """Whatever was set outside, "f32" is IEEE and "tf32" is not, and both leave that as it was.

    Within ``bit_for_bit``. Gives how far the losses of the first 20 steps of "tf32" are from those
    of "f32", and those of "f32" where TF32 was allowed outside, too (0).
    """
    found = {}
    for outside in (False, True):
        for precision in ("f32", "tf32"):
            chosen = config(execution, **CIFAR, method="auc_m", precision=precision)
            with tf32_everywhere(outside):
                run = TrainingRun(chosen)
                found[precision, outside] = torch.stack(
                    [run.train_step().clone() for _ in range(20)]
                )
                assert tf32_is_allowed() == (outside, outside)
    plain = found["f32", False]
    apart = {
        "tf32": float((found["tf32", False] - plain).abs().max()),
        "f32, TF32 outside": float((found["f32", True] - plain).abs().max()),
    }
    assert apart["tf32"] > 0, "'tf32' trains as 'f32' does"
    assert torch.equal(found["f32", True], plain), "'f32' is rounded to TF32"
    assert torch.equal(found["tf32", True], found["tf32", False]), "'tf32' hangs on what was set"
    return apart


@contextmanager
def bit_for_bit() -> Iterator[None]:
    """Only deterministic kernels, where there are any.

    CUBLAS_WORKSPACE_CONFIG must have been set before CUDA started.
    """
    assert "CUBLAS_WORKSPACE_CONFIG" in os.environ
    torch.use_deterministic_algorithms(True, warn_only=True)
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", ".*does not have a deterministic implementation")
            yield
    finally:
        torch.use_deterministic_algorithms(False)


def _floats(state: Any) -> Iterator[Tensor]:
    if isinstance(state, Tensor):
        yield state.detach().flatten().double().cpu()
    elif isinstance(state, dict | list | tuple):
        for each in state.values() if isinstance(state, dict) else state:
            yield from _floats(each)


def _copy(state: Any) -> Any:
    if isinstance(state, Tensor):
        return state.clone()
    if isinstance(state, dict):
        return {key: _copy(each) for key, each in state.items()}
    if isinstance(state, list | tuple):
        return [_copy(each) for each in state]
    return state
