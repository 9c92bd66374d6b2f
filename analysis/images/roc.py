"""ROC and precision-recall curves over confirm seeds, and scores by class, from predictions."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.metrics import precision_recall_curve, roc_curve

from analysis.columns import PLACE, Row
from analysis.errors import AnalysisError
from analysis.images.predictions import Predictions, load_predictions
from analysis.results import Results

__all__ = ["BINS", "GRID", "Judged", "curves", "histograms", "runs"]

GRID = np.linspace(0, 1, 41) ** 2
"""Where curves are read off; denser towards 0, where methods for rare positives differ."""
BINS = 30


class Judged(NamedTuple):
    """A finished confirm trial and its predictions.

    Attributes:
        row: cell, method, task, imratio, ratio, number, seed.
        said: of every test image.
    """

    row: Row
    said: Predictions


def runs(results: Results) -> tuple[list[Judged], list[str]]:
    """Every finished confirm trial with its predictions, one a seed, and why some are missing.

    Returns:
        The trials, and one sentence a trial whose predictions cannot be read.
    """
    judged, missing = [], []
    for row in _rows(results):
        try:
            judged.append(Judged(row, load_predictions(results, row["cell"], row["number"])))
        except AnalysisError as error:
            missing.append(str(error))
    return judged, missing


def curves(judged: list[Judged]) -> pd.DataFrame:
    """Mean ROC and precision-recall curves over the seeds of a cell, read off at ``GRID``.

    Args:
        judged: as ``runs`` gives it.

    Returns:
        One row a cell, kind and place: cell, method, task, imratio, ratio, kind ("roc": x is the
        false positive rate, y the true positive rate; "pr": x is the recall, y the precision at
        the highest threshold that reaches it), x, mean, low, high (lowest and highest seed),
        n (seeds), rows (confirm rows), positives, negatives (test images).
    """
    parts = []
    for keys, seeds in _by_cell(judged):
        targets = seeds[0].said.targets
        for kind, read in (("roc", _roc), ("pr", _precision)):
            lines = np.stack([read(each.said) for each in seeds])
            parts.append(
                pd.DataFrame(
                    {
                        "x": GRID,
                        "mean": lines.mean(axis=0),
                        "low": lines.min(axis=0),
                        "high": lines.max(axis=0),
                    }
                ).assign(
                    **{key: keys[key] for key in PLACE},
                    kind=kind,
                    n=len(seeds),
                    rows=pd.Series([tuple(each.row["number"] for each in seeds)] * len(GRID)),
                    positives=int(targets.sum()),
                    negatives=int((~targets).sum()),
                )
            )
    names = [*PLACE, "kind", "x", "mean", "low", "high", "n", "rows", "positives", "negatives"]
    return pd.concat(parts)[names].reset_index(drop=True) if parts else pd.DataFrame(columns=names)


def histograms(judged: list[Judged]) -> pd.DataFrame:
    """Scores of the first seed of each cell, class by class, in ``BINS`` equal bins.

    Seeds are not pooled: their scores need not share a scale.

    Returns:
        One row a cell and bin: cell, method, task, imratio, ratio, number (the confirm row), low,
        high (edges of the bin, in the method's own scores), positive, negative (share of that
        class in the bin; each sums to 1).
    """
    parts = []
    for keys, seeds in _by_cell(judged):
        said = seeds[0].said
        edges = np.histogram_bin_edges(said.scores, BINS)
        counts = [np.histogram(said.scores[said.targets == t], edges)[0] for t in (True, False)]
        shares = [count / count.sum() for count in counts]
        parts.append(
            pd.DataFrame(
                {"low": edges[:-1], "high": edges[1:], "positive": shares[0], "negative": shares[1]}
            ).assign(**{key: keys[key] for key in (*PLACE, "number")})
        )
    names = [*PLACE, "number", "low", "high", "positive", "negative"]
    return pd.concat(parts)[names].reset_index(drop=True) if parts else pd.DataFrame(columns=names)


def _rows(results: Results) -> list[Row]:
    done = results.confirm[results.confirm["state"] == "COMPLETE"]
    done = done[done["predictions"].notna()].sort_values(["cell", "seed", "number"], kind="stable")
    once = done.drop_duplicates(["cell", "seed"])[[*PLACE, "number", "seed"]]
    return once.sort_index(kind="stable").to_dict("records")


def _by_cell(
    judged: list[Judged],
) -> Iterator[tuple[Row, list[Judged]]]:
    for cell in dict.fromkeys(each.row["cell"] for each in judged):
        seeds = [each for each in judged if each.row["cell"] == cell]
        yield seeds[0].row, seeds


def _roc(said: Predictions) -> NDArray[np.float64]:
    false, true, _ = roc_curve(said.targets, said.scores)
    return np.asarray(np.interp(GRID, false, true))


def _precision(said: Predictions) -> NDArray[np.float64]:
    precision, recall, _ = precision_recall_curve(said.targets, said.scores)
    # Recall falls along the arrays; between two thresholds nothing is interpolated, since a
    # straight line between two points of this curve cannot be reached (Davis and Goadrich 2006).
    place = np.searchsorted(recall[::-1], GRID, side="left")
    return np.asarray(precision[::-1][np.minimum(place, len(recall) - 1)])
