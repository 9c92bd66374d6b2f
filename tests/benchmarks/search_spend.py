"""What a search spends until it has found what 60 random trials find: samplers, ASHA, warm start.

    python -m tests.benchmarks.search_spend run --out DIR [--data DIR] [--repetitions 5]
    python -m tests.benchmarks.search_spend show DIR

Searches of the product's own proposals, ledger and ASHA, one trial after another, without Ray. It
counts gradient evaluations, not seconds, so that it may run beside other work and be stopped: what
is in DIR is not run again. Every repetition is a study of its own seed: another data split, other
draws. Its target is what a search of 60 random full-length trials selects, on the same split and
with draws of its own; being the best of 60 noisy values, it also asks for luck. So there is an
easier one, the expected best of 20 of them, and what a search has selected when it has spent as
much as 10 and 20 full-length trials is trained again on fresh splits and meets the test set.
"""

import argparse
import json
import os
import statistics
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import count
from math import comb, inf
from pathlib import Path
from typing import Any

import torch
from ray.tune.schedulers import TrialScheduler

from study.cell import Cell, confirm_seeds
from study.cells import cells
from study.ledger.cell_ledger import CellLedger
from study.ledger.ledger import Ledger
from study.ledger.rows import Row
from study.ledger.storage import open_storage
from study.spec import parse_spec
from study.tune.scheduler import search_asha, stands_for
from trainables.config import Outcome, TrialConfig
from trainables.errors import DivergedError
from trainables.loop import TrainingRun

TRIALS = 60
EASIER = 20
RATIO, NEIGHBOUR = 0.1, 0.2
SPENT = (10, 20)
SEEDS = 4

SETTINGS: dict[str, tuple[str, dict[str, Any]]] = {
    "digits, auc_m": (
        "auc_m",
        {"dataset": "digits", "model": "mlp", "epochs": 9, "batch_size": 64},
    ),
    "digits, ct_auc": (
        "ct_auc",
        {"dataset": "digits", "model": "mlp", "epochs": 9, "batch_size": 64},
    ),
    "BreastMNIST, auc_m": (
        "auc_m",
        {"dataset": "breastmnist", "model": "small_cnn", "epochs": 9, "batch_size": 32},
    ),
    "BreastMNIST, auc_m, mlp": (
        "auc_m",
        {
            "dataset": "breastmnist",
            "model": "mlp",
            "epochs": 18,
            "intervals": 9,
            "batch_size": 32,
        },
    ),
}

REFERENCE = {"sampler": "random", "pruner": "none"}
ARMS: dict[str, dict[str, Any]] = {
    "random": {"sampler": "random", "pruner": "none"},
    "random, ASHA": {"sampler": "random"},
    "TPE": {"pruner": "none"},
    "TPE, ASHA": {},
    "TPE, ASHA, warm start": {"warm_start": True},
    "GP": {"sampler": "gp", "pruner": "none"},
    "GP, ASHA": {"sampler": "gp"},
    "GP, ASHA, pruned trials left out": {"sampler": "gp"},
}
LEFT_OUT = "pruned trials left out"


@dataclass(frozen=True)
class Point:
    """What a search had when a trial of it had ended.

    Attributes:
        spent: gradient evaluations of the search so far.
        value: validation AUROC of the trial, if it ran to its end; else None.
        params: its hyperparameters.
    """

    spent: int
    value: float | None
    params: Mapping[str, Any]


class Trainer:
    """Trains trials interval by interval; what was trained for one search serves the next."""

    def __init__(self) -> None:
        self._curves: dict[str, list[tuple[float | None, int]]] = {}
        self._tests: dict[str, float] = {}
        self._key = ""
        self._run: TrainingRun | None = None

    def interval(self, config: dict[str, Any], number: int) -> tuple[float | None, int]:
        """Validation AUROC and gradient evaluations after so many intervals; the AUROC is None
        where the loss diverged."""
        key = json.dumps(config, sort_keys=True)
        curve = self._curves.setdefault(key, [])
        while len(curve) < number:
            if self._run is None or key != self._key:
                self._key, self._run = key, TrainingRun(TrialConfig(**config))
                curve.clear()
            try:
                value: float | None = self._run.train_interval()["val_auroc"]
            except DivergedError:
                value = None
            curve.append((value, self._run.gradient_evaluations))
        return curve[number - 1]

    def test(self, config: dict[str, Any]) -> float:
        """Test AUROC of the whole trial; .5 where the loss diverged."""
        key = json.dumps(config, sort_keys=True)
        if key not in self._tests:
            run = TrainingRun(TrialConfig(**config))
            try:
                while not run.finished:
                    run.train_interval()
                self._tests[key] = float(run.test()["test_auroc"])
            except DivergedError:
                self._tests[key] = 0.5
        return self._tests[key]


