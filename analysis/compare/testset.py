"""The test images as the methods of one setting saw them."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.compare import mean_auroc
from analysis.compare.delong import Placements, placements
from analysis.compare.intervals import NO_INTERVAL, Interval
from analysis.errors import AnalysisError
from analysis.images.predictions import load_predictions
from analysis.results import Results

__all__ = ["NO_IMAGES", "Images", "Seen", "counted", "look"]


class Seen(NamedTuple):
    """The test images under one method's confirm runs.

    Attributes:
        places: run by run in the order of the rows; None without predictions.
        why: why there is none, else "".
    """

    places: Placements | None
    why: str = ""


def look(results: Results, cells: Mapping[str, pd.DataFrame]) -> dict[str, Seen]:
    """What every method of a setting made of the test images.

    Args:
        results: the study.
        cells: the finished confirm rows by method. All runs must have met the same images in the
            same order, as their targets tell; else no method's are used.
    """
    seen: dict[str, Seen] = {}
    targets: NDArray[np.bool_] | None = None
    for method, rows in cells.items():
        if rows["predictions"].isna().all():
            seen[method] = Seen(None, "no predictions were kept")
            continue
        names = zip(rows["cell"], rows["number"], strict=True)
        try:
            kept = [load_predictions(results, cell, int(number)) for cell, number in names]
        except AnalysisError as error:
            seen[method] = Seen(None, str(error))
            continue
        targets = kept[0].targets if targets is None else targets
        if not all(np.array_equal(one.targets, targets) for one in kept):
            return {m: Seen(None, "not all runs were tested on the same images") for m in cells}
        if min(targets.sum(), (~targets).sum()) < 2:
            seen[method] = Seen(None, "the test set has fewer than two images of a class")
            continue
        seen[method] = Seen(placements([one.scores for one in kept], targets))
    return seen


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


def counted(seen: Seen) -> Images:
    """The numbers alone: placements of all images take room."""
    places = seen.places
    if places is None:
        return Images(why=seen.why)
    positives, negatives = places.positives.shape[1], places.negatives.shape[1]
    return Images(
        float(positives),
        float(negatives),
        places.error,
        mean_auroc.over_images(places),
        mean_auroc.over_seeds_and_images(places),
    )
