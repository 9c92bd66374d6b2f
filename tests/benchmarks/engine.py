"""Trials a second of the engine, beside a process pool with ask/tell on the same work.

    python -m tests.benchmarks.engine [--trials 80] [--rounds 3]

Both run the same ``TrainingRun`` (digits, mlp, 9 intervals of one step) with a method whose step
keeps a core busy for a given time, on as many workers as there are cores, with a SQLite
write-ahead log. The pool is the simplest thing that could do the work: one Optuna study, no cells,
no early stopping, no recovery. Rounds alternate; the rates are taken between the first and the last
trial told, so that neither pays for its start here; the start is a column of its own.
"""

import argparse
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from optuna import create_study
from optuna.samplers import RandomSampler

from study.cell import search_seeds
from study.cells import cells
from study.ledger.lease import Lease
from study.ledger.ledger import Ledger
from study.ledger.rows import Row
from study.ledger.storage import open_storage
from study.places import Places
from study.spec import StudySpec, parse_spec
from study.tune.cluster import cluster
from study.tune.generation import run_generation
from study.tune.stop import Stop
from trainables.config import TrialConfig
from trainables.loop import TrainingRun

METHOD = "tests.study.odd_methods:Busy"


def spec_of(milliseconds: float, trials: int, name: str) -> StudySpec:
    return parse_spec(
        {
            "name": name,
            "methods": [METHOD],
            "tasks": [{"dataset": "digits", "model": "mlp", "epochs": 9, "batch_size": 2000}],
            "imratios": [0.1],
            "search": {"trials": trials, "sampler": "random", "pruner": "none"},
            "confirm": {"seeds": 0},
            "space": {METHOD: {"milliseconds": milliseconds}},
        }
    )


class Clock:
    """A progress display that only notes when trials were told."""

    def __init__(self) -> None:
        self.started = time.perf_counter()
        self.told_at: list[float] = []

    def start(self, ledger: Ledger, slots: Callable[[], int]) -> None: ...

    def told(self, row: Row) -> None:  # noqa: ARG002
        self.told_at.append(time.perf_counter())

    def tick(self, waits_for: str | None) -> None: ...

    def stop(self) -> None: ...

    @property
    def rate(self) -> float:
        return (len(self.told_at) - 1) / (self.told_at[-1] - self.told_at[0])

    @property
    def first(self) -> float:
        return self.told_at[0] - self.started


def engine(milliseconds: float, trials: int, folder: Path) -> Clock:
    spec = spec_of(milliseconds, trials, "engine")
    storage = open_storage(f"sqlite:///{folder / 'study.db'}")
    clock = Clock()
    with Lease(storage, spec.name) as lease:
        ledger = Ledger(storage, spec.name, cells(spec), lease)
        run_generation(ledger, spec.resources, Places(folder), lambda _terminal: clock, Stop())
    return clock


def one_trial(config: dict[str, Any]) -> list[float]:
    import torch

    torch.set_num_threads(1)
    run = TrainingRun(TrialConfig(**config))
    return [run.train_interval()["val_auroc"] for _ in range(9)]


def pool(milliseconds: float, trials: int, folder: Path) -> Clock:
    spec = spec_of(milliseconds, trials, "pool")
    (cell,) = cells(spec)
    study = create_study(
        storage=open_storage(f"sqlite:///{folder / 'study.db'}"), sampler=RandomSampler(seed=0)
    )
    clock = Clock()
    workers = os.cpu_count() or 1
    live: dict[Future[list[float]], Any] = {}
    asked = 0
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as executor:
        while asked < trials or live:
            while asked < trials and len(live) <= workers:
                trial = study.ask(cell.space)
                config = {
                    "method": cell.method,
                    "imratio": cell.imratio,
                    "params": {**cell.fixed, **trial.params},
                    **cell.run,
                    **search_seeds(cell, asked),
                }
                live[executor.submit(one_trial, config)] = trial
                asked += 1
            for future in wait(live, return_when=FIRST_COMPLETED).done:
                trial = live.pop(future)
                values = future.result()
                for interval, value in enumerate(values, start=1):
                    trial.report(value, interval)
                study.tell(trial, values[-1])
                clock.told_at.append(time.perf_counter())
    return clock


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=80)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    print(
        "| step | pool, trials/s | engine, trials/s | engine / pool | first trial, pool / engine |"
    )
    print("|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as root, cluster(Path(root) / "ray.log"):
        for milliseconds in (6.0, 41.0):
            pools: list[Clock] = []
            engines: list[Clock] = []
            for index in range(arguments.rounds):
                for run, results in ((pool, pools), (engine, engines)):
                    folder = Path(root) / f"{run.__name__}-{milliseconds}-{index}"
                    folder.mkdir()
                    results.append(run(milliseconds, arguments.trials, folder))
            ratio = statistics.median(e.rate / p.rate for p, e in zip(pools, engines, strict=True))
            print(
                f"| {milliseconds:g} ms | {statistics.median(p.rate for p in pools):.2f} "
                f"| {statistics.median(e.rate for e in engines):.2f} | {ratio:.2f} "
                f"| {statistics.median(p.first for p in pools):.1f} s / "
                f"{statistics.median(e.first for e in engines):.1f} s |",
                flush=True,
            )


if __name__ == "__main__":
    main()
