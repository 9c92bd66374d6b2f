"""What a step takes where freed memory goes back to the system, and where it is kept.

    python -m tests.benchmarks.allocation [--rounds 3] [--steps 8]

`trainables.host_memory.keep_freed` is called in the one and not in the other. Every time is taken
in a process of its own, in turn, with one thread: what a heap looks like depends on all that a
process did before. Seconds are those of the processor, so that other work does not count.
"""

import argparse
import json
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import torch

from tests.benchmarks.bench.work import RANDOM, Work
from trainables.datasets.source import Source
from trainables.host_memory import begin_peak, keep_freed, peak_memory
from trainables.loop import TrainingRun
from trainables.models import network

__all__ = ["PHOTOS", "Case", "main", "photos", "table", "timed"]

PHOTOS = "tests.benchmarks.allocation:photos"
COMPILED = {"precision": "bf16", "compile": True}


@dataclass(frozen=True)
class Case:
    """A step: of training, with what differs from a trial's defaults, or of an embedding."""

    model: str
    dataset: str
    batch: int
    changes: dict[str, Any] = field(default_factory=dict)
    trained: bool = True

    @property
    def name(self) -> str:
        """As the table says it."""
        size = 224 if self.dataset == PHOTOS else 32
        ways = [self.changes.get("precision", "f32")]
        ways += ["compiled"] if self.changes.get("compile") else []
        ways += [] if self.trained else ["an embedding"]
        return f"{self.model}, {size} pixels, batch {self.batch}, {', '.join(ways)}"

    def step(self) -> Callable[[], object]:
        """Takes one step."""
        if self.trained:
            work = Work(self.dataset, ".", "cpu", self.model, self.batch)
            return TrainingRun(work.config("auc_m", **self.changes)).train_step
        images = photos(Path(), download=False).train_images[: self.batch]
        embedded = network(self.model, {}, 3, 224, Path(), 0).eval()
        return torch.no_grad()(partial(embedded, images / 255))


CASES = (
    Case("resnet20", RANDOM, 128),
    Case("resnet20", RANDOM, 128, COMPILED),
    Case("resnet20", RANDOM, 512),
    Case("resnet20", RANDOM, 512, COMPILED),
    Case("resnet18", PHOTOS, 16),
    Case("densenet121", PHOTOS, 16),
    Case("resnet18", PHOTOS, 55, trained=False),
    Case("resnet50", PHOTOS, 55, trained=False),
)


def photos(root: Path, download: bool) -> Source:  # noqa: ARG001
    """A few images of random pixels, 224 x 224 in colour."""
    generator = torch.Generator().manual_seed(0)
    images = torch.randint(0, 256, (128, 3, 224, 224), generator=generator, dtype=torch.uint8)
    targets = torch.arange(128) % 2
    return Source(images, targets, images[:32], targets[:32], n_classes=2)


def timed(case: Case, steps: int, *, kept: bool) -> dict[str, float]:
    """In this process: seconds and pages of a step, and the peak of resident memory in MB."""
    torch.set_num_threads(1)
    if kept:
        keep_freed()
    begin_peak()
    step = case.step()
    for _ in range(3):  # compiles, and has the heap grow
        step()
    began, pages = time.process_time(), resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(steps):
        step()
    return {
        "seconds": (time.process_time() - began) / steps,
        "pages": (resource.getrusage(resource.RUSAGE_SELF).ru_minflt - pages) / steps,
        "peak": peak_memory(),
    }


def table(found: dict[str, dict[bool, list[dict[str, float]]]]) -> str:
    """Markdown: medians over the rounds, by case."""
    lines = [
        "| | seconds a step | kept | ratio | pages a step | kept | peak, MB | kept |",
        "| --- | --: | --: | --: | --: | --: | --: | --: |",
    ]
    for name, sides in found.items():
        middle = {
            what: [statistics.median(each[what] for each in sides[kept]) for kept in (False, True)]
            for what in ("seconds", "pages", "peak")
        }
        (before, after), pages, peaks = middle["seconds"], middle["pages"], middle["peak"]
        figures = [f"{before:.3f}", f"{after:.3f}", f"{before / after:.2f}"]
        figures += [f"{each:,.0f}" for each in (*pages, *peaks)]
        lines.append(f"| {name} | {' | '.join(figures)} |")
    return "\n".join(lines)


def main(arguments: Sequence[str]) -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=str(__doc__).splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--steps", type=int, default=8)
    parser.add_argument("--one", nargs=2, type=int, help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.one:
        number, kept = options.one
        print(json.dumps(timed(CASES[number], options.steps, kept=bool(kept))))
        return
    found: dict[str, dict[bool, list[dict[str, float]]]] = {}
    for number, case in enumerate(CASES):
        sides = found.setdefault(case.name, {False: [], True: []})
        for _ in range(options.rounds):
            for kept, times in sides.items():
                command = ["--one", str(number), str(int(kept)), "--steps", str(options.steps)]
                done = subprocess.run(
                    [sys.executable, "-m", "tests.benchmarks.allocation", *command],
                    check=True,
                    stdout=subprocess.PIPE,
                    text=True,
                )
                times.append(json.loads(done.stdout.splitlines()[-1]))
    print(table(found))


if __name__ == "__main__":
    main(sys.argv[1:])
