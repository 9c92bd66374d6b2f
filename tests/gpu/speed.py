"""Speed of whole training steps in one process, by method, execution and precision."""

import statistics
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import NamedTuple

import torch

from tests.benchmarks.bench.work import MODEL
from tests.gpu.precision import tf32_everywhere
from tests.gpu.reference import (
    METHODS_TIMED,
    OTHERS,
    batch_size,
    other_loop,
    reference_run,
    synchronise,
    ways,
)
from tests.gpu.rows import Row, append
from trainables.steps.step_graph import WARM_UP

__all__ = ["speed"]

TRIAL_STEPS = 21_700
FLOPS_AN_IMAGE = 242e6
BYTES_AN_IMAGE = 5.8e6


class _Size(NamedTuple):
    """How much is done to measure."""

    rounds: int
    steps: int
    warm_up: int
    product: int
    copied: int


SIZES = {"cuda": _Size(5, 30, WARM_UP, 8192, 2**30), "cpu": _Size(1, 1, 0, 512, 2**24)}


def speed(device: str, out: Path) -> int:
    """Milliseconds a step, and the share of the limits measured in the same run.

    A step is one batch of images, also where the method takes two. Gives how many ways failed.
    """
    size, batch = SIZES[device], batch_size(device)
    peaks = _product_flops(device, size.product)
    copied = _copied_bytes(device, size.copied)
    products = ", ".join(f"{each / 1e12:.3g} {name}" for name, each in peaks.items())
    print(
        f"Matrix products of {size.product}: {products} TFLOP/s; copies: {copied / 1e12:.3g} TB/s. "
        f"{MODEL}, 32x32, batch {batch}; medians of {size.rounds} interleaved rounds of "
        f"{size.steps} steps; a trial is {TRIAL_STEPS:,} steps of batch 128. Share of products: "
        f"{FLOPS_AN_IMAGE / 1e6:.0f} MFLOP a gradient evaluation over the peak of the precision; "
        "of bandwidth: 5.8 MB (bf16) or 11.6 MB (f32) each."
    )
    if device == "cpu":
        print(
            "Graphs and TF32 are CUDA's alone and left out; products, copies and batch are small."
        )
    print(
        "\n| method | way | ms a step | host ms | images/s | trials/h | of products | "
        "of bandwidth | capture ms | ran as |"
    )
    print("| --- | --- | --: | --: | --: | --: | --: | --: | --: | --- |")
    return sum(_time_method(method, peaks, copied, device, out) for method in METHODS_TIMED)


class _Contender(NamedTuple):
    """Who trains, with what his figures need.

    Attributes:
        step: trains on a batch.
        batch: its images.
        precision: of the products.
        evaluations: images that went forward and backward in a step.
        ran_as: how, once it has run.
        capture: seconds of the first step after the warm-up.
    """

    step: Callable[[], object]
    batch: int
    precision: str
    evaluations: Callable[[], float]
    ran_as: Callable[[], str]
    capture: float


def _ours(method: str, way: str, device: str) -> _Contender:
    run = reference_run(method, way, device)

    def evaluations() -> float:
        return run.batch_size * run.gradient_evaluations / run.images * run._recipe.batches

    capture = _first_seconds(run.train_step, device)
    precision = run.config.precision
    return _Contender(
        run.train_step, run.batch_size, precision, evaluations, lambda: run.execution, capture
    )


def _other(name: str, device: str) -> _Contender:
    loop, batch = other_loop(name, device), batch_size(device)
    capture = _first_seconds(loop.step, device)
    return _Contender(loop.step, batch, loop.precision, lambda: batch, lambda: "eager", capture)