def plan(setting: str, repetition: int, search: Mapping[str, Any], data: Path) -> list[Cell]:
    """The neighbour's cell and the one that is looked at."""
    method, task = SETTINGS[setting]
    spec = parse_spec(
        {
            "name": "spend",
            "seed": repetition,
            "methods": [method],
            "tasks": [task],
            "imratios": [NEIGHBOUR, RATIO],
            "search": {"trials": TRIALS, **search},
            "confirm": {"seeds": SEEDS},
            "data_root": str(data),
        }
    )
    return cells(spec)


def searched(trainer: Trainer, cell: CellLedger, *, leaves_out: bool = False) -> list[Point]:
    """The cell's search, to its end.

    Args:
        trainer: trains its trials.
        cell: opened.
        leaves_out: the sampler is not told of pruned trials.
    """
    plan = cell.cell
    asha = search_asha(plan) if plan.pruner == "asha" else None
    points: list[Point] = []
    while len(points) < TRIALS and (row := cell.next_search()) is not None:
        config = plan.trial(row.params, row.seeds)
        state, evaluations = train(trainer, cell, row, config, asha)
        cell.tell(row, state, Outcome(gradient_evaluations=evaluations))
        spent = evaluations + (points[-1].spent if points else 0)
        points.append(Point(spent, row.value, row.params))
        if leaves_out and state == "PRUNED":
            row.state, row.crashed = "FAIL", True  # in memory alone
    return points


def train(
    trainer: Trainer, cell: CellLedger, row: Row, config: dict[str, Any], asha: Any
) -> tuple[str, int]:
    """State that the row ends in, and gradient evaluations of it."""
    stand_in, last, evaluations = stands_for(row.name), config["intervals"], 0
    if asha is not None:
        asha.on_trial_add(None, stand_in)
    for interval in range(1, last + 1):
        value, evaluations = trainer.interval(config, interval)
        if value is None:
            return "FAIL", evaluations
        cell.report(row, {interval: value})
        if asha is not None:
            result = {"interval": interval, "value": value}
            verdict = asha.on_trial_result(None, stand_in, result)
            if verdict == TrialScheduler.STOP and interval < last:
                return "PRUNED", evaluations
    return "COMPLETE", evaluations


def best(points: Iterable[Point]) -> Point | None:
    """What a search has selected after these trials."""
    ended = [point for point in points if point.value is not None]
    return max(ended, key=lambda point: point.value or 0.0, default=None)


def spent_until(points: Sequence[Point], target: float) -> float:
    """Gradient evaluations until the selected trial is as good as ``target``; infinity: never."""
    return next((p.spent for p in points if p.value is not None and p.value >= target), inf)


def expected_best(values: Sequence[float], n: int) -> float:
    """Mean of the best of n of these values, over all ways to choose them."""
    ways = [comb(i, n - 1) for i in range(len(values))]
    return sum(w * v for w, v in zip(ways, sorted(values), strict=True)) / comb(len(values), n)


def repetition(setting: str, number: int, data: Path) -> dict[str, Any]:
    """All searches of one study's seed, and the tests of what they had selected."""
    trainer, number_of_file = Trainer(), count()

    def opened(search: Mapping[str, Any], reference: bool = False) -> Ledger:
        above, here = plan(setting, number, search, data)
        if reference:  # the id decides the draws, the task and the seed decide the split
            here = replace(here, id=f"{here.id}-reference")
        storage = open_storage(f"sqlite:///{folder}/{next(number_of_file)}.db")
        return Ledger(storage, "spend", [above, here])

    with tempfile.TemporaryDirectory() as folder:
        *_, cell = opened(REFERENCE, reference=True).cells.values()
        reference = searched(trainer, cell)
        full = reference[-1].spent / TRIALS
        arms: dict[str, Any] = {}
        chosen = best(reference)
        assert chosen is not None
        seeds = [confirm_seeds(cell.cell, seed) for seed in range(SEEDS)]

        def tests(point: Point) -> list[float]:
            return [trainer.test(cell.cell.trial(point.params, each)) for each in seeds]

        for arm, search in ARMS.items():
            above, here = opened(search).cells.values()
            neighbour = searched(trainer, above) if search.get("warm_start") else []
            points = searched(trainer, here, leaves_out=LEFT_OUT in arm)
            selected = {n: best(p for p in points if p.spent <= n * full) for n in SPENT}
            arms[arm] = {
                "points": [[point.spent, point.value] for point in points],
                "neighbour": neighbour[-1].spent if neighbour else 0,
                "selected": {n: p.value for n, p in selected.items() if p is not None},
                "test": {n: tests(p) for n, p in selected.items() if p is not None},
            }
            print(setting, number, arm, len(points), points[-1].spent, flush=True)
        return {
            "setting": setting,
            "repetition": number,
            "full": full,
            "reference": {
                "values": [p.value for p in reference if p.value is not None],
                "test": tests(chosen),
            },
            "arms": arms,
        }


