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
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import astuple, dataclass, fields, replace
from itertools import combinations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.columns import SETTING
from analysis.compare.compared import Compared
from analysis.compare.delong import Placements, compare
from analysis.compare.paired_seeds import refusal, seed_tests, wins
from analysis.compare.searches import grouped, sampled
from analysis.compare.t_test import Student, alike
from analysis.compare.testset import Images, counted, covariances, look
from analysis.holm import holm
from analysis.results import Results
from study.plan.power import ALPHA, GAMMA

__all__ = ["Pair", "Within", "corrected", "paired", "seeds", "table", "within"]


@dataclass(frozen=True)
class Pair:
    """Two methods with paired seeds in one setting; NaN where the data give nothing.

    Attributes:
        task, ratio: the setting.
        a, b: the methods; a has the higher mean over the paired seeds.
        cell_a, cell_b: their cells.
        rows_a, rows_b: numbers of the confirm trials.
        n: paired seeds.
        searches: independent searches that they come from; several are the sample (a search the
            mean of its seeds), and one is not: then the seeds are.
        dropped: seeds that only one of the two finished.
        difference: mean of a - b over the sample; std: ddof 1.
        p_seeds: of the paired t test (other seeds or searches, this test set).
        wins: P(a > b), the share of the sample, ties a half.
        wins_low, wins_high: its percentile bootstrap interval; the exact binomial one where all
            of them agree.
        p_wins: of the exact sign test.
        error_images, p_images: DeLong (other images, these models).
        p_both: other seeds and other images.
        low, high, p: interval of the difference and p value, by the basis.
        basis: "seeds and images", or "seeds" without predictions; "searches" for "seeds" where
            they are the sample.
        margin: differences below it count as none.
        equal_low, equal_high: the interval of the difference at 90 %, by the basis, as tests of
            equality take it (``analysis.compare.t_test.alike``).
        p_equal: of a difference of ``margin`` or more, by two one-sided tests.
        p_seeds_holm, p_wins_holm, p_holm, p_equal_holm: corrected for the pairs tested in the
            setting.
        why: what forbids a test, else "".
    """

    task: str
    ratio: str
    a: str
    b: str
    cell_a: str
    cell_b: str
    rows_a: tuple[int, ...]
    rows_b: tuple[int, ...]
    n: int
    searches: int
    dropped: tuple[int, ...]
    difference: float = math.nan
    std: float = math.nan
    p_seeds: float = math.nan
    wins: float = math.nan
    wins_low: float = math.nan
    wins_high: float = math.nan
    p_wins: float = math.nan
    error_images: float = math.nan
    p_images: float = math.nan
    p_both: float = math.nan
    low: float = math.nan
    high: float = math.nan
    p: float = math.nan
    basis: str = "seeds"
    margin: float = math.nan
    equal_low: float = math.nan
    equal_high: float = math.nan
    p_equal: float = math.nan
    p_seeds_holm: float = math.nan
    p_wins_holm: float = math.nan
    p_holm: float = math.nan
    p_equal_holm: float = math.nan
    why: str = ""

    @property
    def sample(self) -> int:
        """Size of the sample: searches, or seeds of the only one."""
        return self.searches if self.searches > 1 else self.n

    @property
    def better(self) -> bool:
        """a is better: the corrected p is at or below ``ALPHA``."""
        return self.p_holm <= ALPHA

    @property
    def equal(self) -> bool:
        """They are equal within ``margin``: the corrected p is at or below ``ALPHA``."""
        return self.p_equal_holm <= ALPHA

    @property
    def often(self) -> bool:
        """a is ahead often enough to matter: surely above a half, possibly above ``GAMMA``."""
        return self.p_wins_holm <= ALPHA and self.wins_high > GAMMA


@dataclass(frozen=True, eq=False)
class Within:
    """What the confirm trials show within the settings.

    Attributes:
        pairs: every pair of methods, setting by setting.
        images: by cell with a finished confirm trial, what the test images leave open.
        shared: by (task, ratio), what ``analysis.compare.testset.covariances`` gives; settings
            without predictions are missing.
    """

    pairs: Sequence[Pair]
    images: Mapping[str, Images]
    shared: Mapping[tuple[str, str], pd.DataFrame]


def seeds(results: Results) -> pd.DataFrame:
    """The finished confirm rows, one a cell and seed, in the columns of ``Results.confirm``.

    A crashed row may have a replacement of the same seed: seeds are counted, not rows.
    """
    done = results.confirm[results.confirm["state"] == "COMPLETE"]
    return done.drop_duplicates(["cell", "seed"])


