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

__all__ = [
    "BINS",
    "GRID",
    "Judged",
    "curves",
    "histograms",
    "label_curves",
    "label_histograms",
    "runs",
]

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

    Of several labels a seed's curve is the mean over them, at each place.

    Args:
        judged: as ``runs`` gives it.

    Returns:
        One row a cell, kind and place: cell, method, task, imratio, ratio, kind ("roc": x is the
        false positive rate, y the true positive rate; "pr": x is the recall, y the precision at
        the highest threshold that reaches it), x, mean, low, high (lowest and highest seed),
        n (seeds), rows (confirm rows), positives, negatives (test images, of several labels
        summed over them), share (of positives, the mean over labels).
    """
    parts = [
        _drawn(keys, seeds, [[each.said for each in one.said.by_label] for one in seeds])
        for keys, seeds in _by_cell(judged)
    ]
    return _together(parts, CURVES)


def label_curves(judged: list[Judged]) -> pd.DataFrame:
    """The same label by label, of cells whose task has several.

    Returns:
        The columns of ``curves``, and label.
    """
    parts = []
    for keys, seeds in _by_cell(judged):
        labels = [one.said.by_label for one in seeds] if seeds[0].said.labels else []
        for of in zip(*labels, strict=True):
            drawn = _drawn(keys, seeds, [[each.said] for each in of])
            parts.append(drawn.assign(label=of[0].name))
    return _together(parts, [*CURVES, "label"])


CURVES = [*PLACE, *("kind", "x", "mean", "low", "high", "n", "rows")]
CURVES += ["positives", "negatives", "share"]


def _drawn(keys: Row, seeds: list[Judged], said: list[list[Predictions]]) -> pd.DataFrame:
    """Both curves of a cell, the mean over the labels of each seed."""
    parts = []
    positives = [int(each.targets.sum()) for each in said[0]]
    images = [len(each.targets) for each in said[0]]
    for kind, read in (("roc", _roc), ("pr", _precision)):
        lines = np.stack([np.mean([read(each) for each in labels], axis=0) for labels in said])
        part = {
            "x": GRID,
            "mean": lines.mean(axis=0),
            "low": lines.min(axis=0),
            "high": lines.max(axis=0),
        }
        parts.append(
            pd.DataFrame(part).assign(
                **{key: keys[key] for key in PLACE},
                kind=kind,
                n=len(seeds),
                rows=pd.Series([tuple(each.row["number"] for each in seeds)] * len(GRID)),
                positives=sum(positives),
                negatives=sum(images) - sum(positives),
                share=float(np.mean(np.divide(positives, images))),
            )
        )
    return pd.concat(parts)


def histograms(judged: list[Judged]) -> pd.DataFrame:
    """Scores of the first seed of each cell, class by class, in ``BINS`` equal bins.

    Seeds are not pooled: their scores need not share a scale. Of several labels all are pooled.

    Returns:
        One row a cell and bin: cell, method, task, imratio, ratio, number (the confirm row), low,
        high (edges of the bin, in the method's own scores), positive, negative (share of that
        class in the bin; each sums to 1).
    """
    parts = []
    for _, seeds in _by_cell(judged):
        labels = [each.said for each in seeds[0].said.by_label]
        parts.append(_shares(seeds[0].row, labels))
    return _together(parts, SHARES)


def label_histograms(judged: list[Judged]) -> pd.DataFrame:
    """The same label by label, of cells whose task has several.

    Returns:
        The columns of ``histograms``, and label.
    """
    parts = [
        _shares(seeds[0].row, [each.said]).assign(label=each.name)
        for _, seeds in _by_cell(judged)
        if seeds[0].said.labels
        for each in seeds[0].said.by_label
    ]
    return _together(parts, [*SHARES, "label"])


SHARES = [*PLACE, "number", "low", "high", "positive", "negative"]


def _shares(row: Row, labels: list[Predictions]) -> pd.DataFrame:
    # In float64 there is room for edges between scores that differ in the last bit of float32, as
    # those of a network do that has hardly been trained.
    scores = np.concatenate([each.scores for each in labels]).astype(np.float64)
    targets = np.concatenate([each.targets for each in labels])
    edges = np.histogram_bin_edges(scores, BINS)
    counts = [np.histogram(scores[targets == t], edges)[0] for t in (True, False)]
    shares = [count / count.sum() for count in counts]
    return pd.DataFrame(
        {"low": edges[:-1], "high": edges[1:], "positive": shares[0], "negative": shares[1]}
    ).assign(**{key: row[key] for key in (*PLACE, "number")})


def _together(parts: list[pd.DataFrame], names: list[str]) -> pd.DataFrame:
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