def run(out: Path, data: Path, repetitions: int, settings: Iterable[str]) -> None:
    """Every repetition that ``out`` does not hold yet."""
    out.mkdir(parents=True, exist_ok=True)
    for number in range(repetitions):
        for setting in settings:
            file = out / f"{setting.replace(', ', '-')}-{number}.json"
            if not file.exists():
                file.write_text(json.dumps(repetition(setting, number, data)))


def show(out: Path) -> None:
    """A table a setting."""
    told = [json.loads(file.read_text()) for file in sorted(out.glob("*.json"))]
    for setting in SETTINGS:
        if rows := [each for each in told if each["setting"] == setting]:
            full = statistics.median(each["full"] for each in rows)
            print(
                f"\n### {setting}\n\n{len(rows)} repetitions; a full-length trial makes "
                f"{full:,.0f} gradient evaluations.\n\n{table(rows)}"
            )


def table(repetitions: Sequence[Mapping[str, Any]]) -> str:
    """A row a search; costs in full-length trials, differences within a repetition."""
    heads = [
        "search",
        f"its {TRIALS} trials cost",
        f"to the best of {TRIALS}",
        f"to the expected best of {EASIER}",
        *(f"validation AUROC at {n}, less the best of {TRIALS}" for n in SPENT),
        *(f"test AUROC at {n}, less that of random" for n in SPENT),
    ]
    lines = [f"| {' | '.join(heads)} |", "|---" + "|---:" * (len(heads) - 1) + "|"]
    targets = [max(each["reference"]["values"]) for each in repetitions]
    easier = [expected_best(each["reference"]["values"], EASIER) for each in repetitions]
    for arm in ARMS:
        found = [each["arms"][arm] for each in repetitions]
        columns = [arm, _median(_until(repetitions, arm, None))]
        columns += [_median(_until(repetitions, arm, goals)) for goals in (targets, easier)]
        columns += [_mean(_short(found, targets, n)) for n in SPENT]
        columns += [_mean(_ahead(repetitions, arm, n)) for n in SPENT]
        lines.append(f"| {' | '.join(columns)} |")
    return "\n".join(lines)


def _until(
    repetitions: Sequence[Mapping[str, Any]], arm: str, goals: Sequence[float] | None
) -> list[float]:
    """Spent until each repetition's goal, or in all, in full-length trials."""
    found = []
    for place, each in enumerate(repetitions):
        points = [Point(spent, value, {}) for spent, value in each["arms"][arm]["points"]]
        spent = points[-1].spent if goals is None else spent_until(points, goals[place])
        found.append(spent / each["full"])
    return found


def _short(found: Iterable[Mapping[str, Any]], targets: Iterable[float], n: int) -> list[float]:
    """Of what was selected, by repetition; those without any are left out."""
    pairs = zip(found, targets, strict=True)
    return [
        each["selected"][str(n)] - target for each, target in pairs if str(n) in each["selected"]
    ]


def _ahead(repetitions: Iterable[Mapping[str, Any]], arm: str, n: int) -> list[float]:
    """Mean test AUROC over the seeds less that of random search, by repetition."""
    pairs = [(each["arms"][arm]["test"], each["arms"]["random"]["test"]) for each in repetitions]
    return [
        statistics.mean(own[str(n)]) - statistics.mean(other[str(n)])
        for own, other in pairs
        if str(n) in own and str(n) in other
    ]


def _median(values: Sequence[float]) -> str:
    """With the range, and in how many repetitions the target was reached where not in all."""
    reached = sum(value < inf for value in values)
    shown = [
        "never" if value == inf else f"{value:.1f}"
        for value in (statistics.median(values), min(values), max(values))
    ]
    of = "" if reached == len(values) else f", {reached} of {len(values)}"
    return f"{shown[0]} ({shown[1]} to {shown[2]}{of})"


def _mean(values: Sequence[float]) -> str:
    """With the standard deviation over the repetitions."""
    if len(values) < 2:
        return "too few"
    return f"{statistics.mean(values):+.4f} ± {statistics.stdev(values):.4f}"


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    running = commands.add_parser("run")
    running.add_argument("--out", type=Path, required=True)
    running.add_argument("--data", type=Path, default=Path(os.environ.get("AUCSTUDY_DATA", "data")))
    running.add_argument("--repetitions", type=int, default=5)
    running.add_argument("--settings", nargs="+", choices=SETTINGS, default=list(SETTINGS))
    commands.add_parser("show").add_argument("out", type=Path)
    asked = parser.parse_args(arguments)
    torch.set_num_threads(1)
    if asked.command == "run":
        run(asked.out, asked.data, asked.repetitions, asked.settings)
    else:
        show(asked.out)


if __name__ == "__main__":
    main()
