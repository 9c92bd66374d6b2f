"""Several processes that train side by side on one device, with CUDA MPS and without."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import torch

from tests.gpu.mps import CONTROL, mps
from tests.gpu.reference import METHODS_TIMED, batch_size, reference_run, synchronise, ways
from tests.gpu.rows import Row, append
from trainables.loop import TrainingRun

__all__ = ["several"]

COUNT = 4

SECONDS = {"cuda": (0.3, 1.0), "cpu": (0.0, 0.3)}
"""Of a first turn, after which all are beyond warm-up and capture, and of the one that counts."""


def several(device: str, out: Path) -> None:
    """Images a second of four trials side by side, all together."""
    print("| | method | way | images/s |")
    print("| --- | --- | --- | --: |")
    if device == "cpu":
        _rates("cores", device, {}, out)
        print(f"\nBatch {batch_size(device)}; CUDA MPS, graphs and TF32 are left out.")
        return
    _rates("time slices", device, {}, out)
    if shutil.which(CONTROL) is None:
        print(f"\n{CONTROL} is not here: nothing of MPS.")
        return
    with mps() as environment:
        if environment:
            _rates("MPS", device, environment, out)
        else:
            print("\nThe daemon of MPS did not start.")


def _rates(sharing: str, device: str, environment: Mapping[str, str], out: Path) -> None:
    with _workers(device, environment) as workers:
        for method in METHODS_TIMED:
            for way in [way for way in ways(device) if way != "f32, eager"]:
                rate = _together(workers, method, way, device)
                print(f"| {sharing} | {method} | {way} | {rate:,.0f} |", flush=True)
                note = f"batch {batch_size(device)}; share by {sharing}"
                row = Row("several", method, way, COUNT, "images/s", f"{rate:.0f}", note=note)
                append(out, row)


def _together(workers: list[subprocess.Popen[str]], method: str, way: str, device: str) -> float:
    for seconds in SECONDS[device]:
        for each in workers:
            _file(each.stdin).write(f"{method}\t{way}\t{seconds}\n")
            _file(each.stdin).flush()
        answers = [_file(each.stdout).readline() for each in workers]
    return sum(float(each) for each in answers)


@contextmanager
def _workers(device: str, environment: Mapping[str, str]) -> Iterator[list[subprocess.Popen[str]]]:
    workers = [
        subprocess.Popen(
            [sys.executable, "-m", "tests.gpu.several", device],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, **environment},
        )
        for _ in range(COUNT)
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
        end = time.monotonic() + 5
        for each in workers:
            try:
                each.wait(max(0.0, end - time.monotonic()))
            except subprocess.TimeoutExpired:
                each.kill()
            _file(each.stdout).close()


def _file(stream: IO[str] | None) -> IO[str]:
    assert stream is not None
    return stream


def _work(device: str) -> None:
    """One process: says "ready", then trains as each line asks, and answers images a second.

    A step is one batch, also where the method takes two.
    """
    torch.set_num_threads(1)
    runs: dict[tuple[str, str], TrainingRun] = {}
    steps = 10 if device == "cuda" else 1
    print("ready", flush=True)
    for line in sys.stdin:
        method, way, asked = line.rstrip("\n").split("\t")
        if (method, way) not in runs:
            runs = {(method, way): reference_run(method, way, device)}  # the one before is over
            for _ in range(6 if device == "cuda" else 1):
                runs[method, way].train_step()
            synchronise(device)
        run = runs[method, way]
        done, started = run.step, time.perf_counter()
        while run.step == done or time.perf_counter() - started < float(asked):
            for _ in range(steps):
                run.train_step()
        synchronise(device)
        seconds = time.perf_counter() - started
        print((run.step - done) * run.batch_size / seconds, flush=True)


if __name__ == "__main__":
    _work(sys.argv[1])
