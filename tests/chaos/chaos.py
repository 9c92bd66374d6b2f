"""Studies on a cluster of this machine while drivers, workers and raylets are killed at random.

    python -m tests.chaos.chaos --kills 20

prints a table: every study must end with exactly the planned rows and with the figures of an
undisturbed one. A method's trials are deterministic here (random sampler, no pruner), so nothing
may differ, to the last bit.
"""

import argparse
import os
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import yaml

from study.errors import StudyError
from study.launch.local_cluster import LocalCluster
from study.reader import read_study
from study.records import StudyRecord

__all__ = ["KINDS", "Outcome", "chaos", "run_undisturbed"]

ROOT = Path(__file__).parents[2]
KINDS = ("driver", "worker", "raylet")
WORKERS = 2
TRIALS, REPEATS, SEEDS, LRS = 3, 2, 4, [0.011, 0.13]
PATIENCE_SECONDS = 180.0
"""Without any progress for so long, a study hangs."""

SPEC: dict[str, Any] = {
    "name": "chaos",
    "methods": ["ce", "auc_m"],
    "tasks": [
        {"dataset": "digits", "model": "mlp", "epochs": 80, "intervals": 4, "batch_size": 64}
    ],
    "imratios": [0.1],
    "search": {"trials": TRIALS, "repeats": REPEATS, "sampler": "random", "pruner": "none"},
    "confirm": {"seeds": SEEDS},
    "profile": {"values": {"lr": LRS}, "seeds": REPEATS},
}

Figures = dict[str, Any]


@dataclass
class Outcome:
    """How a study came through.

    Attributes:
        kills: by kind.
        lost, doubled, unfinished: planned rows that are missing, rows that were not planned (or
            a seed confirmed twice), rows that are not COMPLETE.
        same: selected configurations and all figures are those of the undisturbed study.
    """

    kills: Counter[str] = field(default_factory=Counter)
    lost: int = 0
    doubled: int = 0
    unfinished: int = 0
    same: bool = False

    @property
    def sound(self) -> bool:
        """Nothing lost, nothing doubled, nothing changed."""
        return self.same and not (self.lost or self.doubled or self.unfinished)


def run_undisturbed(folder: Path) -> Figures:
    """Run the study once in ``folder`` without any kill; its figures."""
    driver = _start(folder, dict(os.environ))
    if driver.wait() != 0:
        raise RuntimeError((folder / "driver.log").read_text())
    return _figures(read_study(folder / "out"))


def chaos(folder: Path, expected: Figures, draws: random.Random, wanted: Counter[str]) -> Outcome:
    """Run the study in ``folder`` and kill meanwhile.

    Args:
        folder: empty.
        expected: from ``run_undisturbed``.
        draws: decides victims and times.
        wanted: kills still wanted by kind; at most so many are done.
    """
    outcome = Outcome()
    with LocalCluster(WORKERS) as cluster:
        raylets = [process.pid for process in _children("raylet")][-WORKERS:]
        environment = os.environ | cluster.environment
        driver = _start(folder, environment)
        try:
            for _ in _progress(folder):
                kinds = [kind for kind in KINDS if wanted[kind] > outcome.kills[kind]]
                if not kinds:
                    continue
                time.sleep(draws.uniform(0.0, 2.0))
                kind = min(kinds, key=lambda k: (outcome.kills[k], draws.random()))
                if driver.poll() is not None:
                    break
                if kind == "driver":
                    driver.kill()
                    driver.wait()
                    driver = _start(folder, environment)
                elif kind == "raylet":
                    cluster.kill_worker(raylets.pop(draws.randrange(len(raylets))))
                    raylets.append(cluster.add_worker())
                elif workers := _training(raylets):
                    draws.choice(workers).kill()
                else:
                    continue
                outcome.kills[kind] += 1
            if driver.wait(timeout=PATIENCE_SECONDS) != 0:
                raise RuntimeError((folder / "driver.log").read_text())
        finally:
            if driver.poll() is None:
                driver.kill()
                driver.wait()
    _judge(outcome, read_study(folder / "out"), expected)
    return outcome


