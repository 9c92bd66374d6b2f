"""The parts of `tests.gpu.check` that say right or wrong: each prints rows of a table."""

import os
import platform
import subprocess
import time
import traceback
import warnings
from collections.abc import Callable
from functools import partial

import torch

from tests.gpu import paired
from tests.gpu.methods import (
    check_mixup_draws,
    check_never_waits,
    check_resumes_on_both,
    check_same_as_on_the_cpu,
    comparable,
)
from tests.gpu.own_methods import OWN
from trainables.loop import TrainingRun
from trainables.methods import METHODS

__all__ = ["correct", "machine", "pairs"]


def machine() -> None:
    """What it ran on."""
    properties = torch.cuda.get_device_properties(0)
    print(f"- {properties.name}, {properties.total_memory / 2**30:.0f} GiB")
    print(f"- {os.cpu_count()} x {platform.machine()}, Python {platform.python_version()}")
    print(f"- torch {torch.__version__}, cuDNN {torch.backends.cudnn.version()}")
    query = ["nvidia-smi", "--query-gpu=driver_version,compute_mode,mig.mode.current"]
    asked = subprocess.run([*query, "--format=csv,noheader"], capture_output=True, text=True)
    print(f"- driver, compute mode, MIG: {asked.stdout.strip() or asked.stderr.strip()}")
    from torch.cuda import graph

    print(f"- capture through {graph.__module__}.{graph.__name__}")


def correct() -> None:
    """The tiny model: a step on the GPU is that on the CPU and waits for nothing."""
    failures = 0
    for check, names in (
        (check_same_as_on_the_cpu, comparable()),
        (check_never_waits, list(METHODS)),
        (check_resumes_on_both, list(METHODS)),
    ):
        for name in names:
            failures += _tried(f"{check.__name__}({name})", partial(check, name))
    failures += _tried("check_mixup_draws", check_mixup_draws)
    print(f"\n{failures} failures" if failures else "all methods pass")


def pairs() -> None:
    """Whole trials, eager against graph: bit for bit where kernels are deterministic."""
    with paired.bit_for_bit(), warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        print("| trial | steps | losses | state | scores | resumed | again eager | s |")
        print("| --- | --: | --: | --: | --: | --: | --: | --: |")
        for case in paired.CASES:
            _tried(case.label, partial(_pair, case))
        print("\n| own method | kept eager because | distance to eager |")
        print("| --- | --- | --: |")
        for name in OWN:
            _tried(name, partial(_own, name))
        print()
        for execution in ("eager", "auto"):
            _tried(f"precision, {execution}", partial(_precision, execution))
        _tried("a capture after failed ones", partial(_pair, paired.CASES[-2]))
        _tried("graph, required", _required)
    for text in sorted({str(each.message).splitlines()[0][:200] for each in caught}):
        print(f"- warned: {text}")


def _pair(case: paired.Case) -> None:
    started = time.perf_counter()
    eager = paired.train(TrainingRun(paired.config("eager", **case.changes)))
    chosen = paired.config("auto", **case.changes)
    graph = paired.train(TrainingRun(chosen))
    paired.check_captured(graph)
    paired.check_alike(eager, graph)
    # In the first interval, while it replays.
    resumed = paired.resumed(chosen, 10)
    paired.check_alike(graph, resumed)
    # What eager itself leaves between two runs: more than that no graph is asked to keep.
    again = paired.distance(
        eager, paired.train(TrainingRun(paired.config("eager", **case.changes)))
    )
    apart = paired.distance(eager, graph)
    rest = max(paired.distance(graph, resumed).values())
    figures = [*(apart[name] for name in ("losses", "state", "scores")), rest, max(again.values())]
    seconds = time.perf_counter() - started
    words = " | ".join("equal" if each == 0 else f"**{each:.1e}**" for each in figures)
    print(f"| {case.label} | {graph.counts[0]} | {words} | {seconds:.1f} |", flush=True)


def _own(name: str) -> None:
    auto, eager = paired.fallback(name)
    reason = paired.check_refused(auto)
    paired.check_alike(auto, eager)
    worst = max(paired.distance(auto, eager).values())
    print(f"| {name} | {reason} | {'equal' if worst == 0 else f'**{worst:.1e}**'} |", flush=True)


def _precision(execution: str) -> None:
    apart = paired.check_precision(execution)
    words = ", ".join(f"{name}: {value:.1e}" for name, value in apart.items())
    print(f"- execution {execution}, losses against precision f32: {words}", flush=True)


def _required() -> None:
    changes = {**paired.DIGITS, "method": f"tests.gpu.own_methods:{OWN[0]}"}
    try:
        TrainingRun(paired.config("graph", **changes)).train_interval()
    except RuntimeError as error:
        print(f"- `execution: graph` refuses: {error}")
    else:
        raise AssertionError("execution 'graph' must not go on eagerly")


def _tried(what: str, check: Callable[[], None]) -> int:
    """Run a check; 1 if it failed, and then its traceback is printed."""
    try:
        check()
    except Exception:  # noqa: BLE001 - the next check is still worth its time
        print(f"\n**FAILED: {what}**\n\n```\n{traceback.format_exc()}```\n", flush=True)
        return 1
    return 0
