"""Seconds and megabytes of a report over ten thousand trials, and where they go.

    python -m tests.benchmarks.report [--trials 79] [--profile] [--keep FOLDER]

The study is simulated: the papers' twelve methods and ce_tuned with their own search spaces, two
tasks at five imbalance ratios, 130 cells of 79 search and 5 confirm trials, 20 validations a trial,
and test scores of every confirm trial on 2,000 images. Prints a Markdown table; times are of the
processor, on one core.
"""

import argparse
import cProfile
import pstats
import resource
import tempfile
import time
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from optuna.distributions import BaseDistribution, CategoricalDistribution, IntDistribution

from analysis import paper, report
from analysis.findings import Findings
from analysis.results import from_record
from analysis.write import page, tables
from search_spaces import SPACES
from study.records import CellRecord, StudyRecord, TrialRecord

__all__ = ["large_study"]

METHODS = (
    "ce",
    "ce_tuned",
    "focal",
    "auc_s",
    "auc_m",
    "auc_ce",
    "two_stage",
    "ts_drw",
    "ts_dec",
    "ct_auc",
    "ce_mixup",
    "auc_mixup",
    "ct_mixup",
)
TASKS = ("cifar10-resnet20", "pneumoniamnist-resnet18")
RATIOS = (0.005, 0.01, 0.05, 0.1, 0.3)
INTERVALS = 20
GRACE = 4
RANDOM = 30
SEEDS = 5
IMAGES = 20_000
TEST_IMAGES = 2_000


def large_study(folder: Path, trials: int) -> StudyRecord:
    """The simulated study; its predictions are written below ``folder``."""
    draw = np.random.default_rng(0)
    (folder / "predictions").mkdir(parents=True)
    cells = tuple(
        _cell(folder, method, place, task, ratio, trials, draw)
        for task in TASKS
        for ratio in RATIOS
        for place, method in enumerate(METHODS)
    )
    spec = {"name": "large", "seed": 0, "methods": list(METHODS), "precision": "f32"}
    return StudyRecord("large", folder, spec, {"versions": {"python": "3.11"}}, cells)


def _cell(
    folder: Path,
    method: str,
    place: int,
    task: str,
    ratio: float,
    trials: int,
    draw: np.random.Generator,
) -> CellRecord:
    space = {name: found.distribution for name, found in SPACES[method].items()}
    level = 0.85 + 0.04 * np.log10(ratio) + 0.004 * place
    search = tuple(_search(number, space, level, draw) for number in range(trials))
    done = [row for row in search if row.value is not None]
    winner = max(done, key=lambda row: row.value or 0)
    cell = f"{method}__{task}__{ratio:g}"
    return CellRecord(
        id=cell,
        method=method,
        task=task,
        imratio=ratio,
        run={
            "dataset": task.partition("-")[0],
            "model": task.partition("-")[2],
            "epochs": INTERVALS,
            "batch_size": 128,
            "intervals": INTERVALS,
        },
        space={name: _entry(entry) for name, entry in space.items()},
        fixed={"score_map": "sigmoid"},
        planned_trials=trials,
        planned_seeds=SEEDS,
        selected=(winner.number,),
        search=search,
        confirm=tuple(_confirm(folder, cell, seed, winner, level, draw) for seed in range(SEEDS)),
    )


def _entry(entry: Any) -> dict[str, Any]:
    if isinstance(entry, CategoricalDistribution):
        return {"choices": entry.choices}
    return {"low": entry.low, "high": entry.high, "log": entry.log, "step": entry.step}


def _value(entry: Any, draw: np.random.Generator) -> Any:
    if isinstance(entry, CategoricalDistribution):
        return entry.choices[int(draw.integers(len(entry.choices)))]
    if isinstance(entry, IntDistribution):
        return int(draw.integers(entry.low, entry.high + 1))
    if entry.log:
        return float(np.exp(draw.uniform(np.log(entry.low), np.log(entry.high))))
    return float(draw.uniform(entry.low, entry.high))


def _search(
    number: int, space: dict[str, BaseDistribution], level: float, draw: np.random.Generator
) -> TrialRecord:
    params = {name: _value(entry, draw) for name, entry in space.items()}
    off = 0.02 * (np.log10(params["lr"]) + 1.5) ** 2 if "lr" in params else 0.02
    failed = draw.random() < 0.02
    stop = int(draw.choice([GRACE, INTERVALS])) if number > 5 and off > 0.03 else INTERVALS
    state = "FAIL" if failed else "COMPLETE" if stop == INTERVALS else "PRUNED"
    reason = "The loss became NaN in interval 2: the trial diverged." if failed else None
    return _row(number, "search", state, params, level - off, stop, draw, reason=reason)


