"""The ensembles of one setting: of the seeds of a method, and of the methods of a seed.

The methods of a confirm seed share its cut of the data, and so its validation images, by which
some are selected; seeds do not, and are averaged only. Of which class a test image is plays no part
before the ensembles stand.
"""

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.ensembles.averages import mean_log_odds, mean_rank
from analysis.ensembles.greedy import aurocs, select
from analysis.ensembles.lines import (
    CALIBRATED,
    GREEDY,
    METHOD,
    PICKED,
    RANKS,
    Difference,
    Labelled,
    Line,
    Runs,
    average,
    difference,
    line,
)
from analysis.images.predictions import Predictions

__all__ = ["Found", "of_setting"]

Floats = NDArray[np.floating[Any]]


class Found(NamedTuple):
    """Of a setting; why: what forbids a selection, or ensembles of methods at all; else ""."""

    lines: list[Line]
    differences: list[Difference]
    why: str


def of_setting(
    rows: Mapping[str, pd.DataFrame], said: Mapping[str, Sequence[Predictions]]
) -> Found:
    """All ensembles of a setting.

    Args:
        rows: by method its finished confirm rows, one a seed.
        said: by method, one or more, what each of these runs said of the same test images.
    """
    runs = Runs({method: rows[method] for method in said}, said)
    alone = {method: [_scores(run) for run in own] for method, own in said.items()}
    seeds = runs.shared
    if len(said) < 2 or not seeds:
        why = "" if len(said) < 2 else "no confirm seed has a result of every method"
        return Found([*_methods(runs, alone, {})], [], why)
    members = [runs.at(seed) for seed in seeds]
    why = next((why for each in members if (why := _unselectable(each))), "")
    taken = [] if why else [select(*_validation(each)) for each in members]
    best = [] if why else [int(aurocs(*_validation(each)).argmax()) for each in members]
    made = {RANKS: [average(mean_rank, map(_scores, each)) for each in members]}
    if not why:
        made[PICKED] = [_scores(each[place]) for each, place in zip(members, best, strict=True)]
        made[GREEDY] = [
            average(partial(mean_rank, weights=counts), map(_scores, each))
            for each, counts in zip(members, taken, strict=True)
        ]
        if all(label.said.validation for each in members for run in each for label in run.by_label):
            made[CALIBRATED] = [_calibrated(each) for each in members]
    own = runs.of(seeds)
    lines = [*_methods(runs, alone, _weights(list(said), taken, best))]
    order = [kind for kind in (PICKED, RANKS, CALIBRATED, GREEDY) if kind in made]
    lines += [line(runs, own, made[kind], kind) for kind in order]
    differences = [
        difference(runs, own, kind, made[kind], made[PICKED])
        for kind in order
        if PICKED in made and kind != PICKED
    ]
    return Found(lines, differences, why)


def _methods(
    runs: Runs, alone: Mapping[str, Sequence[Labelled]], weights: Mapping[str, dict[str, float]]
) -> Iterator[Line]:
    for method, scores in alone.items():
        own = weights.get(method, {})
        yield line(runs, [runs.rows[method]], scores, METHOD, method, **own)


def _weights(
    methods: Sequence[str], taken: Sequence[NDArray[np.intp]], best: Sequence[int]
) -> dict[str, dict[str, float]]:
    if not taken:
        return {}
    counts = np.stack(taken)
    shares = (counts / counts.sum(axis=1, keepdims=True)).mean(axis=0)
    return {
        method: {
            "weight": float(shares[i]),
            "taken": float((counts[:, i] > 0).sum()),
            "best": float(best.count(i)),
        }
        for i, method in enumerate(methods)
    }


def _scores(run: Predictions) -> Labelled:
    return [label.said.scores for label in run.by_label]


def _calibrated(members: Sequence[Predictions]) -> Labelled:
    labels = zip(*(run.by_label for run in members), strict=True)
    return [mean_log_odds([label.said for label in own]) for own in labels]


def _validation(members: Sequence[Predictions]) -> tuple[Floats, NDArray[Any]]:
    """Scores of every method (K, N) or (K, N, L), and the targets that they share."""
    known = [each.validation for each in members if each.validation is not None]
    return np.stack([scores for scores, _ in known]), known[0][1]


def _unselectable(members: Sequence[Predictions]) -> str:
    """Why nothing is selected among these runs of one seed; "" if it can be."""
    known = [each.validation for each in members if each.validation is not None]
    if len(known) < len(members):
        return "not all trials kept validation scores"
    targets = known[0][1]
    if not all(np.array_equal(each, targets, equal_nan=True) for _, each in known):
        return "the methods of a seed were not validated on the same images"
    columns = targets.reshape(len(targets), -1).T
    if not any((column == 1).any() and (column == 0).any() for column in columns):
        return "no validation images of both classes"
    return ""
