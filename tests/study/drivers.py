"""Whole studies for tests: a small spec, drivers that run it for real, and what came of them."""

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import yaml

from study.reader import read_study
from study.records import StudyRecord

ROOT = Path(__file__).parents[2]
Table = dict[str, list[float | None]]

SPEC: dict[str, Any] = {
    "name": "s",
    "seed": 3,
    "methods": ["ce", "auc_m"],
    "tasks": [{"dataset": "digits", "model": "mlp", "epochs": 4, "batch_size": 64}],
    "imratios": [0.1],
    # Random rows and no pruning: nothing depends on which trial is faster.
    "search": {"trials": 4, "sampler": "random", "pruner": "none"},
    "confirm": {"seeds": 2, "embeddings": 1},
}


def command(spec: dict[str, Any], folder: Path) -> list[str]:
    file = folder / "study.yaml"
    file.write_text(yaml.safe_dump({**spec, "directory": str(folder / "out")}))
    return [sys.executable, "-m", "study", "run", str(file)]


def run(spec: dict[str, Any], folder: Path, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(spec, folder),
        cwd=ROOT,
        env=os.environ | env,
        capture_output=True,
        text=True,
        timeout=700,
        check=False,
    )


STARTED: list[subprocess.Popen[bytes]] = []


def start(spec: dict[str, Any], folder: Path, **env: str) -> subprocess.Popen[bytes]:
    """A driver in a process group of its own, printing to driver.log."""
    with (folder / "driver.log").open("ab") as log:
        driver = subprocess.Popen(
            command(spec, folder),
            cwd=ROOT,
            env=os.environ | env,
            stdout=log,
            stderr=log,
            process_group=0,
        )
    STARTED.append(driver)
    return driver


def finished(folder: Path, phase: str) -> int:
    """Rows of a phase that are finished so far, in all cells."""
    if not (folder / "out" / "study.db").exists() or not (folder / "out" / "study.yaml").exists():
        return 0
    cells = read_study(folder / "out").cells
    rows = [row for cell in cells for row in getattr(cell, phase)]
    return sum(row.state in ("COMPLETE", "PRUNED", "FAIL") for row in rows)


def wait_for(folder: Path, phase: str, rows: int, driver: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 400
    while finished(folder, phase) < rows:
        assert driver.poll() is None, (folder / "driver.log").read_text()
        assert time.monotonic() < deadline, "the driver does not get on"
        time.sleep(0.05)


def wait_for_log(folder: Path, event: str, driver: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 400
    log = folder / "out" / "log.jsonl"
    while not log.exists() or event not in log.read_text():
        assert driver.poll() is None, (folder / "driver.log").read_text()
        assert time.monotonic() < deadline, "the driver does not get on"
        time.sleep(0.05)


def table(study: StudyRecord) -> Table:
    """The figures that a study's final table is made of."""
    return {cell.id: [row.test_auroc for row in sorted_by_seed(cell)] for cell in study.cells}


def sorted_by_seed(cell: Any) -> list[Any]:
    return sorted(cell.confirm, key=lambda row: row.seed)


def assert_exactly_planned(study: StudyRecord, trials: int, seeds: int) -> None:
    for cell in study.cells:
        assert [row.number for row in cell.search] == list(range(trials))
        assert sorted(row.seed for row in cell.confirm if row.seed is not None) == list(
            range(seeds)
        )
        assert {row.state for row in (*cell.search, *cell.confirm)} <= {"COMPLETE", "PRUNED"}
        assert not cell.superseded
