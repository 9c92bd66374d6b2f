"""Where the seconds go between ``aucstudy run`` and the first training step.

    python -m tests.benchmarks.start [--rounds 5]

Each round runs a study of two short trials in a folder of its own, as a user would, and reads the
moments from what it leaves: the times of its files, its log, and the notes of a method that is
imported where the spec is checked and where it trains, and that tells of its first step.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import ClassVar

import yaml

from search_spaces.ranges import Range
from study.places import Places
from trainables.losses.ce import CELoss
from trainables.method import Method
from trainables.methods.parts import one_stage, sgd
from trainables.recipe import Context, Recipe
from trainables.updates import Descent

__all__ = ["STAGES", "Noting", "moments", "spent"]

NOTES = "AUCSTUDY_START_NOTES"
"""Environment variable: the file of notes."""

STAGES = {
    "asked": "",
    "spec": "imports: the command, torch",
    "written": "spec, data and their checksums, database",
    "ready": "ledger; Ray imported and started",
    "trains": "Tune begins; a worker imports torch and the trainable, and reads its data",
}
"""Moments in their order, each with what comes before it."""


@dataclass(frozen=True)
class Noting(Method):
    """Plain cross entropy that notes its first step."""

    SPACE: ClassVar[dict[str, Range]] = {}

    def recipe(self, context: Context) -> Recipe:
        """One stage."""

        def start() -> Descent:
            _note("trains")
            parameters = context.model.parameters()
            return sgd(context, CELoss(), parameters, lr=0.1, weight_decay=0.0)

        return one_stage(start)


def _note(what: str) -> None:
    if file := os.environ.get(NOTES):
        note = {"what": what, "at": time.time()}
        with Path(file).open("a") as notes:
            notes.write(f"{json.dumps(note)}\n")


_note("imported")


def moments(folder: Path) -> dict[str, float]:
    """Run one study in ``folder``; the moments of ``STAGES``, in seconds of the clock."""
    spec, notes = folder / "study.yaml", folder / "notes.jsonl"
    named = {
        "name": "start",
        "methods": ["tests.benchmarks.start:Noting"],
        "tasks": [{"dataset": "digits", "model": "small_cnn", "epochs": 1, "batch_size": 64}],
        "imratios": [0.1],
        "search": {"trials": 0},
        "confirm": {"seeds": 2},
    }
    spec.write_text(yaml.safe_dump(named))
    root = str(Path(__file__).parents[2])
    path = os.pathsep.join(filter(None, [root, os.environ.get("PYTHONPATH")]))
    asked = time.time()
    subprocess.run(
        [sys.executable, "-m", "study", "run", str(spec)],
        cwd=folder,
        env={**os.environ, NOTES: str(notes), "PYTHONPATH": path},
        check=True,
        capture_output=True,
    )
    places = Places(folder / "studies" / "start")
    told = [json.loads(line) for line in notes.read_text().splitlines()]
    began = json.loads(places.events.read_text().splitlines()[0])["time"]
    return {
        "asked": asked,
        "spec": told[0]["at"],
        "written": places.spec.stat().st_mtime,
        "ready": datetime.fromisoformat(began).timestamp(),
        "trains": min(each["at"] for each in told if each["what"] == "trains"),
    }


def spent(found: Mapping[str, float]) -> dict[str, float]:
    """Seconds of each stage, by what happens in it."""
    return {STAGES[after]: found[after] - found[before] for before, after in pairwise(STAGES)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    rounds: list[dict[str, float]] = []
    for _ in range(parser.parse_args().rounds):
        with tempfile.TemporaryDirectory() as folder:
            rounds.append(spent(moments(Path(folder))))
    print("| what | s |\n| --- | --: |")
    for what in rounds[0]:
        print(f"| {what} | {statistics.median(each[what] for each in rounds):.2f} |")
    print(f"| to the first step | {statistics.median(sum(each.values()) for each in rounds):.2f} |")


if __name__ == "__main__":
    main()
