"""Speed of whole training steps on one GPU, by method, execution and precision."""

import statistics
import time
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import torch

from tests.benchmarks.throughput import BATCH, DATASET, MODEL
from tests.gpu.precision import tf32_everywhere
from trainables.config import TrialConfig
from trainables.loop import TrainingRun
from trainables.recipe import Batch
from trainables.steps.step_graph import WARM_UP

__all__ = ["reference_run", "speed"]

TRIAL_STEPS = 21_700
FLOPS_AN_IMAGE = 242e6
BYTES_AN_IMAGE = 5.8e6
ROUNDS = 7
STEPS = 30
METHODS_TIMED = ("ce", "auc_m", "ct_auc", "auc_mixup")


class _Way(NamedTuple):
    """One contender."""

    changes: dict[str, Any]
    benchmark: bool = False
    channels_last: bool = False


WAYS = {
    "eager f32": _Way({"execution": "eager"}),
    "graph f32": _Way({}),
    "graph f32, cudnn.benchmark": _Way({}, benchmark=True),
    "graph TF32": _Way({"precision": "tf32"}),
    "graph bf16": _Way({"precision": "bf16"}),
    "graph bf16, cudnn.benchmark": _Way({"precision": "bf16"}, benchmark=True),
    "graph bf16 channels_last": _Way({"precision": "bf16"}, channels_last=True),
    "graph bf16 channels_last, cudnn.benchmark": _Way(
        {"precision": "bf16"}, benchmark=True, channels_last=True
    ),
}


class _ChannelsLast(TrainingRun):
    """An experiment: images and weights with the channels innermost."""

    def __init__(self, config: TrialConfig) -> None:
        super().__init__(config)
        self._model.to(memory_format=torch.channels_last)

    def _batch(self, chosen: torch.Tensor) -> Batch:
        images, targets = super()._batch(chosen)
        return Batch(images.contiguous(memory_format=torch.channels_last), targets)


def reference_run(
    method: str, kind: type[TrainingRun] = TrainingRun, **changes: Any
) -> TrainingRun:
    """The reference trial: ResNet20 on 25,000 random images of 32x32, 100 epochs, batch 128."""
    fields: dict[str, Any] = {
        "method": method,
        "dataset": DATASET,
        "model": MODEL,
        "imratio": 0.1,
        "epochs": 100,
        "batch_size": BATCH,
        "intervals": 100,
        "data_root": "unused",
        "data_seed": 0,
        "init_seed": 0,
        "order_seed": 0,
        "device": "cuda",
    }
    return kind(TrialConfig(**{**fields, **changes}))


def speed() -> None:
    """Milliseconds a step, and the share of the limits measured in the same run."""
    f32, tf32, bf16 = _product_flops()
    copied = _copied_bytes()
    print(
        f"Matrix products: {f32 / 1e12:.0f} TFLOP/s f32, {tf32 / 1e12:.0f} TF32, "
        f"{bf16 / 1e12:.0f} bf16; copies: {copied / 1e12:.2f} TB/s. {MODEL}, 32x32, batch {BATCH}; "
        f"medians of {ROUNDS} interleaved rounds of {STEPS} steps; a trial is {TRIAL_STEPS:,} "
        f"steps. Share of products: {FLOPS_AN_IMAGE / 1e6:.0f} MFLOP a gradient evaluation over "
        "the peak of the precision; of bandwidth: 5.8 MB (bf16) or 11.6 MB (f32) each.\n"
    )
    print(
        "| method | way | ms a step | host ms | images/s | trials/h | of products | "
        "of bandwidth | capture ms | ran as |"
    )
    print("| --- | --- | --: | --: | --: | --: | --: | --: | --: | --- |")
    for method in METHODS_TIMED:
        _time_method(method, {"f32": f32, "tf32": tf32, "bf16": bf16}, copied)


def _time_method(method: str, peaks: dict[str, float], copied: float) -> None:
    runs: dict[str, TrainingRun] = {}
    captures: dict[str, float] = {}
    for name, way in WAYS.items():
        try:
            _set(way)
            kind = _ChannelsLast if way.channels_last else TrainingRun
            runs[name] = reference_run(method, kind, **way.changes)
            captures[name] = _capture_seconds(runs[name])
        except Exception as error:  # noqa: BLE001 - the other ways are still worth their time
            runs.pop(name, None)
            print(f"| {method} | {name} | {type(error).__name__}: {error} | | | | | | | |")
    wall: dict[str, list[float]] = {name: [] for name in runs}
    host: dict[str, list[float]] = {name: [] for name in runs}
    for number in range(-1, ROUNDS):
        for name, run in runs.items():
            _set(WAYS[name])
            seconds, processor = _seconds(run.train_step, STEPS)
            if number >= 0:
                wall[name].append(seconds)
                host[name].append(processor)
    for name, run in runs.items():
        seconds = statistics.median(wall[name])
        cost = run.gradient_evaluations / run.images * len(run._now_chosen)
        way = WAYS[name]
        precision = way.changes.get("precision", "f32")
        peak = peaks[precision]
        moved = BYTES_AN_IMAGE * (1 if precision == "bf16" else 2)
        cells = [
            method,
            name,
            f"{1e3 * seconds:.3f}",
            f"{1e3 * statistics.median(host[name]):.3f}",
            f"{BATCH / seconds:,.0f}",
            f"{3600 / (TRIAL_STEPS * seconds):.1f}",
            f"{BATCH * cost * FLOPS_AN_IMAGE / seconds / peak:.1%}",
            f"{BATCH * cost * moved / seconds / copied:.1%}",
            f"{1e3 * captures[name]:.0f}",
            run.execution,
        ]
        print(f"| {' | '.join(cells)} |", flush=True)


def _set(way: _Way) -> None:
    torch.backends.cudnn.benchmark = way.benchmark


def _capture_seconds(run: TrainingRun) -> float:
    """Of the step with the capture in it, after the warm-up (eager: of a usual step)."""
    for _ in range(WARM_UP):
        run.train_step()
    return _seconds(run.train_step, 1)[0]


def _seconds(call: Callable[[], object], repeats: int) -> tuple[float, float]:
    """Wall and host processor seconds a call."""
    torch.cuda.synchronize()
    wall, processor = time.perf_counter(), time.process_time()
    for _ in range(repeats):
        call()
    torch.cuda.synchronize()
    return (
        (time.perf_counter() - wall) / repeats,
        (time.process_time() - processor) / repeats,
    )


def _product_flops(size: int = 8192) -> tuple[float, float, float]:
    """FLOP/s of square products in f32, TF32 and bf16."""
    found = []
    for dtype, tf32 in ((torch.float32, False), (torch.float32, True), (torch.bfloat16, False)):
        left, right = (torch.randn(size, size, device="cuda").to(dtype) for _ in range(2))
        product = partial(torch.mm, left, right)
        repeats = 5 if dtype == torch.float32 and not tf32 else 20
        with tf32_everywhere(tf32):
            _seconds(product, 3)
            found.append(2 * size**3 / _seconds(product, repeats)[0])
    return found[0], found[1], found[2]


def _copied_bytes(size: int = 2**30) -> float:
    """Bytes read and written a second by copies on the device."""
    source = torch.empty(size, dtype=torch.uint8, device="cuda")
    target = torch.empty_like(source)
    _seconds(lambda: target.copy_(source), 3)
    return 2 * size / _seconds(lambda: target.copy_(source), 20)[0]
