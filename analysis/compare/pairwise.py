"""Two methods within one setting: paired seeds, and the same test images.

A setting is a task at one imbalance ratio. Its methods share the confirm seeds (split, weights
and order), so that a difference is taken seed by seed. Every pair of a setting belongs to one
family, and Holm's correction holds the chance of a false claim in it at ``ALPHA``; comparing the
best with the others alone would not, since the best is chosen after the fact.

What the seeds show is bound to the test set at hand. With stored predictions the draw of its
images is accounted for as well (``analysis.compare.delong``): on a few dozen test positives the
seeds alone would call two equal methods different in up to 70 % of studies.
"""

import math
from functools import lru_cache
from itertools import combinations
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.compare.delong import Placements, compare
from analysis.compare.intervals import t_interval
from analysis.compare.paired_seeds import refusal, seed_tests, wins
from analysis.compare.testset import image_row, look
from analysis.holm import holm
from analysis.results import Results
from study.plan.power import ALPHA, GAMMA

__all__ = ["images", "pairs", "seeds"]

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


class _Within(NamedTuple):
    images: pd.DataFrame
    pairs: pd.DataFrame


@lru_cache(maxsize=4)
def _within(results: Results) -> _Within:
    """Both frames in one pass, so that predictions are read once."""
    done = seeds(results)
    image_rows: list[dict[str, Any]] = []
    pair_rows: list[dict[str, Any]] = []
    for (task, ratio), setting in done.groupby(_SETTING, sort=False):
        cells = {str(method): rows for method, rows in setting.groupby("method", sort=False)}
        seen = look(results, cells)
        methods = [
            _method(method, cells[method], seen[method].places)
            for method in results.methods
            if method in cells
        ]
        image_rows += [image_row(method.cell, seen[method.name]) for method in methods]
        found = _judged([_pair(*pair) for pair in combinations(methods, 2)])
        pair_rows += [{"task": task, "ratio": ratio} | row for row in found]
    adjusted = ["p_seeds_holm", "p_wins_holm", "p_holm"]
    names = [*_SETTING, *_PAIR, *_NUMBERS, "basis", *adjusted, "better", "often", "why"]
    return _Within(
        pd.DataFrame(image_rows, columns=["cell", "positives", "negatives", "error", "why"]),
        pd.DataFrame(pair_rows, columns=names),
    )


def _judged(pairs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """One setting's pairs, with what depends on all of them."""
    names = ("p_seeds", "p_wins", "p")
    for name, adjusted in {name: holm([row[name] for row in pairs]) for name in names}.items():
        for row, value in zip(pairs, adjusted, strict=True):
            row[f"{name}_holm"] = float(value)
    for row in pairs:
        row["better"] = row["p_holm"] <= ALPHA
        row["often"] = row["p_wins_holm"] <= ALPHA and row["wins_high"] > GAMMA
    return pairs


class _Method(NamedTuple):
    """A method in a setting; everything about its runs is in the order of its rows."""

    name: str
    cell: str
    place: dict[int, int]
    numbers: NDArray[np.int64]
    test_auroc: NDArray[np.float64]
    images: Placements | None

    def seen(self, seeds: list[int]) -> Placements | None:
        """The test images under these seeds."""
        return None if self.images is None else self.images.runs(self.at(seeds))

    def at(self, seeds: list[int]) -> list[int]:
        """Where the runs of these seeds are."""
        return [self.place[seed] for seed in seeds]


def _method(name: str, rows: pd.DataFrame, images: Placements | None) -> _Method:
    place = {int(seed): i for i, seed in enumerate(rows["seed"])}
    numbers, aucs = rows["number"].to_numpy(), rows["test_auroc"].to_numpy()
    return _Method(name, rows["cell"].iloc[0], place, numbers, aucs, images)


def _pair(first: _Method, second: _Method) -> dict[str, Any]:
    """One pair, the higher mean as a; the earlier method of the study on a tie."""
    shared = sorted(first.place.keys() & second.place.keys())
    # Without rounding, a difference that is the same at every seed would show a spread.
    d = first.test_auroc[first.at(shared)] - second.test_auroc[second.at(shared)]
    d = d.round(12)
    ahead = not shared or d.mean() >= 0
    a, b = (first, second) if ahead else (second, first)
    row: dict[str, Any] = {
        "a": a.name,
        "b": b.name,
        "cell_a": a.cell,
        "cell_b": b.cell,
        "rows_a": tuple(a.numbers[a.at(shared)].tolist()),
        "rows_b": tuple(b.numbers[b.at(shared)].tolist()),
        "n": len(shared),
        "dropped": tuple(sorted(first.place.keys() ^ second.place.keys())),
        **dict.fromkeys(_NUMBERS, math.nan),
        "basis": "seeds",
        "why": refusal(d),
    }
    if not shared:
        return row
    return row | _numbers(d if ahead else -d, a.seen(shared), b.seen(shared), row["why"])


def _numbers(
    d: NDArray[np.float64], a: Placements | None, b: Placements | None, why: str
) -> dict[str, Any]:
    """What ``pairs`` says of differences ``d`` (not empty) and of the images, if they are known."""
    found: dict[str, Any] = {
        "difference": float(d.mean()),
        "std": float(d.std(ddof=1)) if len(d) > 1 else math.nan,
        "wins": float(wins(d).mean()),
    }
    both = compare(a, b) if a is not None and b is not None else None
    if both is not None:
        found |= {"error_images": both.error, "p_images": both.p_images}
    if why:
        return found
    found |= seed_tests(d)
    if both is None:
        low, high = t_interval(d)
        return found | {"low": low, "high": high, "p": found["p_seeds"]}
    low, high = both.interval
    own = {"p_both": both.p_both, "p": both.p_both, "low": low, "high": high}
    return found | own | {"basis": "seeds and images"}
