"""What a study's evaluation options do to the test AUROC: with them less without, seed by seed.

Both are of one trial on the same test images, so that a difference is the options' doing alone.
"""

from typing import Any

import numpy as np
import pandas as pd

from analysis.columns import PLACE
from analysis.compare.paired_seeds import mean_interval
from analysis.compare.pairwise import seeds
from analysis.compare.searches import grouped, sampled
from analysis.results import Results

__all__ = ["with_and_without"]

_METRICS = ("auroc", "auprc")


def with_and_without(results: Results) -> pd.DataFrame:
    """One row a cell whose trials were tested both ways.

    Returns:
        cell, method, task, imratio, ratio, n (confirm seeds), rows (numbers of their trials), and
        for each of auroc and auprc, of the test set: <metric>_with, <metric>_without (means over
        the sample: searches where there are several, else seeds), <metric>_difference (with less
        without), <metric>_low, <metric>_high (t interval of it; none below three values).
    """
    done = seeds(results)
    done = done[done["test_auroc"].notna() & done["test_auroc_without"].notna()]
    names = [
        f"{metric}_{what}"
        for metric in _METRICS
        for what in ("with", "without", "difference", "low", "high")
    ]
    rows = [
        [
            *(rows[key].iloc[0] for key in PLACE),
            len(rows),
            tuple(rows["number"]),
            *(value for metric in _METRICS for value in _figures(rows, metric)),
        ]
        for _, rows in done.groupby("cell", sort=False)
    ]
    return pd.DataFrame(rows, columns=[*PLACE, "n", "rows", *names])


def _figures(rows: pd.DataFrame, metric: str) -> tuple[float, ...]:
    groups = grouped(rows["repeat"])
    asked, plain = (
        sampled(rows[name].to_numpy(), groups)
        for name in (f"test_{metric}", f"test_{metric}_without")
    )
    # Without rounding, equal differences would show a spread.
    d: np.ndarray[Any, np.dtype[np.float64]] = (asked - plain).round(12)
    return float(asked.mean()), float(plain.mean()), float(d.mean()), *mean_interval(d)
