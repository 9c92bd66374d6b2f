"""AUROC among the test images of one kind: one sex, one site, whatever a column of metadata names.

Nothing is tested here: intervals of many subgroups are many looks at the same images.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from analysis.columns import PLACE, SETTING
from analysis.compare.by_label import interval_of
from analysis.compare.intervals import NO_INTERVAL
from analysis.compare.pairwise import seeds
from analysis.compare.testset import placed, read
from analysis.errors import AnalysisError
from analysis.images.predictions import Predictions, load_predictions
from analysis.results import Results

__all__ = ["MISSING", "MOST", "Subgroups", "subgroups"]

MOST = 12
"""Categories of a column at most; of more, subgroups are too many and too small."""

MISSING = "(missing)"
"""Stands for the images whose row has nothing in the column."""


@dataclass(frozen=True, eq=False)
class Subgroups:
    """What the stored predictions say of parts of the test set.

    Attributes:
        cells: one row a cell, column and category: cell, method, task, imratio, ratio, column,
            category, images, positives, negatives (of several labels summed over them), groups
            (NaN without any), labels (that have both classes there; 1 in a task of one), of
            (labels of the task), mean (test AUROC over the sample; NaN without both classes), n,
            rows, low, high (95 %, as by label).
        left_out: by task, columns with words why they have no subgroups.
    """

    cells: pd.DataFrame
    left_out: Mapping[str, Mapping[str, str]]


COLUMNS = [
    *(*PLACE, "column", "category", "images", "positives", "negatives", "groups", "labels", "of"),
    *("mean", "n", "rows", "low", "high"),
]


def subgroups(results: Results) -> Subgroups:
    """Every setting whose predictions have columns of few categories."""
    cells: list[dict[str, Any]] = []
    left_out: dict[str, dict[str, str]] = {}
    for (task, _), setting in seeds(results).groupby([*SETTING], sort=False):
        rows = {
            method: setting[setting["method"] == method]
            for method in results.methods
            if (setting["method"] == method).any()
        }
        if _without_columns(results, setting):
            continue
        runs = {method: said.runs for method, said in read(results, rows).items() if said.runs}
        if not runs:
            continue
        columns = next(iter(runs.values()))[0].metadata
        refused = {name: why for name, values in columns.items() if (why := _refused(values))}
        if refused:
            left_out.setdefault(str(task), {}).update(refused)
        for name, values in columns.items():
            # Empty text sorts first, and is shown last.
            for category in (
                () if name in refused else sorted(set(values), key=lambda v: (not v, v))
            ):
                for method, said in runs.items():
                    chosen = values == category
                    part = [run.only(chosen) for run in said]
                    names = {"column": name, "category": str(category) or MISSING}
                    cells.append({**_cell(rows[method], part), **names})
    return Subgroups(pd.DataFrame(cells, columns=COLUMNS), left_out)


def _without_columns(results: Results, setting: pd.DataFrame) -> bool:
    """Its first trial with predictions kept no metadata: the others need not be read."""
    named = setting[setting["predictions"].notna()].head(1)
    try:
        said = [
            load_predictions(results, cell, int(number))
            for cell, number in zip(named["cell"], named["number"], strict=True)
        ]
    except AnalysisError:
        return False
    return not any(each.metadata for each in said)


def _missing_last(category: str) -> tuple[bool, str]:
    return category == "", category


def _refused(values: np.ndarray) -> str:
    """Why a column has no subgroups; "" if it has."""
    if values.dtype.kind != "U":
        return "numbers"
    count = len(set(values))
    if count < 2:
        return "one category"
    return f"{count} categories" if len({*values} - {""}) > MOST else ""


def _cell(rows: pd.DataFrame, part: list[Predictions]) -> dict[str, Any]:
    first = part[0]
    groups = math.nan if first.groups is None else float(len(np.unique(first.groups)))
    mean, (low, high) = math.nan, NO_INTERVAL
    if first.by_label:
        mean, (low, high) = interval_of(placed(part), first, rows)
    return {
        **{key: rows[key].iloc[0] for key in PLACE},
        "images": len(first.targets),
        "positives": int((first.targets == 1).sum()),
        "negatives": int((first.targets == 0).sum()),
        "groups": groups,
        "labels": len(first.by_label),
        "of": max(1, len(first.labels)),
        "mean": mean,
        "n": len(part),
        "rows": tuple(rows["number"]),
        "low": low,
        "high": high,
    }
