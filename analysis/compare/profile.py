"""What moving one hyperparameter of a selected configuration does, all else as it was selected.

A profile trial has the data split, weights and order of a confirm trial, and differs from it in
one hyperparameter: the difference of their AUROCs is that hyperparameter's doing, and nobody's
luck. Validation AUROC is always known; test AUROC where the spec lets profiles be tested.
"""

import math
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from analysis.columns import PLACE
from analysis.compare.paired_seeds import mean_interval
from analysis.compare.searches import grouped, sampled
from analysis.results import Results, final_auroc
from study.records import CellRecord, TrialRecord

__all__ = ["SIDES", "Part", "drawn", "named", "parts", "profiles", "reach", "shown_side"]

SIDES = {"val": "validation", "test": "test"}
"""The two sides of a profile, and their words."""

LEAST_REACH = 0.01
"""Differences of AUROC that a figure shows at least, to either side of zero."""

MOST_REACH = 1.5
"""How far a figure shows intervals, in largest differences."""

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
            yield shared | {"own": False} | _paired(cell, pairs, here)
        if value in own:
            theirs = [row for row in confirmed.values() if _value(cell, row, name) == value]
            yield shared | {"own": True} | _paired(cell, [(row, row) for row in theirs], theirs)


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
    cell: CellRecord,
    pairs: Sequence[tuple[TrialRecord, TrialRecord]],
    rows: Sequence[TrialRecord],
) -> dict[str, Any]:
    said: dict[str, Any] = {"rows": tuple(sorted(row.number for row in rows)), "n": len(pairs)}
    for side in SIDES:
        known = [
            (a, b, moved.repeat)
            for moved, kept in pairs
            for a, b in [(_auroc(cell, moved, side), _auroc(cell, kept, side))]
            if a is not None and b is not None
        ]
        a, b, repeats = np.array(known, dtype=float).reshape(-1, 3).T
        differences = sampled((a - b).round(12), grouped(repeats))
        low, high = mean_interval(differences)
        said |= {
            f"{side}_mean": float(a.mean()) if known else math.nan,
            f"{side}_difference": float(differences.mean()) if known else math.nan,
            f"{side}_low": low,
            f"{side}_high": high,
        }
    return said


def _auroc(cell: CellRecord, row: TrialRecord, side: str) -> float | None:
    return final_auroc(cell, row) if side == "val" else row.test_auroc


def shown_side(table: pd.DataFrame) -> str:
    """The side that figures show: test where the profiles met the test set."""
    return "test" if table.loc[~table["own"], "test_difference"].notna().any() else "val"


class Part(NamedTuple):
    """A hyperparameter in a setting.

    Attributes:
        name: the hyperparameter; task, ratio: the setting.
        rows: of ``profiles``, of all methods there.
    """

    name: str
    task: str
    ratio: str
    rows: pd.DataFrame


def parts(table: pd.DataFrame, settings: Sequence[tuple[str, str]]) -> Iterator[Part]:
    """A panel each, hyperparameter by hyperparameter, in the order of ``settings``."""
    for name in dict.fromkeys(table["hyperparameter"]):
        for task, ratio in settings:
            here = (table["task"] == task) & (table["ratio"] == ratio)
            rows = table[(table["hyperparameter"] == name) & here]
            if len(rows):
                yield Part(str(name), task, ratio, rows)


def reach(table: pd.DataFrame, side: str) -> list[float]:
    """Of the differences: a wide interval may run out of it, so that the others stay legible."""
    ends = table[[f"{side}_{what}" for what in ("difference", "low", "high")]]
    most = max(LEAST_REACH, MOST_REACH * float(ends.iloc[:, 0].abs().max()))
    low, high = float(ends.min().min()), float(ends.max().max())
    return [1.08 * max(-most, min(-LEAST_REACH, low)), 1.08 * min(most, max(LEAST_REACH, high))]


def drawn(rows: pd.DataFrame, side: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Of one method's rows of a ``Part``: those that a line joins, and those with a ring.

    What one search selected lies on the line; of several each had its own companions.
    """
    rows = rows.sort_values("place")
    own = rows[rows["own"]]
    line = rows if len(own) == 1 else rows[~rows["own"]]
    return line.dropna(subset=[f"{side}_difference"]), own


def named(rows: pd.DataFrame) -> bool:
    """Some values are no numbers: on an axis each has a tick of its own."""
    pairs = zip(rows["text"], rows["place"], strict=True)
    return any(text != f"{place:.3g}" for text, place in pairs)
