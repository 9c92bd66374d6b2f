"""Seconds of several things, taken in turn, so that what else a machine does hits all alike."""

import time
from collections.abc import Callable, Mapping

import torch

__all__ = ["interleaved", "seconds", "synchronise"]


def synchronise(device: str) -> None:
    """Wait until the device has done what it was given."""
    if device == "cuda":
        torch.cuda.synchronize()


def seconds(call: Callable[[], object], repeats: int, device: str) -> float:
    """Wall seconds a call."""
    synchronise(device)
    started = time.perf_counter()
    for _ in range(repeats):
        call()
    synchronise(device)
    return (time.perf_counter() - started) / repeats


def interleaved(
    calls: Mapping[str, Callable[[], object]], rounds: int, repeats: int, device: str
) -> dict[str, list[float]]:
    """Wall seconds a call, one entry a round; a first round only warms up."""
    found: dict[str, list[float]] = {name: [] for name in calls}
    for number in range(-1, rounds):
        for name, call in calls.items():
            taken = seconds(call, repeats, device)
            if number >= 0:
                found[name].append(taken)
    return found
