"""What confirm trials kept of their training and test images, with a mix of images and without.

Nothing was selected by these figures, those of the test images included: they are looked at after
the fact, and no method, trial or interval is chosen by them.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis import columns, labels
from analysis.columns import CURVES, DIAGNOSTICS
from analysis.compare.paired_seeds import mean_interval
from analysis.compare.pairwise import seeds
from analysis.compare.searches import grouped, sampled
from analysis.errors import AnalysisError
from analysis.images.predictions import load_predictions
from analysis.results import Results, trial_id
from study.records import CellRecord

__all__ = ["FIGURES", "Diagnostics", "Group", "diagnostics", "points"]

FIGURES = tuple(name for name in DIAGNOSTICS if name not in CURVES)
"""The figures among ``columns.DIAGNOSTICS``."""

_MIXING = {"ce_mixup": "ce", "auc_mixup": "auc_m", "ct_mixup": "ct_auc"}
"""Methods that mix by themselves, and the same without."""

_KEPT = {
    "gap_train": "diag_gap_train",
    "gap_test": "diag_gap_test",
    "auroc_train": "diag_auroc_train",
    "auroc_test": "diag_auroc_test",
    "gradient_positive": "diag_gradient_positive",
    "gradient_negative": "diag_gradient_negative",
    "active": "diag_active",
}


@dataclass(frozen=True)
class Group:
    """Cells of one setting that differ in their mix alone.

    Attributes:
        task, ratio: the setting.
        plain: the cell without a mix.
        mixed: those with one, in the study's order.
    """

    task: str
    ratio: str
    plain: CellRecord
    mixed: tuple[CellRecord, ...]

    @property
    def cells(self) -> tuple[CellRecord, ...]:
        """All of them."""
        return (self.plain, *self.mixed)


@dataclass(frozen=True, eq=False)
class Diagnostics:
    """What was kept, where it can be compared.

    Attributes:
        kept: confirm trials that kept figures.
        groups: cells that kept figures and differ in their mix alone.
        courses: one row a cell of these, figure and interval: cell, figure, interval, median, low,
            high (smallest and largest seed), n, rows (numbers of the confirm rows).
        finals: one row a mixed cell and figure, at the last interval: task, ratio, plain, mixed
            (methods), cell_plain, cell_mixed, figure, n (paired seeds), rows_plain, rows_mixed,
            mean_plain, mean_mixed, difference (mixed less plain), low, high (t interval of it over
            the sample: searches where there are several, else seeds; none below three values).
        scores: one row a cell, part ("train" or "test") and bin, at the last interval: cell, part,
            low, high (of the bin), negative, positive (share of the class, mean over seeds), n,
            rows.
    """

    kept: int
    groups: Sequence[Group]
    courses: pd.DataFrame
    finals: pd.DataFrame
    scores: pd.DataFrame


def points(results: Results) -> pd.DataFrame:
    """One row an interval of a confirm trial that kept figures (``columns.DIAGNOSTICS``).

    One that is missing, since it was not finite, is NaN.
    """
    return columns.frame(_points(results), DIAGNOSTICS)


def diagnostics(results: Results) -> Diagnostics:
    """Of the finished confirm rows, one a cell and seed."""
    done = seeds(results)[["trial", "number", "repeat"]]
    told = points(results).merge(done, on="trial")
    kept = {*told["cell"]}
    groups = _groups([cell for cell in results.study.cells if cell.id in kept])
    compared = [cell.id for group in groups for cell in group.cells]
    own = told[told["cell"].isin(compared)]
    last = own[own["interval"] == own.groupby("trial")["interval"].transform("max")]
    finals = [row for group in groups for row in _finals(group, last)]
    return Diagnostics(
        told["trial"].nunique(),
        groups,
        _courses(own),
        pd.DataFrame(finals, columns=_FINALS),
        _scores(results, last),
    )


def _points(results: Results) -> Iterator[dict[str, object]]:
    for cell in results.study.cells:
        for row in cell.confirm:
            for point in row.curve:
                if not any(name in point for name in _KEPT.values()):
                    continue
                told = {name: point.get(kept, np.nan) for name, kept in _KEPT.items()}
                pulls = told["gradient_positive"] + told["gradient_negative"]
                yield told | {
                    "trial": trial_id(cell, row),
                    "cell": cell.id,
                    "seed": np.nan if row.seed is None else float(row.seed),
                    "interval": point["interval"],
                    "generalisation": told["auroc_train"] - told["auroc_test"],
                    "gradient_share": told["gradient_positive"] / pulls if pulls else np.nan,
                }


def _mix(cell: CellRecord) -> str | None:
    """ "none" or the name of the mix; None where trials of the cell have different ones."""
    if "mix" in cell.space:
        return None
    mix = str(cell.fixed.get("mix", "mixup" if cell.base in _MIXING else "none"))
    # At a strength of 0 nothing is mixed.
    return "none" if cell.fixed.get("mixup_alpha") == 0 else mix


def _else(cell: CellRecord) -> dict[str, Any]:
    """What the cell fixes but its mix."""
    return {name: value for name, value in cell.fixed.items() if not name.startswith("mix")}


def _differ_in_mix(plain: CellRecord, mixed: CellRecord) -> bool:
    """Of one family and setting: two methods as they are, or cells that fix the same besides."""
    family = (_MIXING.get(cell.base, cell.base) for cell in (plain, mixed))
    same = plain.task == mixed.task and plain.imratio == mixed.imratio and len({*family}) == 1
    as_they_are = plain.variant_of is None and mixed.variant_of is None
    return same and (as_they_are or _else(plain) == _else(mixed))


def _groups(cells: Sequence[CellRecord]) -> list[Group]:
    mixes = {cell.id: _mix(cell) for cell in cells}
    plain = [cell for cell in cells if mixes[cell.id] == "none"]
    others = [cell for cell in cells if mixes[cell.id] not in ("none", None)]
    found = []
    for cell in plain:
        mixed = tuple(other for other in others if _differ_in_mix(cell, other))
        if mixed:
            found.append(Group(cell.task, labels.ratio(cell.imratio), cell, mixed))
    return found


def _courses(told: pd.DataFrame) -> pd.DataFrame:
    long = told.melt(["cell", "interval", "number"], FIGURES, "figure", "value").dropna()
    found = long.groupby(["cell", "figure", "interval"], sort=False).agg(
        median=("value", "median"),
        low=("value", "min"),
        high=("value", "max"),
        n=("value", "size"),
        rows=("number", tuple),
    )
    return found.reset_index()


_FINALS = [
    *("task", "ratio", "plain", "mixed", "cell_plain", "cell_mixed", "figure", "n"),
    *("rows_plain", "rows_mixed", "mean_plain", "mean_mixed", "difference", "low", "high"),
]


def _finals(group: Group, last: pd.DataFrame) -> Iterator[tuple[Any, ...]]:
    plain = last[last["cell"] == group.plain.id]
    for cell in group.mixed:
        both = plain.merge(last[last["cell"] == cell.id], on="seed", suffixes=("_plain", "_mixed"))
        for figure in FIGURES:
            known = both.dropna(subset=[f"{figure}_plain", f"{figure}_mixed"])
            yield (
                group.task,
                group.ratio,
                group.plain.method,
                cell.method,
                group.plain.id,
                cell.id,
                figure,
                len(known),
                tuple(known["number_plain"]),
                tuple(known["number_mixed"]),
                *_paired(known, figure),
            )


def _paired(known: pd.DataFrame, figure: str) -> tuple[float, ...]:
    """Both means, their difference, and both ends of its interval."""
    if known.empty:
        return (np.nan,) * 5
    of = grouped(known["repeat_plain"])
    plain, mixed = (sampled(known[f"{figure}_{which}"], of) for which in ("plain", "mixed"))
    # Without rounding, equal differences would show a spread.
    d = (mixed - plain).round(12)
    return float(plain.mean()), float(mixed.mean()), float(d.mean()), *mean_interval(d)


_PARTS = ("train", "test")


def _scores(results: Results, last: pd.DataFrame) -> pd.DataFrame:
    """Trials whose file cannot be read, which another chapter tells, are left out."""
    shares: dict[str, dict[int, NDArray[np.float64]]] = {}
    for cell, number in zip(last["cell"], last["number"], strict=True):
        try:
            counts = load_predictions(results, cell, number).distributions
        except AnalysisError:
            continue
        if counts is not None and len(counts):
            of_class = counts[-1] / counts[-1].sum(axis=-1, keepdims=True)
            shares.setdefault(cell, {})[number] = of_class
    names = ["cell", "part", "low", "high", "negative", "positive", "n", "rows"]
    parts = [pd.DataFrame(columns=names)]
    for cell, found in shares.items():
        mean = np.mean([*found.values()], axis=0)
        edges = np.linspace(0, 1, mean.shape[-1] + 1)
        for part, (negative, positive) in zip(_PARTS, mean, strict=True):
            bins = {"low": edges[:-1], "high": edges[1:], "negative": negative}
            own = pd.DataFrame(bins | {"positive": positive}).assign(cell=cell, part=part)
            rows = pd.Series([tuple(found)] * len(own))
            parts.append(own.assign(n=len(found), rows=rows)[names])
    return pd.concat(parts[1:] or parts, ignore_index=True)
