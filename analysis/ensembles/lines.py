"""What is known of an ensemble on the test images, and of one against another."""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.compare import delong
from analysis.compare.by_label import interval_of
from analysis.compare.delong import Placements
from analysis.compare.intervals import NO_INTERVAL, Interval
from analysis.compare.mean_auroc import over_images
from analysis.compare.paired_seeds import refusal
from analysis.compare.searches import Groups, grouped
from analysis.compare.t_test import UNTESTED, Student
from analysis.compare.testset import too_few
from analysis.ensembles.averages import mean_rank
from analysis.images.predictions import Predictions
from analysis.read.traces import Trials

__all__ = [
    "CALIBRATED",
    "GREEDY",
    "METHOD",
    "PICKED",
    "RANKS",
    "Difference",
    "Labelled",
    "Line",
    "Runs",
    "average",
    "difference",
    "line",
]

Floats = NDArray[np.floating[Any]]
T = TypeVar("T")
Labelled = Sequence[Floats]
"""Ranks of the known test images under one model, label by label."""

METHOD, PICKED, RANKS, CALIBRATED, GREEDY = "method", "picked", "ranks", "calibrated", "greedy"


@dataclass(frozen=True)
class Line:
    """A method, or an ensemble of the methods of a seed; NaN where the data give nothing.

    Attributes:
        task, imratio, ratio: the setting.
        kind: ``METHOD``; ``PICKED``, the method with the highest validation AUROC at each seed;
            ``RANKS`` or ``CALIBRATED``, all methods alike (``analysis.ensembles.averages``);
            ``GREEDY``, selected on validation images.
        method: its name; "" of the others.
        n: seeds; trials: the confirm trials of them all.
        one, one_low, one_high: AUROC of one seed, the mean over the sample (seeds or searches), and
            its 95 % interval over seeds and images; of one seed over images.
        together, together_low, together_high: AUROC of the mean rank over all seeds, and its
            interval over images, these models given.
        gain, gain_low, gain_high: together less one, interval over images, these models given.
        weight: of a method, its share in the greedy selection, the mean over seeds.
        taken: seeds whose selection has it; best: seeds at which it is what is picked.
    """

    task: str
    imratio: float
    ratio: str
    kind: str
    method: str
    n: int
    trials: tuple[Trials, ...]
    one: float
    one_low: float
    one_high: float
    together: float = math.nan
    together_low: float = math.nan
    together_high: float = math.nan
    gain: float = math.nan
    gain_low: float = math.nan
    gain_high: float = math.nan
    weight: float = math.nan
    taken: float = math.nan
    best: float = math.nan


@dataclass(frozen=True)
class Difference:
    """An ensemble of the methods of a seed less the method picked there, over seeds.

    Attributes:
        task, ratio: the setting; kind: of the ensemble.
        n: seeds; trials: of them all.
        difference: the mean over the sample; low, high, p: over seeds and images.
        p_holm: corrected for all differences of the study.
        why: what forbids a test, else "".
    """

    task: str
    ratio: str
    kind: str
    n: int
    trials: tuple[Trials, ...]
    difference: float
    low: float
    high: float
    p: float
    p_holm: float
    why: str


@dataclass(frozen=True, eq=False)
class Runs:
    """What was said of the test images: by method its confirm rows, and what each run said."""

    rows: Mapping[str, pd.DataFrame]
    said: Mapping[str, Sequence[Predictions]]

    @property
    def first(self) -> Predictions:
        return next(iter(self.said.values()))[0]

    @property
    def shared(self) -> list[int]:
        """Seeds that every method has."""
        sets = [set(self.rows[method]["seed"].astype(int)) for method in self.said]
        return sorted(set.intersection(*sets))

    def at(self, of: Mapping[str, Sequence[T]], seed: int) -> list[T]:
        """One a method, of what ``of`` has for each of its rows."""
        return [
            each[self.rows[method]["seed"].astype(int).tolist().index(seed)]
            for method, each in of.items()
        ]

    def of(self, seeds: Sequence[int]) -> list[pd.DataFrame]:
        """The rows of these seeds in order, method by method."""
        return [self.rows[m].set_index("seed", drop=False).loc[[*seeds]] for m in self.said]

    def places(self, models: Sequence[Labelled]) -> Placements:
        """Of the test images under several models."""
        labels = self.first.by_label
        return delong.over_labels(
            [
                delong.placements(np.stack(own), label.said.targets, label.said.groups)
                for own, label in zip(zip(*models, strict=True), labels, strict=True)
            ]
        )


def average(by: Callable[[Floats], Floats], models: Iterable[Labelled]) -> Labelled:
    """The average over models, label by label."""
    return [by(np.stack(own)) for own in zip(*models, strict=True)]


def line(
    runs: Runs,
    rows: Sequence[pd.DataFrame],
    models: Sequence[Labelled],
    places: Placements,
    kind: str,
    method: str = "",
    **weights: float,
) -> Line:
    """Of ``models``, one a seed, with their places; ``rows`` are theirs, method by method."""
    one, (low, high) = interval_of(places, runs.first, rows[0])
    first, groups = rows[0].iloc[0], grouped(rows[0]["repeat"])
    return Line(
        first["task"],
        float(first["imratio"]),
        first["ratio"],
        kind,
        method,
        len(models),
        _trials(rows),
        one,
        low,
        high,
        **(_together(runs, places, models, groups) if len(models) > 1 else {}),
        **weights,
    )


def _together(
    runs: Runs, places: Placements, models: Sequence[Labelled], groups: Groups
) -> dict[str, float]:
    joint = runs.places([average(mean_rank, models)])
    mean = places.means(groups).means([np.arange(len(groups))])
    gain, found, apart = joint.minus(mean), NO_INTERVAL, NO_INTERVAL
    difference = float(gain.auroc[0])
    if not too_few(runs.first):
        found = over_images(joint)
        if gain.error > 0:
            apart = Student(difference, gain.error, math.inf).interval
    return {"together": float(joint.auroc[0]), "gain": difference} | {
        f"{name}_{end}": value
        for name, ends in (("together", found), ("gain", apart))
        for end, value in zip(Interval._fields, ends, strict=True)
    }


def difference(
    runs: Runs,
    rows: Sequence[pd.DataFrame],
    kind: str,
    places: Placements,
    picked: Placements,
) -> Difference:
    """Of models from the picked ones, one a seed, all on the test images of ``runs``."""
    groups = grouped(rows[0]["repeat"])
    own, other = places.means(groups), picked.means(groups)
    d = (own.auroc - other.auroc).round(12)
    searches = rows[0]["repeat"].nunique() > 1
    why = too_few(runs.first) or refusal(d, "search" if searches else "seed")
    found = UNTESTED if why else delong.compare(own, other).both
    return Difference(
        rows[0]["task"].iloc[0],
        rows[0]["ratio"].iloc[0],
        kind,
        len(rows[0]),
        _trials(rows),
        float(d.mean()),
        *found.interval,
        found.p,
        math.nan,
        why,
    )


def _trials(rows: Sequence[pd.DataFrame]) -> tuple[Trials, ...]:
    return tuple(
        Trials(own["cell"].iloc[0], "confirm", tuple(sorted(own["number"].tolist())))
        for own in rows
    )
