"""What may be said of each setting, and of all of them: the numbers behind the verdict's words.

A method is called better only where a test with Holm's correction supports it. Whatever else
could have made the difference (a larger budget, lost trials, a study that still runs) is a reason
to doubt the claim, and the words say so.
"""

import math
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import pandas as pd

from analysis.columns import SETTING, Row
from analysis.compare import significance
from analysis.compare.doubts import Facts, doubts
from analysis.compare.pairwise import Pair, seeds
from analysis.compare.significance import Units
from analysis.results import Results
from study.plan.power import ALPHA

__all__ = ["Best", "Claim", "Overall", "Verdict", "overall", "verdicts"]


@dataclass(frozen=True)
class Best:
    """The method of a setting with the highest mean.

    Attributes:
        method: its name; cell: of it.
        mean, std, n: of its test AUROC over its seeds (std NaN for one seed).
        positives, negatives: images of the test set; NaN without predictions.
        val_std: deviation over its confirm seeds of what its search selects by: how far luck moves
            a search; NaN for one seed.
    """

    method: str
    cell: str
    mean: float
    std: float
    n: int
    positives: float
    negatives: float
    val_std: float


@dataclass(frozen=True)
class Claim:
    """What the tests support of the best method of a setting.

    Attributes:
        better_than: the methods that it is better than, one or more.
        p: the largest Holm-adjusted p value of these.
        basis: as ``Pair.basis``; without the images if one of these rests on a pair without.
        lead: over the nearest of these.
        doubts: any of "budget", "failed", "partial", see ``analysis.compare.doubts``.
    """

    better_than: tuple[str, ...]
    p: float
    basis: str
    lead: float
    doubts: tuple[str, ...]


@dataclass(frozen=True)
class Verdict:
    """What the confirm trials of one setting support.

    Attributes:
        task, ratio: the setting.
        best: None without results.
        rivals: the other methods with a result, the higher means first.
        absent: methods without a result.
        claim: None if the best is not better than any.
        near: rivals that the best is not told from.
        untested: those of near whose pair could not be tested.
        equal: those of near that a test places within ``margin`` of the best.
        near_images: those of near that the seeds alone tell apart: the test set's images are too
            few.
        margin: differences below it count as none.
        p_equal: the largest Holm-adjusted p value of equal; NaN without any.
    """

    task: str
    ratio: str
    best: Best | None = None
    rivals: tuple[str, ...] = ()
    absent: tuple[str, ...] = ()
    claim: Claim | None = None
    near: tuple[str, ...] = ()
    untested: tuple[str, ...] = ()
    near_images: tuple[str, ...] = ()
    equal: tuple[str, ...] = ()
    margin: float = math.nan
    p_equal: float = math.nan

    @property
    def doubts(self) -> tuple[str, ...]:
        """Of the claim; none without one."""
        return self.claim.doubts if self.claim else ()

    @property
    def reading(self) -> str:
        """ "none": no result, "alone": no rival, "untested": no pair with the best could be
        tested, "no evidence", "some": better than some, "all": better than all."""
        if self.best is None:
            return "none"
        if not self.rivals:
            return "alone"
        if self.claim:
            return "some" if self.near else "all"
        return "untested" if self.untested == self.near else "no evidence"


def verdicts(
    results: Results, scores: pd.DataFrame, pairs: Iterable[Pair], facts: Mapping[str, Facts]
) -> list[Verdict]:
    """What the confirm trials support in each setting, in the study's order.

    Args:
        results: the study.
        scores: what ``analysis.compare.comparison.scores`` gives for it.
        pairs: what ``analysis.compare.pairwise.within`` gives for it.
        facts: what ``analysis.compare.doubts.facts`` gives for it.
    """
    noise = seeds(results).groupby("cell")["value"].std(ddof=1).to_dict()
    cells: dict[tuple[str, str], list[Row]] = {}
    for row in scores.to_dict("records"):
        cells.setdefault((row["task"], row["ratio"]), []).append(row)
    tested: dict[tuple[str, str], list[Pair]] = {}
    for pair in pairs:
        tested.setdefault((pair.task, pair.ratio), []).append(pair)
    return [
        _verdict(task, ratio, cells[task, ratio], tested.get((task, ratio), []), facts, noise)
        for task, ratio in results.settings
    ]


