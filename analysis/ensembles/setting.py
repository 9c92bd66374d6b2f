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

from analysis.ensembles.averages import mean_log_odds, mean_rank, ranked
from analysis.ensembles.greedy import Selection, select
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
    alone = {method: [_ranked(_scores(run)) for run in own] for method, own in said.items()}
    seeds = runs.shared
    if len(said) < 2 or not seeds:
        why = "" if len(said) < 2 else "no confirm seed has a result of every method"
        return Found([*_methods(runs, alone, [])], [], why)
    members = [runs.at(said, seed) for seed in seeds]
    why = next((why for each in members if (why := _unselectable(each))), "")
    chosen = [] if why else [select(*_validation(each)) for each in members]
    made = _made(members, [runs.at(alone, seed) for seed in seeds], chosen)
    own, places = runs.of(seeds), {kind: runs.places(models) for kind, models in made.items()}
    lines = [*_methods(runs, alone, chosen)]
    lines += [line(runs, own, models, places[kind], kind) for kind, models in made.items()]
    differences = [
        difference(runs, own, kind, places[kind], places[PICKED])
        for kind in made
        if PICKED in made and kind != PICKED
    ]
    return Found(lines, differences, why)


def _made(
    members: Sequence[Sequence[Predictions]],
    ranks: Sequence[Sequence[Labelled]],
    chosen: Sequence[Selection],
) -> dict[str, list[Labelled]]:
    """The ensembles of the methods by kind, one a seed.

    Args:
        members, ranks: seed by seed, what each method said of the test images.
        chosen: seed by seed; none where nothing can be selected.
    """
    alike = [_ranked(average(mean_rank, own)) for own in ranks]
    if not chosen:
        return {RANKS: alike}
    made = {PICKED: [own[each.best] for own, each in zip(ranks, chosen, strict=True)], RANKS: alike}
    if all(label.said.validation for each in members for run in each for label in run.by_label):
        made[CALIBRATED] = [_ranked(_log_odds(each)) for each in members]
    made[GREEDY] = [
        _ranked(average(partial(mean_rank, weights=each.counts), own))
        for own, each in zip(ranks, chosen, strict=True)
    ]
    return made


def _methods(
    runs: Runs, alone: Mapping[str, Sequence[Labelled]], chosen: Sequence[Selection]
) -> Iterator[Line]:
    weights = _weights(len(alone), chosen) if chosen else [{}] * len(alone)
    for (method, models), own in zip(alone.items(), weights, strict=True):
        yield line(runs, [runs.rows[method]], models, runs.places(models), METHOD, method, **own)


def _weights(methods: int, chosen: Sequence[Selection]) -> list[dict[str, float]]:
    """Of each method, what ``Line`` says of the selections."""
    counts, best = np.stack([each.counts for each in chosen]), [each.best for each in chosen]
    shares = (counts / counts.sum(axis=1, keepdims=True)).mean(axis=0)
    return [
        {
            "weight": float(shares[i]),
            "taken": float((counts[:, i] > 0).sum()),
            "best": float(best.count(i)),
        }
        for i in range(methods)
    ]


def _scores(run: Predictions) -> Labelled:
    return [label.said.scores for label in run.by_label]


def _ranked(scores: Labelled) -> Labelled:
    return [ranked(own) for own in scores]


def _log_odds(members: Sequence[Predictions]) -> Labelled:
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