def _progress(folder: Path) -> Iterator[None]:
    """Once for each time that the ledger has got on, until the study ends.

    Kills wait for progress: without any between two of them no study could end.
    """
    seen, since = -1, time.monotonic()
    while True:
        try:
            cells = read_study(folder / "out").cells
        except StudyError:
            cells = ()
        rows = [row for cell in cells for row in cell.rows]
        if rows and all(cell.standing.finished for cell in cells):
            return
        stand = sum(len(row.validations) for row in rows)
        if stand > seen:
            seen, since = stand, time.monotonic()
            if stand:
                yield
        elif time.monotonic() - since > PATIENCE_SECONDS:
            raise RuntimeError(f"no progress in {PATIENCE_SECONDS:g} s: see {folder}")
        time.sleep(0.2)


def _judge(outcome: Outcome, study: StudyRecord, expected: Figures) -> None:
    for cell in study.cells:
        found: dict[str, list[Any]] = {"search": [], "confirm": [], "profile": []}
        for row in cell.rows:
            key = row.number if row.phase == "search" else (row.seed, row.moved)
            found[row.phase].append(key)
        # The first seed of each search.
        profiled = [seed * SEEDS // REPEATS for seed in range(REPEATS)]
        planned: dict[str, list[Any]] = {
            "search": [*range(TRIALS * REPEATS)],
            "confirm": [(seed, None) for seed in range(SEEDS)],
            "profile": [(seed, ("lr", lr)) for seed in profiled for lr in LRS],
        }
        for phase, wanted in planned.items():
            outcome.lost += len(set(wanted) - set(found[phase]))
            outcome.doubled += len(found[phase]) - len(set(found[phase]) & set(wanted))
        outcome.unfinished += sum(row.state != "COMPLETE" for row in cell.rows)
    outcome.same = _figures(study) == expected


def _figures(study: StudyRecord) -> Figures:
    return {
        cell.id: {
            "selected": cell.selected,
            "search": {row.number: (row.params, row.validations) for row in cell.search},
            "confirm": {row.seed: (row.validations, row.test_auroc) for row in cell.confirm},
            "profile": {(row.seed, row.moved): row.validations for row in cell.profile},
        }
        for cell in study.cells
    }


def _start(folder: Path, environment: dict[str, str]) -> subprocess.Popen[bytes]:
    file = folder / "study.yaml"
    file.write_text(yaml.safe_dump(SPEC | {"directory": str(folder / "out")}))
    command = [sys.executable, "-m", "study", "run", str(file)]
    with (folder / "driver.log").open("ab") as log:
        return subprocess.Popen(
            command, cwd=ROOT, env=environment, stdout=log, stderr=log, process_group=0
        )


def _children(name: str) -> list[psutil.Process]:
    """Processes of this name that this one has started, oldest first."""
    found = [p for p in psutil.Process().children(recursive=True) if p.name() == name]
    return sorted(found, key=lambda process: process.create_time())


def _training(raylets: list[int]) -> list[psutil.Process]:
    """Worker processes that train a trial on one of these nodes."""
    found = []
    for raylet in raylets:
        for process in psutil.Process(raylet).children(recursive=True):
            try:
                title = " ".join(process.cmdline())
            except psutil.NoSuchProcess:
                continue
            if "Trainable" in title:
                found.append(process)
    return found


def main() -> int:
    """Run studies until every kind has been killed as often as asked; 0 if all were sound."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=20, help="of each kind (default 20)")
    parser.add_argument("--seed", type=int, default=0, help="of victims and times (default 0)")
    arguments = parser.parse_args()
    draws = random.Random(arguments.seed)
    wanted = Counter(dict.fromkeys(KINDS, arguments.kills))
    sound = True
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "undisturbed").mkdir()
        expected = run_undisturbed(folder / "undisturbed")
        print("| study | driver | worker | raylet | lost | doubled | unfinished | same figures |")
        print("|---:|" + "---:|" * 6 + "---|")
        number = 0
        while any(wanted.values()):
            number += 1
            (folder / str(number)).mkdir()
            outcome = chaos(folder / str(number), expected, draws, wanted)
            wanted -= outcome.kills
            sound = sound and outcome.sound
            kills = " | ".join(str(outcome.kills[kind]) for kind in KINDS)
            print(
                f"| {number} | {kills} | {outcome.lost} | {outcome.doubled} | "
                f"{outcome.unfinished} | {'yes' if outcome.same else 'NO'} |",
                flush=True,
            )
    return 0 if sound else 1


if __name__ == "__main__":
    sys.exit(main())
