"""One run of the benchmark."""

import platform
import statistics
import sys
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial

import torch

from tests.benchmarks.bench.contenders import OURS, PEER, PLAIN, Contender, contender
from tests.benchmarks.bench.figures import Found, Machine
from tests.benchmarks.bench.parts import inputs, optimizers, profiled
from tests.benchmarks.bench.peak import flops_an_image, peaks
from tests.benchmarks.bench.side_by_side import Worker, together, workers
from tests.benchmarks.bench.timing import interleaved
from tests.benchmarks.bench.work import METHODS, RANDOM, Work
from tests.gpu.mps import mps_if_offered
from trainables.loop import TrainingRun

__all__ = ["machine", "measure"]

EVALUATED = {"cpu": 500, "cuda": 5000}
"""Images that an evaluation is timed on, in whole batches of ours."""

STEPS = {"cpu": 2, "cuda": 30}
"""Between two looks at the clock."""

LEAST = {"cpu": 3.0, "cuda": 1.0}
"""Seconds that each process trains in a round side by side."""

PROFILED = "auc_m"


def measure(work: Work, rounds: int, stored: Sequence[Found]) -> Found:
    """Time everything on ``work``; of ``stored`` that of this kind of machine is compared with."""
    kind, devices, fast_bf16 = machine(work.device)
    names, left_out = _names(work, fast_bf16)
    step: dict[str, dict[str, list[float]]] = {}
    evaluation: dict[str, dict[str, list[float]]] = {}
    shares: dict[str, dict[str, dict[str, float]]] = {}
    images, sides = {}, {}
    for method in METHODS:
        _say(f"{method}: one process")
        ones = {name: contender(name, method, work) for name in names}
        images[method] = ones[PLAIN].images
        repeats = STEPS[work.device]
        steps = {name: one.step for name, one in ones.items()}
        step[method] = interleaved(steps, rounds, repeats, work.device)
        evaluation[method] = _evaluations(ones, rounds, work.device)
        ours = [name for name in names if name in OURS[work.device]]
        medians = {name: statistics.median(step[method][name]) for name in ours}
        sides[method] = [names[0], min(medians, key=medians.__getitem__)]
        if method == PROFILED:
            shares[method] = {
                name: profiled(each, repeats, work.device) for name, each in steps.items()
            }
    precisions = {name: one.precision for name, one in ones.items()}
    run = TrainingRun(work.config("ce"))
    before = next((each for each in stored if each.kind == kind), None)
    machines = list(_machines(work, sides, max(1, rounds // 3), devices, left_out))
    return Found(
        kind=kind,
        when=f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
        torch=torch.__version__,
        data="random pixels" if work.dataset == RANDOM else work.dataset,
        left_out=left_out,
        rounds=rounds,
        images=images,
        steps=run.steps,
        evaluations=run.config.intervals,
        evaluated={name: one.evaluated for name, one in ones.items()},
        precisions=precisions,
        flops=flops_an_image(work),
        peaks=peaks(work.device, dict.fromkeys(["f32", *precisions.values()])),
        devices=devices,
        step=step,
        evaluation=evaluation,
        alone=_alone(work, rounds),
        profiled=shares,
        machines=machines,
        before=before.summary() if before else None,
    )


def machine(device: str) -> tuple[str, int, bool]:
    """Its kind, its cores or GPUs, and whether bf16 is fast there."""
    if device == "cuda":
        return torch.cuda.get_device_name(), 1, True
    from study.machine import cores
    from study.plan.bf16 import SLOW, cpu_slowdown

    fast = cpu_slowdown() < SLOW
    words = {"AVX512": "AVX-512", "DEFAULT": platform.machine()}
    capability = torch.backends.cpu.get_cpu_capability()
    kind = f"{cores()} x {words.get(capability, capability)}{' bf16' if fast else ''} cores"
    return kind, cores(), fast


def _names(work: Work, fast_bf16: bool) -> tuple[list[str], list[str]]:
    """Contenders that can run here, and why others cannot."""
    names, left_out = [], []
    for name in (PEER, PLAIN, *OURS[work.device]):
        if not fast_bf16 and OURS[work.device].get(name, {}).get("precision") == "bf16":
            left_out.append(f"{name} is left out: this CPU only imitates bf16.")
            continue
        try:
            contender(name, PROFILED, work)
            names.append(name)
        except (ImportError, RuntimeError) as error:
            left_out.append(f"{name} is left out: {error}")
    return names, left_out


def _evaluations(ones: Mapping[str, Contender], rounds: int, device: str) -> dict[str, list[float]]:
    """Seconds an image."""
    some = min(EVALUATED[device], *(one.evaluated for one in ones.values()))
    calls = {name: partial(one.evaluate, some) for name, one in ones.items()}
    return {
        name: [each / some for each in times]
        for name, times in interleaved(calls, rounds, 1, device).items()
    }


def _alone(work: Work, rounds: int) -> dict[str, float]:
    return {
        f"{what}, {way}": statistics.median(times)
        for what, ways in (
            ("a batch", inputs(work, rounds)),
            ("a step of PESG", optimizers(work, rounds)),
        )
        for way, times in ways.items()
    }


def _machines(
    work: Work,
    contenders: Mapping[str, Sequence[str]],
    rounds: int,
    devices: int,
    left_out: list[str],
) -> Iterator[Machine]:
    """The contenders of each method, side by side in every arrangement of processes.

    One in which a process dies is added to what is left out: the others are worth their time.
    """
    for count, sharing, environment in _arrangements(work.device, devices):
        timed: dict[str, dict[str, list[list[list[float]]]]] = {}
        try:
            with workers(count, environment) as processes:
                for method, names in contenders.items():
                    _say(f"{method}: {count} processes, {sharing}")
                    timed[method] = _together(processes, names, method, work, rounds)
        except (RuntimeError, BrokenPipeError) as error:
            left_out.append(f"{count} processes by {sharing} are left out: {error}")
        else:
            yield Machine(count, sharing, timed)


def _together(
    processes: list[Worker], names: Sequence[str], method: str, work: Work, rounds: int
) -> dict[str, list[list[list[float]]]]:
    found: dict[str, list[list[list[float]]]] = {name: [] for name in names}
    for number in range(-1, rounds):  # the first round only warms up
        for name, times in found.items():
            least = LEAST[work.device] if number >= 0 else 0.0
            told = together(processes, name, method, work, least, EVALUATED[work.device])
            if number >= 0:
                times.append(told)
    return found


def _arrangements(device: str, devices: int) -> Iterator[tuple[int, str, Mapping[str, str]]]:
    """How many processes, by what they share the machine, and their environment."""
    if device == "cpu":
        yield devices, "cores", {}
        return
    for count in (1, 4, 8):
        yield count, "time slices", {}
    with mps_if_offered(device) as environment:
        for count in (4, 8) if environment else ():
            yield count, "CUDA MPS", environment


def _say(text: str) -> None:
    print(f"{datetime.now(UTC):%H:%M:%S} {text}", file=sys.stderr, flush=True)