def within(results: Results) -> Within:
    """Pairs and images in one pass, so that predictions are read once."""
    pairs: list[Pair] = []
    images: dict[str, Images] = {}
    shared: dict[tuple[str, str], pd.DataFrame] = {}
    for (task, ratio), setting in seeds(results).groupby([*SETTING], sort=False):
        cells = {str(method): rows for method, rows in setting.groupby("method", sort=False)}
        seen = look(results, cells)
        methods = [
            Compared.of(method, cells[method], seen[method].places)
            for method in results.methods
            if method in cells
        ]
        images |= {m.cell: counted(seen[m.name], grouped(m.repeats)) for m in methods}
        pairs += corrected(paired(str(task), str(ratio), methods, results.equivalence))
        known = {m.name: m.images for m in methods if m.images is not None}
        if len(known) == len(methods):
            units = np.concatenate([m.units for m in methods])
            shared[str(task), str(ratio)] = covariances(known, units)
    return Within(pairs, images, shared)


def table(pairs: Iterable[Pair]) -> pd.DataFrame:
    """One row a pair: its attributes, with better, equal and often before why."""
    *names, why = [field.name for field in fields(Pair)]
    rows = [(*astuple(pair)[:-1], pair.better, pair.equal, pair.often, pair.why) for pair in pairs]
    return pd.DataFrame(rows, columns=[*names, "better", "equal", "often", why])


def paired(task: str, ratio: str, methods: Sequence[Compared], margin: float) -> list[Pair]:
    """Every pair of the methods of a setting, not corrected for one another.

    Args:
        task, ratio: the setting.
        methods: in the study's order.
        margin: differences below it count as none.
    """
    return [_pair(task, ratio, *two, margin) for two in combinations(methods, 2)]


def corrected(pairs: Sequence[Pair]) -> list[Pair]:
    """One family of pairs, with the p values that depend on all of them."""
    names = "p_seeds", "p_wins", "p", "p_equal"
    adjusted = [holm([getattr(pair, name) for pair in pairs]).tolist() for name in names]
    return [
        replace(pair, **{f"{name}_holm": p for name, p in zip(names, each, strict=True)})
        for pair, *each in zip(pairs, *adjusted, strict=True)
    ]


def _pair(task: str, ratio: str, first: Compared, second: Compared, margin: float) -> Pair:
    """One pair, the higher mean as a; the earlier method of the study on a tie."""
    shared = sorted(first.place.keys() & second.place.keys())
    repeats = first.repeats[first.at(shared)]
    groups, searches = grouped(repeats), len(np.unique(repeats))
    d = first.test_auroc[first.at(shared)] - second.test_auroc[second.at(shared)]
    # Without rounding, a difference that is the same at every seed would show a spread.
    d = sampled(d, groups).round(12)
    ahead = not shared or d.mean() >= 0
    a, b = (first, second) if ahead else (second, first)
    pair = Pair(
        task,
        ratio,
        a.name,
        b.name,
        a.cell,
        b.cell,
        rows_a=tuple(a.numbers[a.at(shared)].tolist()),
        rows_b=tuple(b.numbers[b.at(shared)].tolist()),
        n=len(shared),
        searches=searches,
        dropped=tuple(sorted(first.place.keys() ^ second.place.keys())),
        margin=margin,
        why=refusal(d, "search" if searches > 1 else "seed"),
    )
    if not shared:
        return pair
    higher = float(sampled(a.test_auroc[a.at(shared)], groups).mean())
    seen = (method.seen(shared, groups) for method in (a, b))
    return _tested(pair, d if ahead else -d, *seen, higher=higher)


def _tested(
    pair: Pair,
    d: NDArray[np.float64],
    a: Placements | None,
    b: Placements | None,
    *,
    higher: float,
) -> Pair:
    """The pair with what differences ``d`` (not empty) say, and the images, if they are known.

    ``higher`` is the mean AUROC of a.
    """
    pair = replace(
        pair,
        difference=float(d.mean()),
        std=float(d.std(ddof=1)) if len(d) > 1 else math.nan,
        wins=float(wins(d).mean()),
    )
    both = compare(a, b) if a is not None and b is not None else None
    if both is not None:
        pair = replace(pair, error_images=both.error, p_images=both.p_images)
    if pair.why:
        return pair
    units = "searches" if pair.searches > 1 else "seeds"
    pair = replace(pair, **seed_tests(d)._asdict(), basis=units)
    if both is None:
        found = Student(pair.difference, pair.std / math.sqrt(len(d)), len(d) - 1)
    else:
        found = both.both
        pair = replace(pair, p_both=found.p, basis=f"{units} and images")
    equal = alike(found, higher, pair.margin)
    (low, high), (equal_low, equal_high) = found.interval, equal.inner
    return replace(
        pair,
        low=low,
        high=high,
        p=found.p,
        equal_low=equal_low,
        equal_high=equal_high,
        p_equal=equal.p_equal(pair.margin),
    )
