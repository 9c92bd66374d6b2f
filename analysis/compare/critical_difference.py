"""The numbers of a critical-difference diagram: ranks, and groups that the tests do not part."""

import math

import pandas as pd
from scipy import stats

from analysis.compare.significance import Units, ranks
from study.plan.power import ALPHA

__all__ = ["groups", "nemenyi_difference"]


def groups(units: Units, pairs: pd.DataFrame) -> pd.DataFrame:
    """Maximal groups of methods no two of which are told apart on these data sets.

    The bars of the diagram follow the pairwise tests, not Nemenyi's difference of ranks: what a
    rank test says of two methods hangs on which others are in the table (Benavoli et al. 2016).
    They take settings as independent, as such diagrams do; ``wilcoxon`` says what holds without.

    Args:
        units: complete settings.
        pairs: what ``analysis.compare.significance.wilcoxon`` returns for them.

    Returns:
        One row a group of two methods or more, the best ranks first: methods (in order of
        rank), low and high (smallest and largest of their average ranks).
    """
    rank = ranks(units).set_index("method")["rank"]
    apart = {frozenset(pair) for pair in pairs.loc[pairs["better_here"], ["a", "b"]].to_numpy()}
    near = {
        method: {o for o in rank.index if o != method and frozenset((method, o)) not in apart}
        for method in rank.index
    }
    rows = []
    for group in _cliques(set(), set(near), set(), near):
        if len(group) < 2:
            continue
        inside = rank[[method for method in rank.index if method in group]]
        rows.append((tuple(inside.index), inside.min(), inside.max()))
    table = pd.DataFrame(rows, columns=["methods", "low", "high"])
    return table.sort_values(["low", "high", "methods"]).reset_index(drop=True)


def _cliques(
    inside: set[str], left: set[str], seen: set[str], near: dict[str, set[str]]
) -> list[set[str]]:
    """Maximal cliques that hold ``inside`` (Bron and Kerbosch 1973, with a pivot)."""
    if not left and not seen:
        return [inside]
    pivot = max(left | seen, key=lambda method: len(near[method] & left))
    cliques = []
    for method in left - near[pivot]:
        cliques += _cliques(inside | {method}, left & near[method], seen & near[method], near)
        left, seen = left - {method}, seen | {method}
    return cliques


def nemenyi_difference(methods: int, settings: int) -> float:
    """Difference of average ranks that Nemenyi's test asks for at ``ALPHA`` (Demsar 2006, eq. 6).

    Drawn for comparison with older papers; NaN below two methods or settings.
    """
    if methods < 2 or settings < 2:
        return math.nan
    q = stats.studentized_range.isf(ALPHA, methods, math.inf) / math.sqrt(2)
    return float(q * math.sqrt(methods * (methods + 1) / (6 * settings)))
