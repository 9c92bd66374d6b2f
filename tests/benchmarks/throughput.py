"""Training images a second of the ``auc_m`` loop, beside the usual PyTorch loop.

    OMP_NUM_THREADS=1 python -m tests.benchmarks.throughput [--device cuda] > throughput.md

Reference work: ResNet20, 32x32 colour images at imratio 10 % (25,000 training images with random
pixels: speed does not depend on them), batch 128, one thread. Every round times each contender
once, in turn, so that what else the machine does hits all alike; the table gives medians over the
rounds, the quartiles, and the ratio to the plain loop, also taken within each round. The processor
time beside the wall time says what a busy machine hides (with --device cuda: the host's work).
"""

import argparse
import os
import platform
import statistics
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import torch

from tests.benchmarks.plain_loop import PlainLoop, TensorByTensorPESG, loader
from trainables.config import TrialConfig
from trainables.datasets.cache import task_on_device
from trainables.datasets.source import Source
from trainables.loop import TrainingRun
from trainables.methods.auc_m import AUCM
from trainables.models import MODELS
from trainables.optimizers.pesg import PESG

DATASET = "tests.benchmarks.throughput:random_cifar"
MODEL = "resnet20"
BATCH = 128
PLAIN = "plain loop"


class Times(NamedTuple):
    """Seconds a call, one entry a round."""

    wall: list[float]
    processor: list[float]


def random_cifar(root: Path, download: bool) -> Source:  # noqa: ARG001
    """Random pixels in the shape and number of CIFAR-10's training set."""
    generator = torch.Generator().manual_seed(0)

    def part(n: int) -> tuple[torch.Tensor, torch.Tensor]:
        images = torch.randint(0, 256, (n, 3, 32, 32), generator=generator, dtype=torch.uint8)
        return images, torch.arange(n) % 10

    return Source(*part(50_000), *part(100), n_classes=10, augmentation="crop_flip")


def training_run(device: str, precision: str) -> TrainingRun:
    config = TrialConfig(
        method="auc_m",
        dataset=DATASET,
        model=MODEL,
        imratio=0.1,
        epochs=100,
        batch_size=BATCH,
        intervals=100,
        data_root="unused",
        data_seed=0,
        init_seed=0,
        order_seed=0,
        precision=precision,
        device=device,
    )
    return TrainingRun(config)


def plain_loop(device: str) -> PlainLoop:
    method = AUCM()
    return PlainLoop(
        MODELS[MODEL](3, 32),
        task_on_device(DATASET, "unused", False, 0.1, 0, "before", device),
        BATCH,
        lr=method.lr,
        margin=method.margin,
        epoch_decay=method.epoch_decay,
        weight_decay=method.weight_decay,
    )


def inputs(device: str) -> dict[str, Callable[[], object]]:
    """One augmented, normalised batch on the device, by either way."""
    task = task_on_device(DATASET, "unused", False, 0.1, 0, "before", device)
    batches = loader(task, BATCH)
    run = training_run(device, "f32")

    def image_by_image() -> object:
        return [tensor.to(device) for tensor in next(batches)]

    # The loop's own inner function, so that what is timed is what trains.
    return {PLAIN: image_by_image, "ours": lambda: run._batch(run._samplers[0].draw())}


def optimizers(device: str) -> dict[str, Callable[[], object]]:
    """One PESG step on the network's parameters, by either way."""

    def parameters() -> tuple[list[torch.Tensor], torch.Tensor]:
        primal: list[torch.Tensor] = [*MODELS[MODEL](3, 32).to(device).parameters()]
        alpha = torch.zeros((), device=device)
        for each in [*primal, alpha]:
            each.grad = torch.randn_like(each)
        return primal, alpha

    primal, alpha = parameters()
    plain = TensorByTensorPESG(primal, alpha, 0.1, 1 / 500, 1e-4)
    primal, alpha = parameters()
    ours = PESG(primal, [alpha], lr=0.1, epoch_decay=1 / 500, weight_decay=1e-4)
    return {PLAIN: plain.step, "ours": ours.step}


def steps(device: str) -> dict[str, Callable[[], object]]:
    return {
        PLAIN: plain_loop(device).step,
        "ours": training_run(device, "f32").train_step,
        "ours, bf16": training_run(device, "bf16").train_step,
    }


def interleaved(
    contenders: Mapping[str, Callable[[], object]], rounds: int, repeats: int, device: str
) -> dict[str, Times]:
    synchronise = torch.cuda.synchronize if device == "cuda" else lambda: None
    times = {name: Times([], []) for name in contenders}
    for number in range(-1, rounds):  # the first round only warms up
        for name, call in contenders.items():
            synchronise()
            wall, processor = time.perf_counter(), time.process_time()
            for _ in range(repeats):
                call()
            synchronise()
            if number >= 0:
                times[name].wall.append((time.perf_counter() - wall) / repeats)
                times[name].processor.append((time.process_time() - processor) / repeats)
    return times


def row(work: str, name: str, times: Times, plain: Times) -> str:
    low, middle, high = statistics.quantiles(times.wall, n=4)
    processor = statistics.median(times.processor)
    faster, less_work = (
        statistics.median(p / t for p, t in zip(theirs, ours, strict=True))
        for theirs, ours in zip(plain, times, strict=True)
    )
    return (
        f"| {work} | {name} | {1e3 * middle:.2f} | {1e3 * low:.2f} to {1e3 * high:.2f} "
        f"| {BATCH / middle:,.0f} | {faster:.2f} | {1e3 * processor:.2f} | {less_work:.2f} |"
    )


def table(device: str, rounds: int) -> list[str]:
    """The Markdown table, row by row."""
    work = {
        "input: one batch": interleaved(inputs(device), rounds, 5, device),
        "optimizer: one step": interleaved(optimizers(device), rounds, 5, device),
        "whole training step": interleaved(steps(device), rounds, 1, device),
    }
    lines = [
        "| work | way | ms | quartiles | images/s | times the plain loop | CPU ms | in CPU time |",
        "| --- | --- | --: | --: | --: | --: | --: | --: |",
    ]
    for name, times in work.items():
        lines += [row(name, way, each, times[PLAIN]) for way, each in times.items()]
    return lines


def conditions(device: str, rounds: int, load: float) -> str:
    if device == "cuda":
        machine = torch.cuda.get_device_name()
    else:
        machine = f"{os.cpu_count()} x {platform.machine()} CPU"
    return (
        f"{machine}, {torch.get_num_threads()} thread, torch {torch.__version__}, {MODEL}, batch "
        f"{BATCH}, medians of {rounds} interleaved rounds. Load average (1 min) {load:.2f} before "
        f"and {os.getloadavg()[0]:.2f} after; the benchmark itself is 1."
    )


def main(arguments: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cpu")
    parser.add_argument("--rounds", type=int, default=30)
    options = parser.parse_args(arguments)
    torch.set_num_threads(1)
    load = os.getloadavg()[0]
    lines = table(options.device, options.rounds)
    print("# Throughput of the auc_m loop\n")
    print(conditions(options.device, options.rounds, load) + "\n")
    print("\n".join(lines))


if __name__ == "__main__":
    main(sys.argv[1:])
