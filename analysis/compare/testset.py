"""The test images as the methods of one setting saw them."""

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from analysis.compare.delong import Placements, placements
from analysis.errors import AnalysisError
from analysis.images.predictions import load_predictions
from analysis.results import Results

__all__ = ["Seen", "image_row", "look"]


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
    targets: Any = None
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


def image_row(cell: str, seen: Seen) -> dict[str, Any]:
    """The cell, its test positives and negatives, DeLong's error of its mean AUROC, and why not."""
    places = seen.places
    row = {"positives": math.nan, "negatives": math.nan, "error": math.nan}
    if places is not None:
        row = {
            "positives": float(places.positives.shape[1]),
            "negatives": float(places.negatives.shape[1]),
            "error": places.error,
        }
    return {"cell": cell, **row, "why": seen.why}