def _time_method(
    method: str, peaks: dict[str, float], copied: float, device: str, out: Path
) -> int:
    size = SIZES[device]
    begin: dict[str, Callable[[], _Contender]] = {
        way: partial(_ours, method, way, device) for way in ways(device)
    }
    if method == "auc_m":
        begin |= {name: partial(_other, name, device) for name in OTHERS}
    contenders: dict[str, _Contender] = {}
    failures = 0
    for name, start in begin.items():
        try:
            contenders[name] = start()
        except ImportError as error:
            print(f"| {method} | {name} | left out: {error} | | | | | | | |", flush=True)
            append(out, Row("speed", method, name, 1, "images/s", "left out", note=str(error)))
        except Exception as error:  # noqa: BLE001 - the other ways are still worth their time
            failures += 1
            reason = f"{type(error).__name__}: {error}"
            print(f"| {method} | {name} | {reason} | | | | | | | |", flush=True)
            append(out, Row("speed", method, name, 1, "images/s", "failed", note=reason))
    wall: dict[str, list[float]] = {name: [] for name in contenders}
    host: dict[str, list[float]] = {name: [] for name in contenders}
    for number in range(-1, size.rounds):  # the first round only warms up
        for name, each in contenders.items():
            seconds, processor = _seconds(each.step, size.steps, device)
            if number >= 0:
                wall[name].append(seconds)
                host[name].append(processor)
    for name, each in contenders.items():
        seconds = statistics.median(wall[name])
        host_ms = 1e3 * statistics.median(host[name])
        evaluations = each.evaluations()
        moved = BYTES_AN_IMAGE * (1 if each.precision == "bf16" else 2)
        cells = [
            method,
            name,
            f"{1e3 * seconds:.3f}",
            f"{host_ms:.3f}",
            f"{each.batch / seconds:,.0f}",
            f"{3600 * each.batch / (TRIAL_STEPS * 128 * seconds):.1f}",
            f"{evaluations * FLOPS_AN_IMAGE / seconds / peaks[each.precision]:.1%}",
            f"{evaluations * moved / seconds / copied:.1%}",
            f"{1e3 * each.capture:.0f}",
            each.ran_as(),
        ]
        print(f"| {' | '.join(cells)} |", flush=True)
        note = f"batch {each.batch}; host {host_ms:.3f} ms a step; {each.ran_as()}"
        rate = f"{each.batch / seconds:.0f}"
        append(out, Row("speed", method, name, 1, "images/s", rate, note=note))
    return failures


def _first_seconds(step: Callable[[], object], device: str) -> float:
    """Of the step with the capture in it, after the warm-up (eager: of a usual step)."""
    for _ in range(SIZES[device].warm_up):
        step()
    return _seconds(step, 1, device)[0]


def _seconds(call: Callable[[], object], repeats: int, device: str) -> tuple[float, float]:
    """Wall and host processor seconds a call."""
    synchronise(device)
    wall, processor = time.perf_counter(), time.process_time()
    for _ in range(repeats):
        call()
    synchronise(device)
    return (
        (time.perf_counter() - wall) / repeats,
        (time.process_time() - processor) / repeats,
    )


def _product_flops(device: str, size: int) -> dict[str, float]:
    """FLOP/s of square products, by precision."""
    kinds = {"f32": torch.float32, "tf32": torch.float32, "bf16": torch.bfloat16}
    if device == "cpu":
        del kinds["tf32"]
    found = {}
    for name, dtype in kinds.items():
        left, right = (torch.randn(size, size, device=device).to(dtype) for _ in range(2))
        product = partial(torch.mm, left, right)
        repeats = 5 if name == "f32" else 20
        with tf32_everywhere(name == "tf32"):
            _seconds(product, 3, device)
            found[name] = 2 * size**3 / _seconds(product, repeats, device)[0]
    return found


def _copied_bytes(device: str, size: int) -> float:
    """Bytes read and written a second by copies on the device."""
    source = torch.empty(size, dtype=torch.uint8, device=device)
    target = torch.empty_like(source)
    _seconds(lambda: target.copy_(source), 3, device)
    return 2 * size / _seconds(lambda: target.copy_(source), 20, device)[0]
