"""The trial that the check times, and the ways to run it."""

import torch

from tests.benchmarks.bench.contenders import OURS, PEER, PLAIN, Contender, contender
from tests.benchmarks.bench.work import BATCH, METHODS, RANDOM, Work
from trainables.loop import TrainingRun

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

METHODS_TIMED = METHODS

OTHERS = (PLAIN, PEER)
"""Beside the ways of ``auc_m``: eager, at the precision that PyTorch has by itself, which on a GPU
is TF32 in convolutions.
"""

WAYS = {name.removeprefix("ours, "): changes for name, changes in OURS["cuda"].items()}
"""By name, the fields of a trial's config; a step is captured where nothing else is said."""


def ways(device: str) -> list[str]:
    """Those that differ there: on the CPU all steps are eager, and TF32 is f32."""
    return [*WAYS] if device == "cuda" else ["f32", "bf16", "bf16, channels_last"]


def batch_size(device: str) -> int:
    """The usual one; less on the CPU, where a step would last for seconds."""
    return BATCH if device == "cuda" else 16


def reference_run(method: str, way: str, device: str) -> TrainingRun:
    """ResNet20 on 25,000 random images of 32x32, 100 epochs."""
    return TrainingRun(_work(device).config(method, **WAYS[way]))


def other_loop(name: str, device: str) -> Contender:
    """One of `OTHERS` with ``auc_m`` on the same images.

    On a GPU its images come from two processes, as in LibAUC's examples.

    Raises:
        ImportError: LibAUC is not installed.
    """
    return contender(name, "auc_m", _work(device))


def _work(device: str) -> Work:
    return Work(RANDOM, "unused", device, batch=batch_size(device))


def synchronise(device: str) -> None:
    """Wait until the device has done what it was given."""
    if device == "cuda":
        torch.cuda.synchronize()
