"""Full-length trials on real photos, side by side until the time is over, beside published ones."""

import csv
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.benchmarks import learning
from tests.gpu.mps import mps_if_offered
from tests.gpu.rows import Row, append

__all__ = ["PUBLISHED", "published", "trials"]

PUBLISHED = {
    "CT, moves": "CT(AUC)",
    "CE": "CE",
    "AUC-M": "AUCsc",
    "AUC-CE": "AUC-CE",
    "TS-DRW": "TS-DRW",
    "TS-DEC": "TS-DEC",
}
"""The methods of table 1 of the ICLR 2022 paper, the slowest first: our rows, and its names."""

CHANGES = ("AUC-M, lr 1", "CE, momentum .9")
"""Rows that differ in one thing from one of the table: do they explain its distance?"""

PARTS: tuple[tuple[float, Sequence[str]], ...] = (
    (0.1, [*PUBLISHED]),
    (0.1, CHANGES),
    (0.01, [*PUBLISHED]),
    (0.3, [*PUBLISHED]),
)
"""Imratio and rows, one part after the other, with all seeds."""

SEEDS = 3
EPOCHS = 100

SIDE_BY_SIDE = 8
"""With MPS; eight had 2.8 times the images a second of one on an H200."""
FILE = Path(__file__).parents[2] / "analysis" / "data" / "published.csv"


def trials(device: str, data: Path, out: Path, until: float) -> None:
    """`tests.benchmarks.learning` on Cat&Dog, in bf16 on a GPU; a row for each trial that began.

    Args:
        device: "cuda" or "cpu".
        data: folder of the data sets.
        out: trials.jsonl there holds those that finished, also in an earlier call, which are not
            trained again.
        until: when they are stopped, by the monotonic clock.
    """
    precision = "bf16" if device == "cuda" else "f32"
    with mps_if_offered(device) as environment:
        jobs = _jobs(device, environment)
        command = [sys.executable, "-m", "tests.benchmarks.learning", "train"]
        command += ["--device", device, "--jobs", str(jobs), "--precision", precision]
        command += ["--channels-last"] if device == "cuda" else []
        command += ["--seeds", str(SEEDS), "--epochs", str(EPOCHS)]
        command += ["--data-root", str(data), "--out", str(out)]
        try:
            for ratio, names in PARTS:
                part = [*command, "--imratio", str(ratio), "--rows", *names]
                if not _trained(part, environment, until):
                    break
        finally:  # also where the whole check is stopped
            _tell(device, precision, jobs, out)


def _tell(device: str, precision: str, jobs: int, out: Path) -> None:
    settings = {"device": device, "precision": precision, "epochs": EPOCHS}
    all_found = [
        each
        for each in [*learning.read([out]), *learning.unfinished([out])]
        if all(each[name] == value for name, value in settings.items())
    ]
    for ratio in dict.fromkeys(ratio for ratio, _ in PARTS):
        found = [each for each in all_found if each["imratio"] == ratio]
        if found:
            print("\n".join(["", f"At {ratio:.0%}:", "", *learning.table(found, EPOCHS)]))
    first, names = PARTS[0]
    for ratio, seed, name in _order():
        its = [each for each in all_found if _place(each) == (ratio, seed, name)]
        if its or (ratio == first and seed == 0 and name in names):
            told = _figure(its[0]) if its else ("test AUROC", "", "no epoch was finished")
            measure, value, note = told
            what, beside = f"{name} at {ratio:.0%}, seed {seed}", published(name, ratio)
            append(out, Row("trials", what, precision, jobs, measure, value, beside, note))


def _order() -> Iterator[tuple[float, int, str]]:
    for ratio, names in PARTS:
        for seed in range(SEEDS):
            for name in names:
                yield ratio, seed, name


def _place(trial: Mapping[str, Any]) -> tuple[float, int, str]:
    return trial["imratio"], trial["seed"], trial["row"]


def _figure(trial: Mapping[str, Any]) -> tuple[str, str, str]:
    """Measure, value and note."""
    reached = f"{len(trial['curve'])} of {EPOCHS} epochs"
    if "test_auroc" in trial:
        return "test AUROC", f"{trial['test_auroc']:.4f}", f"{reached}, {trial['seconds']:.0f} s"
    if "reason" in trial:
        return "test AUROC", "failed", f"{reached}; {trial['reason']}"
    return "validation AUROC", f"{trial['curve'][-1]:.4f}", reached


def published(name: str, imratio: float) -> str:
    """Test AUROC of a row of ours in the paper, on Cat&Dog: mean ± std; "" if it has none."""
    if name not in PUBLISHED:
        return ""
    wanted = {
        "source": "ICLR2022 (CT/PDSCA)",
        "table": "Table 1",
        "dataset": "CatvsDog",
        "imratio": f"{imratio:.2f}",
        "method": PUBLISHED[name],
    }
    with FILE.open(newline="", encoding="utf-8") as file:
        (row,) = [row for row in csv.DictReader(file) if wanted.items() <= row.items()]
    return f"{row['mean']} ± {row['std']}"


def _jobs(device: str, environment: Mapping[str, str]) -> int:
    """With MPS all methods share the card; without it one captured trial has it to itself."""
    if device == "cpu":
        return len(os.sched_getaffinity(0))
    return SIDE_BY_SIDE if environment else 1


def _trained(command: Sequence[str], environment: Mapping[str, str], until: float) -> bool:
    """Whether all was trained before the time was over."""
    process = subprocess.Popen(command, env={**os.environ, **environment}, process_group=0)
    try:
        return not process.wait(until - time.monotonic())
    except subprocess.TimeoutExpired:
        print("The time is over.", flush=True)
        return False
    finally:  # the pool's processes go with it
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
