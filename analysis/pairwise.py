"""Two methods within one setting: paired seeds, and the same test images.

A setting is a task at one imbalance ratio. Its methods share the confirm seeds (split, weights
and order), so that a difference is taken seed by seed. Every pair of a setting belongs to one
family, and Holm's correction holds the chance of a false claim in it at ``ALPHA``; comparing the
best with the others alone would not, since the best is chosen after the fact.

What the seeds show is bound to the test set at hand. With stored predictions the draw of its
images is accounted for as well (``analysis.delong``): on a few dozen test positives the seeds alone
would call two equal methods different in up to 70 % of studies.
"""

import math
from functools import lru_cache
from itertools import combinations
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from analysis.delong import Placements, compare
from analysis.intervals import LEVEL, bootstrap_interval, t_interval
from analysis.results import Results
from analysis.testset import image_row, look
from study.feasibility import ALPHA, GAMMA

__all__ = ["LEAST_SEEDS", "holm", "images", "pairs", "seeds"]

LEAST_SEEDS = 3
"""Fewer paired seeds are not tested: a deviation from one difference of two says nothing."""

_SETTING = ["task", "ratio"]
_PAIR = ["a", "b", "cell_a", "cell_b", "rows_a", "rows_b", "n", "dropped"]
_NUMBERS = [
    *("difference", "std", "p_seeds", "wins", "wins_low", "wins_high", "p_wins"),
    *("error_images", "p_images", "p_both", "low", "high", "p"),
]


def seeds(results: Results) -> pd.DataFrame:
    """The finished confirm rows, one a cell and seed, in the columns of ``Results.confirm``.

    A crashed row may have a replacement of the same seed: seeds are counted, not rows.
    """
    done = results.confirm[results.confirm["state"] == "COMPLETE"]
    return done.drop_duplicates(["cell", "seed"])


def images(results: Results) -> pd.DataFrame:
    """What the draw of the test images leaves open in each cell's mean AUROC.

    Returns:
        One row a cell with a finished confirm row: cell, positives, negatives (of the test set),
        error (DeLong's standard error of the mean over the seeds, the models given); NaN where
        predictions are missing, and why (a sentence, else "").
    """
    return _within(results).images.copy()


def pairs(results: Results) -> pd.DataFrame:
    """Every pair of methods with paired seeds, setting by setting.

    Returns:
        One row a pair: task, ratio, a (the higher mean over the paired seeds), b, cell_a, cell_b,
        rows_a, rows_b (numbers of the confirm rows), n (paired seeds), dropped (seeds that only
        one of the two finished), difference (mean of a - b), std (over the seeds, ddof 1),
        p_seeds (paired t test: other seeds, this test set), wins (P(a > b): share of the seeds,
        ties a half), wins_low, wins_high (percentile bootstrap interval; the exact binomial one
        where all seeds agree), p_wins (exact sign
        test), error_images and p_images (DeLong: other images, these models), p_both (other
        seeds and other images), basis ("seeds and images", or "seeds" without predictions), low,
        high and p (interval of the difference and p value, by the basis), p_seeds_holm,
        p_wins_holm and p_holm (corrected for the pairs tested in the setting), better (a is
        better: p_holm at or below ``ALPHA``), often (a is ahead often enough to matter:
        p_wins_holm at or below ``ALPHA`` and wins_high above ``GAMMA``), why (what forbids
        a test, else "").
    """
    return _within(results).pairs.copy()


def holm(p: pd.Series) -> pd.Series:
    """Holm's adjusted p values; those that are NaN were not tested and do not count."""
    rising = p.dropna().sort_values()
    # statsmodels has this too, and collects all garbage at each call: 0.3 s in a report.
    steps = rising * np.arange(len(rising), 0, -1)
    return steps.cummax().clip(upper=1.0).reindex(p.index)


class _Within(NamedTuple):
    images: pd.DataFrame
    pairs: pd.DataFrame


@lru_cache(maxsize=4)
def _within(results: Results) -> _Within:
    """Both frames in one pass, so that predictions are read once."""
    done = seeds(results)
    image_rows: list[dict[str, Any]] = []
    tables = []
    for (task, ratio), setting in done.groupby(_SETTING, sort=False):
        cells = {str(method): rows for method, rows in setting.groupby("method", sort=False)}
        seen = look(results, cells)
        methods = [
            _Method(method, cells[method].set_index("seed"), seen[method].places)
            for method in results.methods
            if method in cells
        ]
        image_rows += [image_row(m.rows["cell"].iloc[0], seen[m.name]) for m in methods]
        rows = [_pair(*pair) for pair in combinations(methods, 2)]
        if rows:
            tables.append(_judged(pd.DataFrame(rows), str(task), str(ratio)))
    adjusted = ["p_seeds_holm", "p_wins_holm", "p_holm"]
    names = [*_SETTING, *_PAIR, *_NUMBERS, "basis", *adjusted, "better", "often", "why"]
    return _Within(
        pd.DataFrame(image_rows, columns=["cell", "positives", "negatives", "error", "why"]),
        pd.concat(tables, ignore_index=True)[names] if tables else pd.DataFrame(columns=names),
    )


