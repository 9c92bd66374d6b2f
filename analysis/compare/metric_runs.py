"""The runs of a setting by each metric, on the test images as they are and on resamples of them."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.compare.testset import kept
from analysis.images.classes import OF_CLASSES
from analysis.images.metrics import whole
from analysis.images.predictions import Predictions
from analysis.images.resamples import resampled
from analysis.results import Results

__all__ = ["MetricRuns", "resampled_metrics"]

Floats = NDArray[np.floating[Any]]

LEAST_DRAWS = 100
"""Resamples that a variance takes; its error is then 7 %."""


class MetricRuns(NamedTuple):
    """A method's runs by one metric, in the order of its rows.

    Attributes:
        values: (runs,).
        resampled: (resamples, runs).
    """

    name: str
    rows: pd.DataFrame
    values: Floats
    resampled: Floats

    def at(self, seeds: Sequence[int]) -> list[int]:
        """Where the runs of these seeds are."""
        place = {int(seed): i for i, seed in enumerate(self.rows["seed"])}
        return [place[seed] for seed in seeds]


def resampled_metrics(
    results: Results, rows: Mapping[str, pd.DataFrame], names: Sequence[str]
) -> tuple[dict[tuple[str, str], list[MetricRuns]], list[str]]:
    """By label ("": the mean) and metric the methods that kept predictions, and cells without
    validation scores.

    None where next to no draw of the images holds both classes of every label.
    """
    if not names:
        return {}, []
    said = {m: kept.runs for m, kept in kept(results, rows).items() if kept.runs}
    if not said:
        return {}, []
    first = next(iter(said.values()))[0]
    names = [name for name in names if first.classes or name not in OF_CLASSES]
    if not names:
        return {}, []
    runs = {method: [whole(each) for each in all_runs] for method, all_runs in said.items()}
    values = {m: [run.metrics(names) for run in ready] for m, ready in runs.items()}
    parts: dict[str, list[list[dict[str, dict[str, Floats]]]]] = {method: [] for method in runs}
    for weights in resampled(first):
        for method, ready in runs.items():
            parts[method].append([run.metrics(names, weights) for run in ready])
    by_metric = {
        (label, name): [
            MetricRuns(
                method,
                rows[method],
                np.concatenate([one[label][name] for one in values[method]]),
                np.concatenate(
                    [np.stack([one[label][name] for one in part], axis=1) for part in parts[method]]
                ),
            )
            for method in runs
        ]
        for label in next(iter(values.values()))[0]
        for name in names
    }
    if len(by_metric["", names[0]][0].resampled) < LEAST_DRAWS:
        return {}, []
    without = [m for m, all_runs in said.items() if any(map(_without_validation, all_runs))]
    return by_metric, [rows[method]["cell"].iloc[0] for method in without]


def _without_validation(said: Predictions) -> bool:
    return any(label.said.validation is None for label in said.by_label)
