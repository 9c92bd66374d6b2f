"""Trials side by side: processes that train and evaluate at the same time, each timing itself."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import IO

import torch

from tests.benchmarks.bench.contenders import Contender, contender
from tests.benchmarks.bench.timing import seconds, synchronise
from tests.benchmarks.bench.work import Work

__all__ = ["Worker", "together", "workers"]

Worker = subprocess.Popen[str]


@contextmanager
def workers(count: int, environment: Mapping[str, str]) -> Iterator[list[Worker]]:
    """So many processes, with these environment variables besides ours; they end with the block."""
    started = [
        subprocess.Popen(
            [sys.executable, "-m", "tests.benchmarks.bench.side_by_side"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, **environment},
        )
        for _ in range(count)
    ]
    try:
        yield started
        for each in started:
            _file(each.stdin).close()  # the end of its work
            each.wait()
    finally:
        for each in started:
            each.kill()
            each.wait()
            with suppress(BrokenPipeError):  # what was not sent is lost
                _file(each.stdin).close()
            _file(each.stdout).close()


def together(
    processes: list[Worker], name: str, method: str, work: Work, least: float, evaluated: int
) -> list[list[float]]:
    """Each trains for ``least`` seconds and evaluates so many images.

    Gives of each process the seconds of a step and of evaluating an image.

    Raises:
        RuntimeError: a process ended.
    """
    asked = {
        "name": name,
        "method": method,
        "work": work.to_json(),
        "least": least,
        "evaluated": evaluated,
    }
    for each in processes:
        _file(each.stdin).write(f"{json.dumps(asked)}\n")
        _file(each.stdin).flush()
    answers = [_file(each.stdout).readline() for each in processes]
    if not all(answers):
        raise RuntimeError(f"a process that trained {method} ({name}) ended: see above.")
    return [json.loads(each) for each in answers]


def _file(stream: IO[str] | None) -> IO[str]:
    assert stream is not None
    return stream


def _serve() -> None:
    """One process: a line of JSON asks, a line answers, until there are no more."""
    torch.set_num_threads(1)
    kept: dict[tuple[str, str], Contender] = {}
    for line in sys.stdin:
        asked = json.loads(line)
        work, key = Work(**asked["work"]), (asked["method"], asked["name"])
        if key not in kept:
            # What the methods before trained is over.
            kept = {each: one for each, one in kept.items() if each[0] == asked["method"]}
            kept[key] = contender(asked["name"], asked["method"], work)
        one, evaluated = kept[key], min(asked["evaluated"], kept[key].evaluated)
        steps, started = 0, time.perf_counter()
        while not steps or time.perf_counter() - started < asked["least"]:
            for _ in range(STEPS[work.device]):
                one.step()
            steps += STEPS[work.device]
            synchronise(work.device)
        step = (time.perf_counter() - started) / steps
        image = seconds(lambda: one.evaluate(evaluated), 1, work.device) / evaluated  # noqa: B023
        print(json.dumps([step, image]), flush=True)


STEPS = {"cpu": 1, "cuda": 10}
"""Between two looks at the clock."""

if __name__ == "__main__":
    _serve()
