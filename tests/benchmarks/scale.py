"""The engine at scale: many short trials over many slots, unequal cells, and many in one ledger.

    python -m tests.benchmarks.scale [--trials 2000] [--slots 16] [--cells 120]

The trials sleep one second, so that the slots are logical and the machine is free for the driver;
the least time is trials x 1 s / slots. Ray's own release test of its bookkeeping allows 1.28 times
the least (10,000 such trials over 16 slots).
"""

import argparse
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import psutil

from study.cell import Cell
from study.cells import cells
from study.launch.local_cluster import LocalCluster
from study.ledger.lease import Lease
from study.ledger.ledger import Ledger
from study.ledger.rows import Row
from study.ledger.storage import open_storage, storage_url
from study.places import Places
from study.reader import read_study
from study.spec import StudySpec, dump, parse_spec
from study.tune.cluster import cluster
from study.tune.generation import run_generation
from study.tune.scheduler import CellScheduler
from study.tune.stop import Stop
from trainables.config import Outcome

METHOD = "tests.study.odd_methods:Sleepy"
MIB = 2**20


def spec_of(cells: int, trials: int) -> StudySpec:
    tasks = [
        {"name": f"t{i}", "dataset": "digits", "model": "mlp", "epochs": 1, "batch_size": 2000}
        for i in range(cells)
    ]
    return parse_spec(
        {
            "name": "scale",
            "methods": [METHOD],
            "tasks": tasks,
            "imratios": [0.1],
            "search": {"trials": trials, "sampler": "random", "pruner": "none"},
            "confirm": {"seeds": 0},
        }
    )


class Watch:
    """A progress display that notes the driver's memory as trials are told."""

    def __init__(self) -> None:
        self.told_at: list[float] = []
        self.first = 0.0
        self.memory: list[int] = []

    def start(self, ledger: Ledger, slots: Callable[[], int]) -> None: ...

    def told(self, row: Row) -> None:
        self.first = self.first or row.seconds or 0.0
        self.told_at.append(time.perf_counter())
        self.memory.append(psutil.Process().memory_info().rss)

    def tick(self, waits_for: str | None) -> None: ...

    def stop(self) -> None: ...


def many_trials(trials: int, slots: int, folder: Path) -> None:
    spec = spec_of(1, trials)
    watch = Watch()
    with LocalCluster(1, slots) as nodes:
        os.environ |= nodes.environment
        storage = open_storage(storage_url(folder, None))
        with Lease(storage, spec.name) as lease, cluster(folder / "ray.log"):
            ledger = Ledger(storage, spec.name, cells(spec), lease)
            before = psutil.Process().cpu_times()
            run_generation(ledger, spec.resources, Places(folder), lambda _terminal: watch, Stop())
            after = psutil.Process().cpu_times()
    # The first trials wait for their workers' imports; from the first told on all slots are busy.
    seconds = watch.told_at[-1] - watch.told_at[0]
    least = (trials - slots) / slots
    cpu = after.user + after.system - before.user - before.system
    grown = (watch.memory[-1] - watch.memory[len(watch.memory) // 10]) / MIB
    print("| trials | slots | seconds | least | ratio | driver CPU, ms a trial | memory grown |")
    print("|---:|---:|---:|---:|---:|---:|---:|")
    print(
        f"| {trials:,} | {slots} | {seconds:.0f} | {least:.0f} | {seconds / least:.2f} | "
        f"{1000 * cpu / trials:.0f} | {grown:.0f} MiB |"
    )


def unequal_cells(slots: int, folder: Path) -> None:
    """A grid whose trials take half a second to four, as one study and cell by cell."""
    lengths = (0.5, 1.0, 2.0, 4.0)
    names = [f"{length:g} s" for length in lengths]
    methods = [
        {"name": f"m{i}", "method": METHOD, "set": {"seconds": length}}
        for i, length in enumerate(lengths)
    ]
    trials, seeds, ratios = 24, 5, (0.1, 0.3)
    base = spec_of(1, trials).model_dump(mode="json")
    grid = parse_spec(
        {**base, "methods": methods, "imratios": list(ratios), "confirm": {"seeds": seeds}}
    )
    work = sum(lengths) * len(ratios) * (trials + seeds)
    ways = {"one study": [cells(grid)], "cell by cell": [[cell] for cell in cells(grid)]}
    print(f"\n| {len(cells(grid))} cells ({', '.join(names)} a trial) | seconds | slots busy |")
    print("|---|---:|---:|")
    with LocalCluster(1, slots) as nodes:
        os.environ |= nodes.environment
        with cluster(folder / "ray.log"):
            for way, studies in ways.items():
                seconds = 0.0
                for number, planned in enumerate(studies):
                    place = folder / f"{way}-{number}"
                    place.mkdir()
                    seconds += _seconds_of(grid, planned, place)
                print(f"| {way} | {seconds:.0f} | {100 * work / slots / seconds:.0f} % |")


def _seconds_of(spec: StudySpec, planned: list[Cell], place: Path) -> float:
    """From the first row that is told to the last, and what that first one took."""
    watch = Watch()
    storage = open_storage(storage_url(place, None))
    with Lease(storage, spec.name) as lease:
        ledger = Ledger(storage, spec.name, planned, lease)
        run_generation(ledger, spec.resources, Places(place), lambda _terminal: watch, Stop())
    return watch.told_at[-1] - watch.told_at[0] + watch.first


def many_cells(number: int, trials: int, folder: Path) -> None:
    spec = spec_of(number, trials)
    (folder / "study.yaml").write_text(dump(spec))
    url = storage_url(folder, None)
    clock = time.perf_counter()
    storage = open_storage(url)
    opened = time.perf_counter() - clock
    with Lease(storage, spec.name) as lease:
        clock = time.perf_counter()
        plan = cells(spec)
        planned = time.perf_counter() - clock
        clock = time.perf_counter()
        ledger = Ledger(storage, spec.name, plan, lease)
        created = time.perf_counter() - clock
        clock = time.perf_counter()
        for cell in ledger.cells.values():
            for _ in range(trials):
                row = cell.next_search()
                assert row is not None
                cell.report(row, {1: 0.5})
                cell.tell(row, "COMPLETE", Outcome(seconds=1.0))
        row_ms = 1000 * (time.perf_counter() - clock) / (number * trials)
        clock = time.perf_counter()
        CellScheduler(Ledger(open_storage(url), spec.name, plan, lease), Stop())
        resumed = time.perf_counter() - clock
    clock = time.perf_counter()
    read_study(folder)
    read = time.perf_counter() - clock
    print("\n| cells x trials | open | plan | create | a row | resume | read |")
    print("|---:|---:|---:|---:|---:|---:|---:|")
    print(
        f"| {number} x {trials} | {opened:.2f} s | {planned:.2f} s | {created:.2f} s | "
        f"{row_ms:.1f} ms | {resumed:.2f} s | {read:.2f} s |"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=2000)
    parser.add_argument("--slots", type=int, default=16)
    parser.add_argument("--cells", type=int, default=120)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as root:
        for name in ("trials", "grid", "cells"):
            (Path(root) / name).mkdir()
        many_trials(arguments.trials, arguments.slots, Path(root) / "trials")
        unequal_cells(arguments.slots, Path(root) / "grid")
        many_cells(arguments.cells, 15, Path(root) / "cells")


if __name__ == "__main__":
    main()