def _confirm(
    folder: Path,
    cell: str,
    seed: int,
    winner: TrialRecord,
    level: float,
    draw: np.random.Generator,
) -> TrialRecord:
    name = f"predictions/{cell}__confirm{seed}.npz"
    targets = (np.arange(TEST_IMAGES) % 2).astype(np.uint8)
    scores = draw.normal(targets * 1.3, 1.0).astype(np.float32)
    np.savez(folder / name, scores=scores, targets=targets)
    found = {"seed": seed, "selected_from": winner.number, "predictions": name}
    test = {"test_auroc": level - 0.005 + draw.normal(0, 0.004), "test_auprc": 0.5}
    return _row(seed, "confirm", "COMPLETE", winner.params, level, INTERVALS, draw, **found, **test)


def _row(
    number: int,
    phase: str,
    state: str,
    params: dict[str, Any],
    level: float,
    stop: int,
    draw: np.random.Generator,
    **fields: Any,
) -> TrialRecord:
    reached = 0.5 + (level - 0.5) * (1 - np.exp(-0.3 * np.arange(1, stop + 1)))
    reached += draw.normal(0, 0.003, stop)
    curve = tuple(
        {
            "interval": i,
            "val_auroc": float(value),
            "loss": 0.7 / i,
            "seconds": 6.0 * i,
            "gradient_evaluations": IMAGES * i,
        }
        for i, value in enumerate(reached, start=1)
    )
    kept = curve[:1] if state == "FAIL" else curve
    origin = "selected" if phase == "confirm" else "random" if number < RANDOM else "tpe"
    row: dict[str, Any] = {
        "phase": phase,
        "number": number,
        "state": state,
        "value": kept[-1]["val_auroc"] if state == "COMPLETE" else None,
        "params": params,
        "validations": {int(p["interval"]): p["val_auroc"] for p in kept},
        "origin": origin,
        "seeds": {"data_seed": number, "init_seed": number, "order_seed": number},
        "reason": None,
        "seconds": 6.0 * len(kept),
        "gradient_evaluations": IMAGES * len(kept),
        "images": IMAGES * len(kept),
        "curve": kept,
        "host": "node1",
        "device": "cpu",
        "started": None,
        "finished": None,
    }
    return TrialRecord(**(row | fields))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=79, help="search trials a cell")
    parser.add_argument("--profile", action="store_true", help="also print where the time goes")
    parser.add_argument("--keep", type=Path, help="write the report here and leave it")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        study = large_study(Path(temporary) / "study", options.trials)
        folder = options.keep or Path(temporary) / "report"
        profile = cProfile.Profile()
        if options.profile:
            profile.enable()
        laps = [time.process_time()]
        results = from_record(study)
        laps.append(time.process_time())
        findings = Findings(results)
        parts = report.sections(findings)
        laps.append(time.process_time())
        tables.write_tables((t for part in parts for t in part.tables()), folder / "tables")
        laps.append(time.process_time())
        paper.write_figures(findings, folder / "figures")
        laps.append(time.process_time())
        text = page.render(results, parts)
        laps.append(time.process_time())
        profile.disable()
        beside = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
        names = ("frames", "sections", "tables", "paper figures", "page")
        spent = [after - before for before, after in pairwise(laps)]
        numbers = {
            "trials": f"{len(results.trials) + len(results.confirm):,}",
            "cells": len(results.cells),
            **{f"{name}, s": f"{s:.1f}" for name, s in zip(names, spent, strict=True)},
            "all, s": f"{sum(spent):.1f}",
            "report.html, MB": f"{len(text.encode()) / 1e6:.1f}",
            "files beside, MB": f"{beside / 1e6:.1f}",
            "peak memory, GB": f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6:.1f}",
        }
        for line in (numbers, ["---"] * len(numbers), numbers.values()):
            print("| " + " | ".join(map(str, line)) + " |")
        if options.profile:
            pstats.Stats(profile).sort_stats("cumulative").print_stats(45)


if __name__ == "__main__":
    main()
