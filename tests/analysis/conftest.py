"""Example studies: builders of records, and one simulated study with a known answer."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from analysis import report
from analysis.results import Results, from_record
from study.records import CellRecord, StudyRecord, TrialRecord

LR = {"low": 1e-3, "high": 1.0, "log": True, "step": None}
MARGIN = {"low": 0.1, "high": 1.0, "log": False, "step": None}
MIXUP = {"low": 0.1, "high": 1.6, "log": False, "step": None}
STEPS = {"choices": (1, 2, 3)}
SPACES: dict[str, dict[str, dict[str, Any]]] = {
    "ce": {"lr": LR},
    "auc_m": {"lr": LR, "margin": MARGIN},
    "auc_mixup": {"lr": LR, "margin": MARGIN, "mixup_alpha": MIXUP},
    "ct_auc": {"lr": LR, "margin": MARGIN, "inner_steps": STEPS},
}
BASE = {
    "ce": (0.702, 0.851),
    "auc_m": (0.748, 0.893),
    "auc_mixup": (0.752, 0.894),
    "ct_auc": (0.76, 0.921),
}
PASSES = {"ce": 1, "auc_m": 1, "auc_mixup": 1, "ct_auc": 2}
INTERVALS = 9
IMAGES = 20_000
BEST_LR, BEST_MARGIN = 0.1, 0.7
TRIALS, SEEDS = 40, 5


def make_trial(phase: str = "search", number: int = 0, **fields: Any) -> TrialRecord:
    """A COMPLETE row; ``fields`` replace what they name."""
    value = fields.pop("value", 0.8)
    row: dict[str, Any] = {
        "phase": phase,
        "number": number,
        "state": "COMPLETE",
        "value": value,
        "params": {},
        "validations": {} if value is None else {1: value},
        "origin": "random" if phase == "search" else "selected",
        "seeds": {"data_seed": 1, "init_seed": 2 + number, "order_seed": 3},
        "reason": None,
        "seconds": 10.0,
        "gradient_evaluations": 1000,
        "images": 1000,
        "curve": (),
        "host": "node1",
        "device": "cpu",
        "started": None,
        "finished": None,
    }
    return TrialRecord(**(row | fields))


def make_confirm(seed: int, test_auroc: float | None, **fields: Any) -> TrialRecord:
    """A COMPLETE confirm row of search row 0."""
    own = {"seed": seed, "selected_from": 0, "test_auroc": test_auroc, "test_auprc": 0.5}
    return make_trial("confirm", fields.pop("number", seed), **(own | fields))


def make_cell(method: str = "auc_m", imratio: float | None = 0.1, **fields: Any) -> CellRecord:
    """A cell of task "cifar10-resnet20"; ``fields`` (of its run, too) replace what they name.

    ``selected``: number of the selected row of its one search, or None.
    """
    task = fields.get("task", "cifar10-resnet20")
    label = "natural" if imratio is None else f"{imratio:g}"
    cell: dict[str, Any] = {
        "id": f"{method}__{task}__{label}",
        "method": method,
        "task": task,
        "imratio": imratio,
        "space": {},
        "fixed": {},
        "planned_trials": len(fields.get("search", ())),
        "planned_seeds": len(fields.get("confirm", ())),
        "selected": 0 if fields.get("confirm") else None,
        "search": (),
        "confirm": (),
    }
    shared: dict[str, Any] = {
        "dataset": "cifar10",
        "model": "resnet20",
        "epochs": INTERVALS,
        "batch_size": 128,
        "intervals": INTERVALS,
    }
    named = {name: fields.pop(name) for name in shared if name in fields}
    cell |= fields
    cell["run"] = shared | named | fields.get("run", {})
    # Rows of the configuration that was selected, as in a ledger.
    chosen = cell["selected"]
    cell["confirm"] = tuple(replace(row, selected_from=chosen) for row in cell["confirm"])
    cell["selected"] = () if chosen is None else (chosen,)
    return CellRecord(**cell)


def make_study(*cells: CellRecord, **fields: Any) -> StudyRecord:
    """A study of ``cells``."""
    study: dict[str, Any] = {
        "name": "margin-study",
        "directory": Path("studies/margin-study"),
        "spec": {"name": "margin-study", "seed": 0, "methods": [c.method for c in cells]},
        "provenance": {"versions": {"python": "3.11.7", "torch": "2.6.0"}, "commit": "0123abc"},
        "cells": cells,
    }
    return StudyRecord(**(study | fields))


def _propose(method: str, number: int, draw: np.random.Generator) -> dict[str, Any]:
    """Random rows first, then rows nearer to the optimum, as TPE would."""
    guided = number >= 10
    lr = 10 ** (draw.normal(-1, 0.45) if guided else draw.uniform(-3, 0))
    margin = draw.normal(BEST_MARGIN, 0.17) if guided else draw.uniform(0.1, 1)
    every = {
        "lr": float(np.clip(lr, 1e-3, 1)),
        "margin": float(np.clip(margin, 0.1, 1)),
        "mixup_alpha": float(draw.uniform(0.1, 1.6)),
        "inner_steps": int(draw.integers(1, 4)),
    }
    return {name: every[name] for name in SPACES[method]}


def _curve(
    method: str, ratio: int, params: dict[str, Any], draw: np.random.Generator
) -> tuple[dict[str, float], ...]:
    top = BASE[method][ratio] - 0.035 * np.log10(params["lr"] / BEST_LR) ** 2
    top -= 0.25 * (params.get("margin", BEST_MARGIN) - BEST_MARGIN) ** 2
    top -= 0.012 * abs(params.get("inner_steps", 2) - 2)
    top += draw.normal(0, 0.006)
    points = []
    for interval in range(1, INTERVALS + 1):
        reached = 0.5 + (top - 0.5) * (1 - np.exp(-0.55 * interval))
        points.append(
            {
                "interval": interval,
                "val_auroc": float(np.clip(reached + draw.normal(0, 0.002), 0, 1)),
                "loss": float(0.7 * np.exp(-0.2 * interval)),
                "seconds": 6.1 * interval * PASSES[method],
                "gradient_evaluations": IMAGES * interval * PASSES[method],
            }
        )
    return tuple(points)


def _spent(method: str, intervals: int) -> dict[str, Any]:
    return {
        "images": IMAGES * intervals,
        "gradient_evaluations": IMAGES * intervals * PASSES[method],
        "seconds": 6.1 * intervals * PASSES[method],
    }


def _searched(
    method: str, ratio: int, draw: np.random.Generator, doomed: bool
) -> list[TrialRecord]:
    rows: list[TrialRecord] = []
    rungs: dict[int, list[float]] = {1: [], 3: []}
    for number in range(TRIALS):
        params = _propose(method, number, draw)
        curve = _curve(method, ratio, params, draw)
        origin = "random" if number < 10 else "tpe"
        if doomed or params["lr"] > 0.8:
            reason = "The loss became NaN in interval 1: the trial diverged."
            fail: dict[str, Any] = {
                "state": "FAIL",
                "value": None,
                "reason": reason,
                "origin": origin,
            }
            rows.append(make_trial(number=number, params=params, **fail, **_spent(method, 1)))
            continue
        stop = INTERVALS
        for rung, seen in rungs.items():
            seen.append(curve[rung - 1]["val_auroc"])
            if len(seen) > 2 and seen[-1] < np.quantile(seen, 0.4):
                stop = rung
                break
        kept = curve[:stop]
        rows.append(
            make_trial(
                number=number,
                params=params,
                origin=origin,
                state="COMPLETE" if stop == INTERVALS else "PRUNED",
                value=kept[-1]["val_auroc"] if stop == INTERVALS else None,
                validations={int(p["interval"]): p["val_auroc"] for p in kept},
                curve=kept,
                **_spent(method, stop),
            )
        )
    return rows


def _confirmed(
    method: str, ratio: int, winner: TrialRecord, draw: np.random.Generator, running: int
) -> list[TrialRecord]:
    rows = []
    for seed in range(SEEDS):
        curve = _curve(method, ratio, winner.params, draw)
        own = {"params": winner.params, "selected_from": winner.number}
        if seed >= SEEDS - running:
            own |= {"state": "RUNNING", "value": None, "seconds": None, "images": None}
            own |= {"gradient_evaluations": None, "test_auprc": None}
            validations = {int(p["interval"]): p["val_auroc"] for p in curve[:4]}
            rows.append(make_confirm(seed, None, validations=validations, **own))
            continue
        test = curve[-1]["val_auroc"] - 0.006 + float(draw.normal(0, 0.003))
        rows.append(
            make_confirm(
                seed,
                test,
                value=curve[-1]["val_auroc"],
                validations={int(p["interval"]): p["val_auroc"] for p in curve},
                curve=curve,
                **own,
                **_spent(method, INTERVALS),
            )
        )
    return rows


def simulated_study(running: bool = True) -> StudyRecord:
    """4 methods x 2 ratios; best lr 0.1 and margin 0.7 everywhere, and ct_auc best at 10 %.

    Search rows above lr 0.8 fail and slow ones are pruned. Every row of ct_auc at 1 % failed.
    With ``running``, two confirm rows of auc_mixup at 10 % are under way.
    """
    draw = np.random.default_rng(0)
    cells = []
    for place, imratio in enumerate((0.01, 0.1)):
        for method, space in SPACES.items():
            doomed = method == "ct_auc" and imratio == 0.01
            search = _searched(method, place, draw, doomed)
            done = [row for row in search if row.value is not None]
            winner = max(done, key=lambda row: row.value or 0, default=None)
            under_way = 2 if running and method == "auc_mixup" and imratio == 0.1 else 0
            confirm = _confirmed(method, place, winner, draw, under_way) if winner else []
            cells.append(
                make_cell(
                    method,
                    imratio,
                    space=space,
                    fixed={"score_map": "sigmoid"} if method != "ce" else {},
                    planned_trials=TRIALS,
                    planned_seeds=SEEDS,
                    selected=None if winner is None else winner.number,
                    search=tuple(search),
                    confirm=tuple(confirm),
                )
            )
    spec = {
        "name": "margin-study",
        "seed": 0,
        "methods": list(SPACES),
        "tasks": [{"dataset": "cifar10", "model": "resnet20", "epochs": 9, "batch_size": 128}],
        "imratios": [0.01, 0.1],
        "search": {"trials": TRIALS, "random_trials": 10, "sampler": "tpe", "pruner": "asha"},
        "confirm": {"seeds": SEEDS},
        "precision": "f32",
    }
    provenance = {
        "versions": {"python": "3.11.7", "torch": "2.6.0", "ray": "2.60.0", "optuna": "5.0.0"},
        "git": {"commit": "3f1c2d7a90b1", "dirty": False},
        "hardware": {"cpu": "2 cores", "gpus": ["NVIDIA H200"]},
        "data": {"cifar10": {"data_batch_1": "md5 c99cafc152244af753f735de768cd75f"}},
    }
    return make_study(*cells, spec=spec, provenance=provenance)


EVIL = "</script><script>alert(1)</script><img src=x onerror=alert(2)>%{x}&amp;|`"


def evil_study() -> StudyRecord:
    """Markup in every place that a user can name or fill."""
    space = {EVIL: {"choices": (EVIL, "b")}}
    search = (
        *(make_trial(number=i, params={EVIL: (EVIL, "b")[i % 2]}, value=0.8) for i in range(6)),
        make_trial(number=6, state="FAIL", value=None, reason=EVIL, host=EVIL, params={EVIL: "b"}),
        make_trial(number=7, execution=f"eager: {EVIL}", params={EVIL: "b"}),
    )
    point: dict[str, float] = {"interval": 1, "val_auroc": 0.8, "loss": 1.0, "seconds": 1.0}
    points = (point | {"gradient_evaluations": 10}, point | {"interval": 2})
    cells = [
        make_cell(
            EVIL,
            ratio,
            id=f"evil-{ratio}",
            task=EVIL,
            dataset=EVIL,
            model=EVIL,
            space=space,
            fixed={EVIL: EVIL},
            search=search,
            confirm=(make_confirm(0, 0.8, curve=points), make_confirm(1, 0.81, curve=points)),
        )
        for ratio in (0.01, 0.1)
    ]
    return make_study(*cells, name=EVIL, spec={EVIL: [EVIL]}, provenance={EVIL: {EVIL: EVIL}})


@pytest.fixture(scope="session")
def trial() -> Callable[..., TrialRecord]:
    """``make_trial``."""
    return make_trial


@pytest.fixture(scope="session")
def confirm() -> Callable[..., TrialRecord]:
    """``make_confirm``."""
    return make_confirm


@pytest.fixture(scope="session")
def cell() -> Callable[..., CellRecord]:
    """``make_cell``."""
    return make_cell


@pytest.fixture(scope="session")
def study() -> Callable[..., StudyRecord]:
    """``make_study``."""
    return make_study


@pytest.fixture(scope="session")
def simulated() -> Results:
    """Frames of the simulated study, two confirm rows still running."""
    return from_record(simulated_study())


@pytest.fixture(scope="session")
def finished() -> Results:
    """The same study, finished."""
    return from_record(simulated_study(running=False))


@pytest.fixture(scope="session")
def evil() -> Results:
    """A study with markup in every place that a user can name or fill."""
    return from_record(evil_study())


@pytest.fixture(scope="session")
def simulated_report(simulated: Results, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """``report.html`` of the simulated study, with its files beside it."""
    return report.write_results(simulated, tmp_path_factory.mktemp("simulated"))


@pytest.fixture(scope="session")
def evil_report(evil: Results, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """``report.html`` of the study with markup everywhere, with its files beside it."""
    return report.write_results(evil, tmp_path_factory.mktemp("evil"))
