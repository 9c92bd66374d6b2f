"""The trial that the check times, and the ways to run it."""

from typing import Any, NamedTuple

import torch

from tests.benchmarks.bench.work import BATCH, MODEL, RANDOM
from trainables.config import TrialConfig
from trainables.loop import TrainingRun
from trainables.recipe import Batch

__all__ = ["METHODS_TIMED", "WAYS", "batch_size", "reference_run", "synchronise", "ways"]

METHODS_TIMED = ("ce", "auc_m", "ct_auc")


class Way(NamedTuple):
    """How a trial runs."""

    changes: dict[str, Any]
    channels_last: bool = False


WAYS = {
    "f32, eager": Way({"execution": "eager"}),
    "f32": Way({}),
    "TF32": Way({"precision": "tf32"}),
    "bf16": Way({"precision": "bf16"}),
    "bf16, channels_last": Way({"precision": "bf16"}, channels_last=True),
}
"""By name; a step is captured as a CUDA graph where nothing else is said."""


class _ChannelsLast(TrainingRun):
    """An experiment: images and weights with the channels innermost."""

    def __init__(self, config: TrialConfig) -> None:
        super().__init__(config)
        self._model.to(memory_format=torch.channels_last)

    def _batch(self, chosen: torch.Tensor) -> Batch:
        images, targets = super()._batch(chosen)
        return Batch(images.contiguous(memory_format=torch.channels_last), targets)


def ways(device: str) -> list[str]:
    """Those that differ there: on the CPU all steps are eager, and TF32 is f32."""
    return [*WAYS] if device == "cuda" else ["f32", "bf16", "bf16, channels_last"]


def batch_size(device: str) -> int:
    """The usual one; less on the CPU, where a step would last for seconds."""
    return BATCH if device == "cuda" else 16


def reference_run(method: str, way: str, device: str) -> TrainingRun:
    """ResNet20 on 25,000 random images of 32x32, 100 epochs."""
    kind = _ChannelsLast if WAYS[way].channels_last else TrainingRun
    fields: dict[str, Any] = {
        "method": method,
        "dataset": RANDOM,
        "model": MODEL,
        "imratio": 0.1,
        "epochs": 100,
        "batch_size": batch_size(device),
        "intervals": 100,
        "data_root": "unused",
        "data_seed": 0,
        "init_seed": 0,
        "order_seed": 0,
        "device": device,
    }
    return kind(TrialConfig(**{**fields, **WAYS[way].changes}))


def synchronise(device: str) -> None:
    """Wait until the device has done what it was given."""
    if device == "cuda":
        torch.cuda.synchronize()
