"""The test images as the methods of one setting saw them."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.compare import mean_auroc
from analysis.compare.delong import Placements, placements
from analysis.compare.intervals import NO_INTERVAL, Interval
from analysis.compare.searches import Groups
from analysis.errors import AnalysisError
from analysis.images.predictions import Predictions, load_predictions
from analysis.results import Results

__all__ = ["NO_IMAGES", "Images", "Kept", "Seen", "counted", "covariances", "kept", "look"]


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
    """

    places: Placements | None
    why: str = ""


def kept(results: Results, cells: Mapping[str, pd.DataFrame]) -> dict[str, Kept]:
    """The predictions of every method of a setting.

    Args:
        results: the study.
        cells: the finished confirm rows by method. All runs must have met the same images in the
            same order, as their targets tell; else no method's are used.
    """
    found: dict[str, Kept] = {}
    targets: NDArray[np.bool_] | None = None
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
        targets = runs[0].targets if targets is None else targets
        if not all(np.array_equal(one.targets, targets) for one in runs):
            return {m: Kept(why="not all runs were tested on the same images") for m in cells}
        if min(targets.sum(), (~targets).sum()) < 2:
            found[method] = Kept(why="the test set has fewer than two images of a class")
            continue
        found[method] = Kept(runs)
    return found


def look(results: Results, cells: Mapping[str, pd.DataFrame]) -> dict[str, Seen]:
    """What every method of a setting made of the test images; arguments as of ``kept``."""
    return {
        method: Seen(
            placements([run.scores for run in runs], runs[0].targets) if runs else None, why
        )
        for method, (runs, why) in kept(results, cells).items()
    }


@dataclass(frozen=True)
class Images:
    """What the draw of the test images leaves open in a cell's mean AUROC.

    Attributes:
        positives, negatives: images of the test set; NaN without predictions.
        error: DeLong's standard error of the mean over the seeds, the models given; NaN likewise.
        interval: of the mean over other images, the models given.
        both: of the mean over other seeds and other images.
        why: why there are no predictions (a sentence), else "".
    """

    positives: float = math.nan
    negatives: float = math.nan
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
    positives, negatives = places.positives.shape[1], places.negatives.shape[1]
    return Images(
        float(positives),
        float(negatives),
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
    parts = ([each.positives for each in seen.values()], [each.negatives for each in seen.values()])
    covariance = Placements(*map(np.vstack, parts)).covariance
    apart = units[:, None] != units
    apart = apart if apart.any() else np.ones_like(apart)
    owner = np.repeat(np.arange(len(seen)), [len(each.positives) for each in seen.values()])
    belongs = (owner == np.arange(len(seen))[:, None]).astype(float)
    sums, counts = (belongs @ (apart * each) @ belongs.T for each in (covariance, 1.0))
    return pd.DataFrame(sums / np.maximum(counts, 1), index=[*seen], columns=[*seen])
