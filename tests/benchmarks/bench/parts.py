"""Where a step's time goes: what it is made of, by the profiler and by parts timed alone."""

import re
from collections.abc import Callable
from typing import Any

import torch
from torch.profiler import ProfilerActivity, profile

from tests.benchmarks.bench.images import endless, training_images
from tests.benchmarks.bench.plain_loop import TensorByTensorPESG
from tests.benchmarks.bench.timing import interleaved, synchronise
from tests.benchmarks.bench.work import Work
from trainables.loop import TrainingRun
from trainables.models import MODELS
from trainables.optimizers.pesg import PESG

__all__ = ["CONVOLUTIONS", "KINDS", "REST", "inputs", "optimizers", "profiled"]

CONVOLUTIONS = "convolutions and products"
REST = "the rest"

KINDS = {
    CONVOLUTIONS: r"conv|gemm|addmm|::mm|mkldnn|xmma|cutlass|winograd|fft",
    "normalisation": r"batch_norm|bn_",
}


def profiled(step: Callable[[], object], steps: int, device: str) -> dict[str, float]:
    """Share of each kind of kernel in the time of a step, on the device; they add up to 1.

    Empty where the profiler may not look, as on some GPUs in containers.
    """
    activity = ProfilerActivity.CUDA if device == "cuda" else ProfilerActivity.CPU
    step()
    with profile(activities=[activity]) as found:
        for _ in range(steps):
            step()
        synchronise(device)
    times = dict.fromkeys([*KINDS, REST], 0.0)
    for event in found.key_averages():
        known: Any = event
        time = known.self_device_time_total if device == "cuda" else known.self_cpu_time_total
        times[kind(known.key)] += time
    whole = sum(times.values())
    return {name: time / whole for name, time in times.items()} if whole else {}


def kind(kernel: str) -> str:
    """What a kernel or an operator of that name does."""
    return next((name for name, words in KINDS.items() if re.search(words, kernel, re.I)), REST)


def inputs(work: Work, rounds: int) -> dict[str, list[float]]:
    """Seconds of one augmented, normalised batch on the device, by either way."""
    batches = endless(training_images(work.task()), work)
    run = TrainingRun(work.config("auc_m"))

    def image_by_image() -> object:
        return [tensor.to(work.device) for tensor in next(batches)]

    def ours() -> object:
        chosen = run._samplers[0].draw()
        return run._inputs.augmented(chosen, run._inputs.pixels(chosen))

    # The loop's own inner functions, so that what is timed is what trains.
    ways: dict[str, Callable[[], object]] = {
        "image by image": image_by_image,
        "ours": ours,
    }
    return interleaved(ways, rounds, 5, work.device)


def optimizers(work: Work, rounds: int) -> dict[str, list[float]]:
    """Seconds of one PESG step on the network's parameters, by either way."""
    channels, size, _ = work.task().train_images.shape

    def parameters() -> tuple[list[torch.Tensor], torch.Tensor]:
        model = MODELS[work.model](channels, size).to(work.device)
        primal: list[torch.Tensor] = [*model.parameters()]
        alpha = torch.zeros((), device=work.device)
        for each in [*primal, alpha]:
            each.grad = torch.randn_like(each)
        return primal, alpha

    plain = TensorByTensorPESG(*parameters(), 0.1, 1 / 500, 1e-4)
    primal, alpha = parameters()
    ours = PESG(primal, [alpha], lr=0.1, epoch_decay=1 / 500, weight_decay=1e-4)
    ways: dict[str, Callable[[], object]] = {"tensor by tensor": plain.step, "ours": ours.step}
    return interleaved(ways, rounds, 5, work.device)
