"""Several processes that train on one GPU, with MPS and without."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import IO

from tests.gpu.mps import CONTROL, mps

__all__ = ["several"]

COUNTS = (1, 2, 4, 8)
SECONDS = 1.5


def several() -> None:
    """Images a second of N trials of auc_m side by side, all together."""
    print("| | way | " + " | ".join(f"N = {n}" for n in COUNTS) + " |")
    print("| --- | --- |" + " --: |" * len(COUNTS))
    _table("time slices", {})
    if shutil.which(CONTROL) is None:
        print(f"\n{CONTROL} is not here: nothing of MPS.")
        return
    with mps() as environment:
        _table("MPS", environment)


def _table(label: str, environment: Mapping[str, str]) -> None:
    with _workers(COUNTS[-1], environment) as workers:
        for way in ("eager", "graph f32", "graph bf16"):
            totals = [_together(workers[:count], way) for count in COUNTS]
            cells = " | ".join(
                f"{total:,.0f} ({total / totals[0]:.2f} x)" if total else "" for total in totals
            )
            print(f"| {label} | {way}, images/s | {cells} |", flush=True)


def _together(workers: list[subprocess.Popen[str]], way: str) -> float:
    # A first, shorter turn: all must be beyond warm-up and capture when it counts.
    for seconds in (0.3, SECONDS):
        for each in workers:
            _file(each.stdin).write(f"{way}\t{seconds}\n")
            _file(each.stdin).flush()
        answers = [_file(each.stdout).readline() for each in workers]
    return sum(float(each) for each in answers)


@contextmanager
def _workers(count: int, environment: Mapping[str, str]) -> Iterator[list[subprocess.Popen[str]]]:
    command = [sys.executable, "-m", "tests.gpu.several"]
    workers = [
        subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, **environment},
        )
        for _ in range(count)
    ]
    try:
        for each in workers:
            answer = _file(each.stdout).readline().strip()
            if answer != "ready":
                raise RuntimeError(f"a process must say that it is ready, not {answer!r}")
        yield workers
    finally:
        for each in workers:
            _file(each.stdin).close()  # the end of its work
        for each in workers:
            try:
                each.wait(10)
            except subprocess.TimeoutExpired:
                each.kill()
            _file(each.stdout).close()


def _file(stream: IO[str] | None) -> IO[str]:
    assert stream is not None
    return stream


def _work() -> None:
    """One process: says "ready", then trains as each line asks, and answers images a second."""
    import torch

    from tests.gpu.speed import reference_run

    torch.set_num_threads(1)
    runs = {
        "eager": reference_run("auc_m", execution="eager"),
        "graph f32": reference_run("auc_m"),
        "graph bf16": reference_run("auc_m", precision="bf16"),
    }
    for run in runs.values():
        for _ in range(6):
            run.train_step()
    torch.cuda.synchronize()
    print("ready", flush=True)
    for line in sys.stdin:
        way, seconds = line.rstrip("\n").split("\t")
        run, images = runs[way], runs[way].images
        started = time.perf_counter()
        while time.perf_counter() - started < float(seconds):
            for _ in range(10):
                run.train_step()
        torch.cuda.synchronize()
        print((run.images - images) / (time.perf_counter() - started), flush=True)


if __name__ == "__main__":
    _work()