def _judged(table: pd.DataFrame, task: str, ratio: str) -> pd.DataFrame:
    """One setting's pairs, with what depends on all of them."""
    table["p_holm"] = holm(table["p"])
    table["p_seeds_holm"] = holm(table["p_seeds"])
    table["p_wins_holm"] = holm(table["p_wins"])
    table["better"] = table["p_holm"] <= ALPHA
    table["often"] = (table["p_wins_holm"] <= ALPHA) & (table["wins_high"] > GAMMA)
    return table.assign(task=task, ratio=ratio)


class _Method(NamedTuple):
    """A method in a setting: its finished rows by seed, and the test images in their order."""

    name: str
    rows: pd.DataFrame
    places: Placements | None

    def images(self, seeds: pd.Index) -> Placements | None:
        """The test images under these seeds."""
        if self.places is None:
            return None
        return self.places.runs([self.rows.index.tolist().index(seed) for seed in seeds])


def _pair(first: _Method, second: _Method) -> dict[str, Any]:
    """One pair, the higher mean as a; the earlier method of the study on a tie."""
    shared = first.rows.index.intersection(second.rows.index).sort_values()
    one, two = (method.rows["test_auroc"].reindex(shared) for method in (first, second))
    # Without rounding, a difference that is the same at every seed would show a spread.
    d = (one - two).to_numpy().round(12)
    ahead = not len(d) or d.mean() >= 0
    a, b = (first, second) if ahead else (second, first)
    dropped = sorted(set(first.rows.index) ^ set(second.rows.index))
    row: dict[str, Any] = {
        "a": a.name,
        "b": b.name,
        "cell_a": a.rows["cell"].iloc[0],
        "cell_b": b.rows["cell"].iloc[0],
        "rows_a": tuple(a.rows.loc[shared, "number"]),
        "rows_b": tuple(b.rows.loc[shared, "number"]),
        "n": len(d),
        "dropped": tuple(int(seed) for seed in dropped),
        **dict.fromkeys(_NUMBERS, math.nan),
        "basis": "seeds",
        "why": _refusal(d),
    }
    if not len(d):
        return row
    return row | _numbers(d if ahead else -d, a.images(shared), b.images(shared), row["why"])


def _numbers(
    d: NDArray[np.float64], a: Placements | None, b: Placements | None, why: str
) -> dict[str, Any]:
    """What ``pairs`` says of differences ``d`` (not empty) and of the images, if they are known."""
    found: dict[str, Any] = {
        "difference": float(d.mean()),
        "std": float(d.std(ddof=1)) if len(d) > 1 else math.nan,
        "wins": float(_wins(d).mean()),
    }
    both = compare(a, b) if a is not None and b is not None else None
    if both is not None:
        found |= {"error_images": both.error, "p_images": both.p_images}
    if why:
        return found
    found |= _tests(d)
    if both is None:
        low, high = t_interval(d)
        return found | {"low": low, "high": high, "p": found["p_seeds"]}
    low, high = both.interval
    own = {"p_both": both.p_both, "p": both.p_both, "low": low, "high": high}
    return found | own | {"basis": "seeds and images"}


def _tests(d: NDArray[np.float64]) -> dict[str, float]:
    won, lost = int((d > 0).sum()), int((d < 0).sum())
    sign = stats.binomtest(won, won + lost)
    # Where all seeds agree no resample differs, and the exact interval stands in.
    low, high = bootstrap_interval(_wins(d)) if np.ptp(_wins(d)) else sign.proportion_ci(LEVEL)
    return {
        "p_seeds": float(stats.ttest_1samp(d, 0).pvalue),
        "wins_low": float(low),
        "wins_high": float(high),
        "p_wins": float(sign.pvalue),
    }


def _wins(d: NDArray[np.float64]) -> NDArray[np.float64]:
    return (np.sign(d) + 1) / 2


def _refusal(d: NDArray[np.float64]) -> str:
    if len(d) < LEAST_SEEDS:
        return f"{len(d)} paired seeds; a test takes {LEAST_SEEDS} or more"
    if np.ptp(d) == 0:
        return "the difference is the same at every seed: there is no spread to judge it by"
    return ""