def _verdict(
    task: str,
    ratio: str,
    cells: Sequence[Row],
    pairs: Sequence[Pair],
    facts: Mapping[str, Facts],
    noise: Mapping[Hashable, float],
) -> Verdict:
    absent = tuple(row["method"] for row in cells if not row["n"])
    known = sorted((row for row in cells if row["n"]), key=lambda row: -row["mean"])
    if not known:
        return Verdict(task, ratio, absent=absent)
    first = known[0]
    best = Best(
        method=first["method"],
        cell=first["cell"],
        mean=first["mean"],
        std=first["std"],
        n=first["n"],
        positives=first["positives"],
        negatives=first["negatives"],
        val_std=noise[first["cell"]],
    )
    rivals = tuple(row["method"] for row in known[1:])
    ahead = {pair.b: pair for pair in pairs if pair.a == best.method}
    beaten = {method: pair for method, pair in ahead.items() if pair.better}
    refused = {
        method
        for pair in pairs
        if pair.why and best.method in (pair.a, pair.b)
        for method in (pair.a, pair.b)
    }
    near = tuple(method for method in rivals if method not in beaten)
    alike = {
        method: pair
        for pair in pairs
        if pair.equal and best.method in (pair.a, pair.b)
        for method in (pair.a, pair.b)
        if method in near
    }
    return Verdict(
        task,
        ratio,
        best,
        rivals,
        absent,
        claim=_claim(best, rivals, beaten, facts, [row["cell"] for row in cells]),
        near=near,
        untested=tuple(method for method in near if method in refused),
        near_images=tuple(m for m in near if m in ahead and _told_by_seeds(ahead[m])),
        equal=tuple(method for method in near if method in alike),
        margin=pairs[0].margin if pairs else math.nan,
        p_equal=max((pair.p_equal_holm for pair in alike.values()), default=math.nan),
    )


def _told_by_seeds(pair: Pair) -> bool:
    return pair.basis.endswith("images") and pair.p_seeds_holm <= ALPHA


def _claim(
    best: Best,
    rivals: Sequence[str],
    beaten: Mapping[str, Pair],
    facts: Mapping[str, Facts],
    beside: Sequence[str],
) -> Claim | None:
    if not beaten:
        return None
    better_than = tuple(method for method in rivals if method in beaten)
    return Claim(
        better_than,
        p=max(pair.p_holm for pair in beaten.values()),
        basis=min((pair.basis for pair in beaten.values()), key=len),
        lead=min(pair.difference for pair in beaten.values()),
        doubts=doubts(facts, best.cell, [beaten[method].cell_b for method in better_than], beside),
    )


class Overall(NamedTuple):
    """What may be said over all complete settings of the method with the best average rank.

    Attributes:
        units: the settings.
        best: the method; rank: its average rank.
        better_than: methods that it is better than, on other data sets too; p: the largest of
            the Holm-adjusted p values (NaN without a claim).
        better_here: further methods that it is better than on these data sets; p_here likewise.
        near: the rest.
        why: why no claim beyond these data sets is in reach, else "".
        doubts: as in ``Claim``, of any setting.
    """

    units: Units
    best: str
    rank: float
    better_than: tuple[str, ...]
    p: float
    better_here: tuple[str, ...]
    p_here: float
    near: tuple[str, ...]
    why: str
    doubts: tuple[str, ...]


def overall(
    results: Results, units: Units, pairs: pd.DataFrame, facts: Mapping[str, Facts]
) -> Overall | None:
    """None below two methods or two complete settings.

    Args:
        results: the study.
        units: its complete settings.
        pairs: what ``analysis.compare.significance.wilcoxon`` gives for them.
        facts: what ``analysis.compare.doubts.facts`` gives for the study.
    """
    settings, methods = units.values.shape
    if settings < 2 or methods < 2:
        return None
    best = significance.ranks(units).iloc[0]
    ahead = pairs[pairs["a"] == best["method"]]
    beyond, here = ahead[ahead["better"]], ahead[ahead["better_here"] & ~ahead["better"]]
    beaten = [*beyond["b"], *here["b"]]
    return Overall(
        units=units,
        best=best["method"],
        rank=float(best["rank"]),
        better_than=tuple(beyond["b"]),
        p=float(beyond["p_datasets_holm"].max()),
        better_here=tuple(here["b"]),
        p_here=float(here["p_holm"].max()),
        near=tuple(b for b in ahead["b"] if b not in beaten),
        why=pairs["why"].iloc[0],
        doubts=_overall_doubts(results, units, facts, best["method"], beaten) if beaten else (),
    )


def _overall_doubts(
    results: Results, units: Units, facts: Mapping[str, Facts], best: str, beaten: list[str]
) -> tuple[str, ...]:
    of_any: set[str] = set()
    for setting, cells in results.cells.groupby([*SETTING], sort=False):
        if setting in units.values.index:
            by_method = dict(zip(cells["method"], cells["cell"], strict=True))
            behind = [by_method[method] for method in beaten]
            of_any |= {*doubts(facts, by_method[best], behind, by_method.values())}
    return tuple(sorted(of_any))
