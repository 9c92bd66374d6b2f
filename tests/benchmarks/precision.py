"""Does bf16 or a compiled network cost AUROC? Paired trials: the same seeds, run in four ways.

    nice python -m tests.benchmarks.precision train --out DIR [--seeds 10] [--jobs 2]
    python -m tests.benchmarks.precision show DIR

It needs CIFAR-10 and BreastMNIST below $AUCSTUDY_DATA. A seed decides split, weights and order,
so that the trials of a pair differ in their arithmetic alone. What is finished is kept in
DIR/trials.jsonl and not trained again.
"""

import argparse
import json
import math
import multiprocessing
import os
import statistics
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path
from typing import Any

import torch
from scipy import stats

from trainables.config import TrialConfig
from trainables.datasets.sets.cifar import read_cifar10
from trainables.datasets.source import Source
from trainables.loop import TrainingRun

WAYS: Mapping[str, dict[str, Any]] = {
    "f32": {},
    "bf16": {"precision": "bf16"},
    "f32 compiled": {"compile": True},
    "bf16 compiled": {"precision": "bf16", "compile": True},
}
"""By name, what differs from the first."""

WORK: Mapping[str, dict[str, Any]] = {
    "BreastMNIST, auc_m": {
        "dataset": "breastmnist",
        "imratio": None,
        "method": "auc_m",
        "epochs": 20,
        "batch_size": 64,
    },
    "CIFAR-10 (6,000 images), ce": {
        "dataset": "tests.benchmarks.precision:some_of_cifar10",
        "imratio": 0.1,
        "method": "ce",
        "epochs": 8,
        "batch_size": 128,
    },
}

MARGIN = 0.005
"""Differences of AUROC within it do not matter."""


def some_of_cifar10(root: Path, download: bool) -> Source:
    """The first 6,000 training images of CIFAR-10, and the first 5,000 test images."""
    whole = read_cifar10(root, download)
    return Source(
        whole.train_images[:6000],
        whole.train_labels[:6000],
        whole.test_images[:5000],
        whole.test_labels[:5000],
        n_classes=10,
        augmentation="crop_flip",
    )


def trial(work: str, way: str, seed: int, data: str) -> dict[str, Any]:
    """Train one; what came of it."""
    torch.set_num_threads(1)
    config = TrialConfig(
        model="resnet20",
        intervals=1,
        data_root=data,
        data_seed=seed,
        init_seed=seed,
        order_seed=seed,
        **WORK[work],
        **WAYS[way],
    )
    run = TrainingRun(config)
    run.train_interval()
    test_auroc = run.test()["test_auroc"]
    return {
        "work": work,
        "way": way,
        "seed": seed,
        "test_auroc": test_auroc,
        "seconds": run.training_seconds,
        "ran": run.execution,
    }


def train(options: argparse.Namespace) -> None:
    """Train what is not there yet."""
    options.out.mkdir(parents=True, exist_ok=True)
    file = options.out / "trials.jsonl"
    done = {(each["work"], each["way"], each["seed"]) for each in read(file)}
    wanted = [
        (work, way, seed)
        for seed in range(options.seeds)
        for work in WORK
        for way in WAYS
        if (work, way, seed) not in done
    ]
    data = os.environ.get("AUCSTUDY_DATA", "data")
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(options.jobs, mp_context=context) as pool, file.open("a") as lines:
        under_way = [pool.submit(trial, *each, data) for each in wanted]
        for number, each in enumerate(as_completed(under_way), 1):
            print(json.dumps(each.result()), file=lines, flush=True)
            print(f"{number}/{len(wanted)}", flush=True)


def read(file: Path) -> list[dict[str, Any]]:
    """All finished trials."""
    return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []


def difference(first: Sequence[float], second: Sequence[float]) -> tuple[float, float, float]:
    """Mean of second - first over pairs, and the ends of its 95 % t interval."""
    apart = [after - before for before, after in zip(first, second, strict=True)]
    mean, n = statistics.mean(apart), len(apart)
    half = float(stats.t.ppf(0.975, n - 1)) * statistics.stdev(apart) / math.sqrt(n)
    return mean, mean - half, mean + half


def table(trials: Sequence[Mapping[str, Any]]) -> list[str]:
    """Each way beside the first, by seed."""
    lines = [
        "| trained | way | seeds | test AUROC | sd | less f32 | 95 % interval | within ± .005 |",
        "| --- | --- | --: | --: | --: | --: | --: | --- |",
    ]
    for work in WORK:
        by_way = {
            way: {
                t["seed"]: t["test_auroc"] for t in trials if (t["work"], t["way"]) == (work, way)
            }
            for way in WAYS
        }
        seeds = sorted(set.intersection(*(set(each) for each in by_way.values())))
        if len(seeds) < 2:
            continue
        first, *_ = found = [[by_way[way][seed] for seed in seeds] for way in WAYS]
        for way, values in zip(WAYS, found, strict=True):
            row = f"| {work} | {way} | {len(seeds)} | {statistics.mean(values):.4f} "
            row += f"| {statistics.stdev(values):.4f} "
            if values is first:
                lines.append(row + "| | | |")
                continue
            mean, low, high = difference(first, values)
            within = "yes" if low > -MARGIN and high < MARGIN else "no"
            lines.append(row + f"| {mean:+.4f} | {low:+.4f} to {high:+.4f} | {within} |")
    return lines


def main(arguments: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    training = commands.add_parser("train")
    training.add_argument("--out", type=Path, required=True)
    training.add_argument("--seeds", type=int, default=10)
    training.add_argument("--jobs", type=int, default=2)
    showing = commands.add_parser("show")
    showing.add_argument("folder", type=Path)
    options = parser.parse_args(arguments)
    if options.command == "train":
        train(options)
    else:
        print("\n".join(table(read(options.folder / "trials.jsonl"))))


if __name__ == "__main__":
    main(sys.argv[1:])
