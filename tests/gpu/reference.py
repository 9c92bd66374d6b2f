"""The trial that the check times, and the ways to run it."""

from collections.abc import Callable
from functools import partial
from typing import Any

import torch

from tests.benchmarks.peer_loop import PeerLoop
from tests.benchmarks.plain_loop import PlainLoop
from tests.benchmarks.throughput import BATCH, DATASET, MODEL
from trainables.config import TrialConfig
from trainables.datasets.cache import task_on_device
from trainables.loop import TrainingRun
from trainables.methods.auc_m import AUCM
from trainables.models import MODELS

__all__ = [
    "METHODS_TIMED",
    "OTHERS",
    "WAYS",
    "batch_size",
    "other_loop",
    "reference_run",
    "synchronise",
    "ways",
]

METHODS_TIMED = ("ce", "auc_m", "ct_auc")

PLAIN = "plain PyTorch loop"
OTHERS = (PLAIN, "LibAUC's loop")
"""Beside the ways of ``auc_m``: eager, at the precision that PyTorch has by itself, which on a GPU
is TF32 in convolutions.
"""


WAYS: dict[str, dict[str, Any]] = {
    "f32, eager": {"execution": "eager"},
    "f32": {},
    "TF32": {"precision": "tf32"},
    "bf16": {"precision": "bf16"},
    "bf16, channels_last": {"precision": "bf16", "channels_last": True},
}
"""By name, the fields of a trial's config; a step is captured where nothing else is said."""


def ways(device: str) -> list[str]:
    """Those that differ there: on the CPU all steps are eager, and TF32 is f32."""
    return [*WAYS] if device == "cuda" else ["f32", "bf16", "bf16, channels_last"]


def batch_size(device: str) -> int:
    """The usual one; less on the CPU, where a step would last for seconds."""
    return BATCH if device == "cuda" else 16


def reference_run(method: str, way: str, device: str) -> TrainingRun:
    """ResNet20 on 25,000 random images of 32x32, 100 epochs."""
    fields: dict[str, Any] = {
        "method": method,
        "dataset": DATASET,
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
    return TrainingRun(TrialConfig(**{**fields, **WAYS[way]}))


def other_loop(name: str, device: str) -> PlainLoop | PeerLoop:
    """One of `OTHERS` on the same images, with the settings of ``auc_m``.

    On a GPU the peer's images come from two processes, as in its examples.
    """
    method = AUCM()
    workers = 2 if device == "cuda" else 0
    loop: Callable[..., PlainLoop | PeerLoop] = (
        PlainLoop if name == PLAIN else partial(PeerLoop, workers=workers)
    )
    return loop(
        MODELS[MODEL](3, 32),
        task_on_device(DATASET, "unused", False, 0.1, 0, "before", device),
        batch_size(device),
        lr=method.lr,
        margin=method.margin,
        epoch_decay=method.epoch_decay,
        weight_decay=method.weight_decay,
    )


def synchronise(device: str) -> None:
    """Wait until the device has done what it was given."""
    if device == "cuda":
        torch.cuda.synchronize()
