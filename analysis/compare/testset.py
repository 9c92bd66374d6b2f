"""The test images as the methods of one setting saw them."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.compare import mean_auroc
from analysis.compare.delong import Placements, over_labels, placements
from analysis.compare.intervals import NO_INTERVAL, Interval
from analysis.compare.searches import Groups
from analysis.errors import AnalysisError
from analysis.images.predictions import Predictions, load_predictions
from analysis.results import Results

__all__ = [
    "NO_IMAGES",
    "Images",
    "Kept",
    "Seen",
    "counted",
    "covariances",
    "kept",
    "look",
    "placed",
    "read",
    "too_few",
]


class Kept(NamedTuple):
    """One method's predictions of the test images.

    Attributes:
        runs: one a confirm run, in the order of the rows, without embeddings; none without
            predictions.
        why: why there are none, else "".
    """

    runs: tuple[Predictions, ...] = ()
    why: str = ""


class Seen(NamedTuple):
    """The test images under one method's confirm runs.

    Attributes:
        places: run by run in the order of the rows; None without predictions.
        why: why there is none, else "".
        groups: groups that the images come in; NaN without any.
    """

    places: Placements | None
    why: str = ""
    groups: float = math.nan


def kept(results: Results, cells: Mapping[str, pd.DataFrame]) -> dict[str, Kept]:
    """The predictions of every method of a setting, if the draw of the images can be accounted for.

    Arguments as of ``read``.
    """
    found = read(results, cells)
    return {
        method: Kept(why=why) if each.runs and (why := too_few(each.runs[0])) else each
        for method, each in found.items()
    }


def read(results: Results, cells: Mapping[str, pd.DataFrame]) -> dict[str, Kept]:
    """The predictions of every method of a setting.

    Args:
        results: the study.
        cells: the finished confirm rows by method. All runs must have met the same images in the
            same order, as their targets and groups tell; else no method's are used.
    """
    found: dict[str, Kept] = {}
    first: Predictions | None = None
    for method, rows in cells.items():
        if rows["predictions"].isna().all():
            found[method] = Kept(why="no predictions were kept")
            continue
        names = zip(rows["cell"], rows["number"], strict=True)
        try:
            runs = tuple(
                replace(load_predictions(results, cell, int(number)), embeddings=None)
                for cell, number in names
            )
        except AnalysisError as error:
            found[method] = Kept(why=str(error))
            continue
        first = runs[0] if first is None else first
        if not all(_alike(one, first) for one in runs):
            return {m: Kept(why="not all runs were tested on the same images") for m in cells}
        found[method] = Kept(runs)
    return found


def _alike(one: Predictions, other: Predictions) -> bool:
    """They are of the same images: labels, targets and groups are equal."""
    if one.groups is None or other.groups is None:
        same_groups = one.groups is other.groups
    else:
        same_groups = np.array_equal(one.groups, other.groups)
    same_targets = np.array_equal(one.targets, other.targets, equal_nan=True)
    return same_groups and same_targets and one.labels == other.labels


def too_few(said: Predictions) -> str:
    """Why the draw of these images cannot be accounted for; "" if it can."""
    for label, _, own in said.by_label:
        counts = [
            int(each.sum()) if own.groups is None else len(np.unique(own.groups[each]))
            for each in (own.targets, ~own.targets)
        ]
        if min(counts) < 2:
            what = "images of a class" if said.groups is None else "groups with a class"
            where = f" for label {label}" if label else ""
            return f"the test set has fewer than two {what}{where}"
    return ""


def look(results: Results, cells: Mapping[str, pd.DataFrame]) -> dict[str, Seen]:
    """What every method of a setting made of the test images; arguments as of ``kept``."""
    return {
        method: Seen(placed(runs), groups=_groups(runs[0])) if runs else Seen(None, why)
        for method, (runs, why) in kept(results, cells).items()
    }


def placed(runs: Sequence[Predictions]) -> Placements:
    """The test images under several runs, the mean over their labels."""
    labels = zip(*(run.by_label for run in runs), strict=True)
    return over_labels(
        [
            placements([each.said.scores for each in of], of[0].said.targets, of[0].said.groups)
            for of in labels
        ]
    )


def _groups(said: Predictions) -> float:
    return math.nan if said.groups is None else float(len(np.unique(said.groups)))


@dataclass(frozen=True)
class Images:
    """What the draw of the test images leaves open in a cell's mean AUROC.

    Attributes:
        positives, negatives: images of the test set (of several labels, of the one with the fewest
            positives); NaN without predictions.
        groups: that they come in; NaN without any.
        error: DeLong's standard error of the mean over the seeds, the models given; NaN likewise.
        interval: of the mean over other images, the models given.
        both: of the mean over other seeds and other images.
        why: why there are no predictions (a sentence), else "".
    """

    positives: float = math.nan
    negatives: float = math.nan
    groups: float = math.nan
    error: float = math.nan
    interval: Interval = NO_INTERVAL
    both: Interval = NO_INTERVAL
    why: str = ""


NO_IMAGES = Images()
"""Of a cell without a finished confirm trial."""


def counted(seen: Seen, groups: Groups) -> Images:
    """The numbers alone: placements of all images take room.

    Args:
        seen: what a method made of the images.
        groups: of its runs, those that make one of the sample.
    """
    if seen.places is None:
        return Images(why=seen.why)
    places = seen.places.means(groups)
    positives, negatives = places.images
    return Images(
        float(positives),
        float(negatives),
        seen.groups,
        places.error,
        mean_auroc.over_images(places),
        mean_auroc.over_seeds_and_images(places),
    )


def covariances(seen: Mapping[str, Placements], units: NDArray[np.int64]) -> pd.DataFrame:
    """Covariances of methods' AUROCs over draws of the test images: what their seeds share.

    Args:
        seen: by method, on the same images.
        units: of the sample (seeds, or searches), one a run, method by method.

    Returns:
        Methods by methods: means over pairs of runs of different units, or of all where there is
        one unit alone.
    """
    first, *others = seen.values()
    covariance = first.beside(others).covariance
    apart = units[:, None] != units
    apart = apart if apart.any() else np.ones_like(apart)
    owner = np.repeat(np.arange(len(seen)), [len(each.auroc) for each in seen.values()])
    belongs = (owner == np.arange(len(seen))[:, None]).astype(float)
    sums, counts = (belongs @ (apart * each) @ belongs.T for each in (covariance, 1.0))
    return pd.DataFrame(sums / np.maximum(counts, 1), index=[*seen], columns=[*seen])
