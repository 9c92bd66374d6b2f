"""One score an image from those of several runs.

Scores of different losses share no scale: those of an AUC loss are no probabilities, and two runs
of one method may spread differently. So what is averaged is

- ranks, by default: where a score stands among the test images, whatever its scale. No image's
  rank knows a label, and all runs count alike;
- or log odds after Platt's scaling, fitted on each run's validation images: a run whose scores
  tell little has a flat line, and counts little.

In simulation (tests/benchmarks/ensembles.md) the two are within 0.003 of each other where the runs
are about equally good, and log odds up to 0.04 ahead where one is hopeless. Log odds beat the mean
of the probabilities that they stand for.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from analysis.images.calibration import platt
from analysis.images.predictions import Predictions

__all__ = ["mean_log_odds", "mean_rank", "ranked"]

Floats = NDArray[np.floating[Any]]


def ranked(scores: ArrayLike) -> Floats:
    """Ranks (..., N) of the images, 1 to N, the highest score last; ties share their mean rank."""
    return np.asarray(stats.rankdata(scores, axis=-1))


def mean_rank(ranks: ArrayLike, weights: ArrayLike | None = None) -> Floats:
    """Mean rank of each image (N,).

    Args:
        ranks: (K, N), as ``ranked`` gives them, of K runs.
        weights: whole numbers (K,), how often each run counts; None: once.
    """
    of = np.asarray(ranks)
    counts = np.ones(len(of)) if weights is None else np.asarray(weights, dtype=float)
    # Weights times half numbers sum up exactly: what ties, ties.
    return np.asarray((counts @ of) / counts.sum())


def mean_log_odds(runs: Sequence[Predictions]) -> Floats:
    """Mean log odds of each test image, of runs of one label that kept validation scores.

    A run whose scores have no fit (they are all equal) adds nothing; one that ranks its validation
    images the wrong way round is turned.
    """
    total = np.zeros(len(runs[0].scores))
    for run in runs:
        if run.validation is None:
            raise ValueError("a calibration takes the scores of validation images")
        line = platt(*run.validation)
        if not np.isnan(line.slope):
            total += line(run.scores)
    return total / len(runs)
