"""How firm a ranking is: what is left of it without a setting, without a method, and resampled.

Which benchmark is best for whom is partly a lottery (Dehghani et al. 2021): another choice of
settings or of rivals turns average ranks over. So each setting, and each method, is left out in
turn; and seeds and test images are drawn anew within every setting. Seeds are drawn with
replacement, the same for all methods, and spread by sqrt(n / (n - 1)), since n of them vary by less
than those they were drawn from; test images move the methods of a setting together, with DeLong's
covariance of what their seeds share. Where searches are repeated they are drawn in place of seeds;
one search is not drawn anew.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from analysis.columns import SETTING
from analysis.compare.intervals import LEVEL
from analysis.compare.pairwise import seeds
from analysis.compare.significance import Units, ranks
from analysis.results import Results

__all__ = ["RESAMPLES", "WAYS", "Stability", "stability"]

Floats = NDArray[np.floating[Any]]

RESAMPLES = 2000
WAYS = ("without a setting", "without a method", "seeds and images drawn anew")
"""What is done to a ranking, as rows of ``Stability.orders`` and columns of its ``methods``."""


@dataclass(frozen=True, eq=False)
class Stability:
    """What becomes of the ranking by average rank.

    Attributes:
        orders: one row one of ``WAYS``: way, tries (rankings looked at), best (share of them in
            which the best stays first; of those that still hold it), two (in which the best two
            keep their order, a tie for a half, likewise), all (in which every place stays). NaN
            without a try.
        methods: one row a method, the best first: method, rank (average), place (1 is best; ties
            share), a column one of ``WAYS`` (share of tries in which it keeps its place among
            those that are left), low and high (``LEVEL`` of its places in the resamples).
        places: share of the resamples in which a method (row, the best first) has a place
            (column, from 1).
        seeds_only: settings in which no test image was drawn anew, for want of predictions.
    """

    orders: pd.DataFrame
    methods: pd.DataFrame
    places: pd.DataFrame
    seeds_only: tuple[tuple[str, str], ...]


def stability(
    results: Results, units: Units, shared: Mapping[tuple[str, str], pd.DataFrame]
) -> Stability | None:
    """None below two methods or without a complete setting.

    Args:
        results: the study.
        units: its complete settings.
        shared: ``analysis.compare.pairwise.Within.shared`` of it.
    """
    settings, methods = units.values.shape
    if settings < 1 or methods < 2:
        return None
    order = [str(method) for method in ranks(units)["method"]]
    values = units.values[order].to_numpy()
    whole, every = _average(values), [*range(methods)]
    drawn = _drawn(results, units, shared, order)
    without = [np.delete(values, i, axis=0) for i in range(settings)] if settings > 1 else []
    tries: dict[str, list[_Tries]] = {
        WAYS[0]: [_Tries(_average(each)[None], every) for each in without],
        WAYS[1]: [
            _Tries(_average(values[:, left])[None], left)
            for i in every
            if len(left := [j for j in every if j != i]) > 1
        ],
        WAYS[2]: [_Tries(drawn, every)],
    }
    rows = []
    table = pd.DataFrame({"method": order, "rank": whole, "place": _places(whole)})
    for way, found in tries.items():
        kept = np.concatenate([np.empty((0, methods)), *(each.kept(whole) for each in found)])
        table[way] = [_share(own) for own in kept.T]
        first, two = (
            _share(np.concatenate([[], *(each.first() for each in found)])),
            _share(np.concatenate([[], *(each.best_two() for each in found)])),
        )
        all_kept = _share((np.isnan(kept) | (kept == 1)).all(axis=1))
        rows.append((way, len(kept), first, two, all_kept))
    places = _places(drawn)
    ends = (1 - LEVEL) / 2, (1 + LEVEL) / 2
    table["low"], table["high"] = np.quantile(places, ends, axis=0, method="inverted_cdf")
    columns = range(1, methods + 1)
    shares = np.stack([(places == place).mean(axis=0) for place in columns], axis=1)
    return Stability(
        pd.DataFrame(rows, columns=["way", "tries", "best", "two", "all"]),
        table,
        pd.DataFrame(shares, index=order, columns=columns),
        tuple(setting for setting in units.values.index if setting not in shared),
    )


class _Tries(NamedTuple):
    """Rankings of the methods that are left.

    Attributes:
        average: (tries, methods left), average ranks.
        left: which methods, by their order in the whole ranking.
    """

    average: Floats
    left: list[int]

    def kept(self, whole: Floats) -> Floats:
        """(tries, methods), 1 where one keeps its place among those left, else 0; NaN: it is out.

        Args:
            whole: average ranks of all methods.
        """
        own = np.full((len(self.average), len(whole)), np.nan)
        own[:, self.left] = _places(self.average) == _places(whole[self.left])
        return own

    def first(self) -> Floats:
        """For each try, if it holds the best method, whether that is first."""
        if 0 not in self.left:
            return np.empty(0)
        found: Floats = (_places(self.average)[:, self.left.index(0)] == 1).astype(float)
        return found

    def best_two(self) -> Floats:
        """For each try, if it holds the best two, 1 where they keep their order, 1/2 for a tie."""
        if not {0, 1} <= {*self.left}:
            return np.empty(0)
        best, second = (self.average[:, self.left.index(i)] for i in (0, 1))
        return np.asarray((np.sign((second - best).round(9)) + 1) / 2)


def _average(values: Floats) -> Floats:
    """Average ranks of the columns; 1 is best, ties share."""
    return np.asarray(stats.rankdata(-values, axis=-1).mean(axis=-2))


def _places(average: Floats) -> NDArray[np.int64]:
    """Places by average rank, which is rounded, since sums of thirds do not tie otherwise."""
    return np.asarray(stats.rankdata(average.round(9), method="min", axis=-1)).astype(int)


def _share(kept: NDArray[Any]) -> float:
    """Mean of those that are not NaN; NaN without any."""
    known = kept[~np.isnan(kept)]
    return float(known.mean()) if len(known) else math.nan


def _drawn(
    results: Results,
    units: Units,
    shared: Mapping[tuple[str, str], pd.DataFrame],
    order: list[str],
) -> Floats:
    """Average ranks in every resample (resamples, methods)."""
    rng = np.random.default_rng(0)
    done = seeds(results)
    total = np.zeros((RESAMPLES, len(order)))
    for setting in units.values.index:
        rows = done[(done[[*SETTING]] == list(setting)).all(axis=1)]
        # Where searches are repeated, they are the sample.
        unit = "repeat" if rows["repeat"].nunique() > 1 else "seed"
        table = rows.pivot_table(index=unit, columns="method", values="test_auroc")[order]
        values = _seeds_drawn(table.to_numpy(), rng)
        if setting in shared:
            values = values + _images_drawn(shared[setting].loc[order, order].to_numpy(), rng)
        total += stats.rankdata(-values, axis=1)
    return total / len(units.values)


def _seeds_drawn(values: Floats, rng: np.random.Generator) -> Floats:
    """Means over drawn seeds (resamples, methods), of values (seeds, methods) with gaps as NaN.

    Seeds that all methods have are drawn for all at once; below two of these, each method's own.
    """
    means = np.nanmean(values, axis=0)
    common = values[~np.isnan(values).any(axis=1)]
    if len(common) > 1:
        return means + _spread(common, rng)
    columns = [each[~np.isnan(each)][:, None] for each in values.T]
    return np.asarray(means + np.hstack([_spread(each, rng) for each in columns]))


def _spread(values: Floats, rng: np.random.Generator) -> Floats:
    """By how much means over drawn rows differ from the mean of all."""
    n = len(values)
    if n < 2:
        return np.zeros((RESAMPLES, values.shape[1]))
    weights = rng.multinomial(n, np.full(n, 1 / n), RESAMPLES) / n
    return np.asarray((weights @ values - values.mean(axis=0)) * np.sqrt(n / (n - 1)))


def _images_drawn(covariance: Floats, rng: np.random.Generator) -> Floats:
    """What other test images would add (resamples, methods)."""
    # Without what each run has of its own, the matrix may have negative eigenvalues.
    size, axes = np.linalg.eigh(covariance)
    normal = rng.normal(size=(RESAMPLES, len(size)))
    return np.asarray((normal * np.sqrt(np.maximum(size, 0))) @ axes.T)
