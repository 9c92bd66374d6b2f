"""What moving one hyperparameter of a selected configuration does, all else as it was selected.

A profile trial has the data split, weights and order of a confirm trial, and differs from it in
one hyperparameter: the difference of their AUROCs is that hyperparameter's doing, and nobody's
luck. Validation AUROC is always known; test AUROC where the spec lets profiles be tested.
"""

import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.columns import PLACE
from analysis.compare.intervals import NO_INTERVAL, Interval
from analysis.compare.searches import grouped, sampled
from analysis.compare.t_test import Student
from analysis.results import Results, final_auroc
from study.plan.power import LEAST_SEEDS
from study.records import CellRecord, TrialRecord

__all__ = ["SIDES", "profiles"]

SIDES = ("val", "test")
"""Validation and test."""

WIDE = 30.0
"""Values of one sign that lie this many times apart are drawn on a log scale."""


def profiles(results: Results) -> pd.DataFrame:
    """One row a cell, hyperparameter and value; the selected configurations' own among them.

    Returns:
        cell, method, task, imratio, ratio, hyperparameter, text (the value as written), place
        (where it lies on an axis: the number, or its place in the spec's list), log (the axis is
        logarithmic), own (it is what was selected), rows (numbers of the profile trials; of the
        confirm trials where own), n (confirm seeds with which they are paired), and for each side
        of ``SIDES``, validation and test: <side>_mean (of the rows), <side>_difference (moved
        less selected, mean over the seeds), <side>_low, <side>_high (t interval of it, over
        searches where there are several; none below three values). Differences of own values are 0.
    """
    names = ["hyperparameter", "text", "place", "log", "own", "rows", "n"]
    names += [f"{side}_{what}" for side in SIDES for what in ("mean", "difference", "low", "high")]
    known = results.cells.set_index("cell", drop=False).to_dict("index")
    rows = [
        [*(known[cell.id][key] for key in PLACE), *(row[name] for name in names)]
        for cell in results.study.cells
        if cell.moves is not None
        for name, values in cell.moves.values.items()
        for row in _profile(cell, name, values)
    ]
    return pd.DataFrame(rows, columns=[*PLACE, *names]).astype(
        {"place": float, "log": bool, "own": bool, "imratio": float}
    )


def _profile(cell: CellRecord, name: str, values: Sequence[Any]) -> Iterator[dict[str, Any]]:
    confirmed = {row.seed: row for row in reversed(cell.confirm) if row.state == "COMPLETE"}
    moved = [
        row
        for row in cell.profile
        if row.state == "COMPLETE" and row.moved is not None and row.moved[0] == name
    ]
    if not moved:
        return
    own = _own(cell, name)
    every = [*values, *(value for value in own if value not in values)]
    numbers = all(isinstance(v, int | float) and not isinstance(v, bool) for v in every)
    log = (
        numbers and min(every) > 0 and (_searched_log(cell, name) or max(every) > WIDE * min(every))
    )
    for index, value in enumerate(every):
        place = float(value) if numbers else float(index)
        shared = {"hyperparameter": name, "text": _text(value), "place": place, "log": log}
        here = [row for row in moved if row.moved == (name, value)]
        if here:
            pairs = [(row, confirmed[row.seed]) for row in here if row.seed in confirmed]
            yield shared | {"own": False} | _paired(pairs, here)
        if value in own:
            theirs = [row for row in confirmed.values() if _value(cell, row, name) == value]
            yield shared | {"own": True} | _paired([(row, row) for row in theirs], theirs)


def _own(cell: CellRecord, name: str) -> list[Any]:
    """What the hyperparameter is in the configurations that are confirmed."""
    return [*dict.fromkeys(_value(cell, row, name) for row in cell.confirm)]


def _value(cell: CellRecord, row: TrialRecord, name: str) -> Any:
    unmoved = {} if cell.moves is None else cell.moves.unmoved
    return row.params.get(name, unmoved.get(name))


def _searched_log(cell: CellRecord, name: str) -> bool:
    return bool(cell.space.get(name, {}).get("log"))


def _text(value: Any) -> str:
    if value is None:
        return "null"
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def _paired(
    pairs: Sequence[tuple[TrialRecord, TrialRecord]], rows: Sequence[TrialRecord]
) -> dict[str, Any]:
    said: dict[str, Any] = {"rows": tuple(sorted(row.number for row in rows)), "n": len(pairs)}
    for side in SIDES:
        known = [
            (a, b, moved.repeat)
            for moved, kept in pairs
            for a, b in [(_auroc(moved, side), _auroc(kept, side))]
            if a is not None and b is not None
        ]
        a, b, repeats = np.array(known, dtype=float).reshape(-1, 3).T
        differences = sampled((a - b).round(12), grouped(repeats))
        low, high = _interval(differences)
        said |= {
            f"{side}_mean": float(a.mean()) if known else math.nan,
            f"{side}_difference": float(differences.mean()) if known else math.nan,
            f"{side}_low": low,
            f"{side}_high": high,
        }
    return said


def _interval(d: NDArray[np.float64]) -> Interval:
    if len(d) < LEAST_SEEDS or np.ptp(d) == 0:
        return NO_INTERVAL
    error = float(d.std(ddof=1)) / math.sqrt(len(d))
    return Student(float(d.mean()), error, len(d) - 1).interval


def _auroc(row: TrialRecord, side: str) -> float | None:
    return final_auroc(row) if side == "val" else row.test_auroc
