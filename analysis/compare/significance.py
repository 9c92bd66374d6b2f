"""Methods over many settings (Demsar 2006, Benavoli et al. 2016): ranks, Friedman, Wilcoxon.

The unit is a setting, a data set at one imbalance ratio: the mean over its seeds, never a seed.
Settings that share a data set are not independent, and a test that takes them for it finds too
much. So each p value has a twin for which whole data sets are permuted: the same statistic, exact
under the hypothesis that methods are exchangeable within a data set, and the same p value where
no two settings share one. Claims rest on the twin.
"""

import math
from itertools import combinations
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from analysis.columns import SETTING
from analysis.compare.pairwise import seeds
from analysis.holm import holm
from analysis.results import Results
from study.plan.power import ALPHA, family_size, settings_needed, smallest_p

__all__ = ["Units", "friedman", "ranks", "units", "wilcoxon"]

PERMUTATIONS = 9999


class Units(NamedTuple):
    """Test AUROC of every method in every complete setting.

    Attributes:
        values: one row a setting, one column a method; no value is missing.
        datasets: the data set of each row.
        dropped: (setting in words, methods without a result there), for settings left out.
        absent: methods left out, since they have no result anywhere.
    """

    values: pd.DataFrame
    datasets: pd.Series
    dropped: tuple[tuple[str, tuple[str, ...]], ...] = ()
    absent: tuple[str, ...] = ()

    @property
    def nested(self) -> bool:
        """Some settings share a data set."""
        return bool(self.datasets.duplicated().any())


def units(results: Results) -> Units:
    """Complete settings only; what is left out is named."""
    done = seeds(results)
    table = done.pivot_table(index=[*SETTING], columns="method", values="test_auroc")
    table = table.reindex(index=results.settings, columns=results.methods)
    absent = tuple(table.columns[table.isna().all()])
    table = table.drop(columns=list(absent))
    full = table.notna().all(axis=1)
    dropped = tuple(
        (", ".join(setting), tuple(row.index[row.isna()]))
        for setting, (_, row) in zip(table.index[~full], table[~full].iterrows(), strict=True)
    )
    of_task = results.cells.drop_duplicates("task").set_index("task")["dataset"]
    values = table[full]
    datasets = pd.Series([of_task[task] for task, _ in values.index], values.index, dtype=object)
    return Units(values, datasets, dropped, absent)


def ranks(units: Units) -> pd.DataFrame:
    """Average rank of each method over the settings; 1 is best, ties share.

    Returns:
        method, rank, first (settings where it is first, ties included); best first.
    """
    each = _ranks(units)
    table = pd.DataFrame({"method": each.columns, "rank": each.mean().to_numpy()})
    table["first"] = (each == each.min(axis=1).to_numpy()[:, None]).sum().to_numpy()
    return table.sort_values("rank", kind="stable").reset_index(drop=True)


def friedman(units: Units) -> pd.DataFrame:
    """Do the methods differ at all?

    Returns:
        One row: methods, settings, datasets (distinct), chi2 and p_chi2 (Friedman), f, df1, df2
        and p_f (Iman and Davenport 1980), p (data sets permuted, seeded), why (what forbids the
        test, else ""). Below four settings or so chi2 and F are too ready to find something;
        p is not.
    """
    n, k = units.values.shape
    row: dict[str, object] = {"methods": k, "settings": n, "datasets": units.datasets.nunique()}
    row |= dict.fromkeys(("chi2", "p_chi2", "f", "df1", "df2", "p_f", "p"), math.nan)
    row["why"] = _friedman_refusal(n, k, units)
    if not row["why"]:
        chi2, p_chi2 = stats.friedmanchisquare(*units.values.to_numpy().T)
        df1, df2 = k - 1, (k - 1) * (n - 1)
        left = n * (k - 1) - chi2
        f = math.inf if left < 1e-9 else (n - 1) * chi2 / left
        row |= {"chi2": float(chi2), "p_chi2": float(p_chi2), "f": float(f)}
        row |= {"df1": df1, "df2": df2, "p_f": float(stats.f.sf(f, df1, df2))}
        row["p"] = _permuted_friedman(_ranks(units), units.datasets)
    return pd.DataFrame([row])


def wilcoxon(units: Units) -> pd.DataFrame:
    """Wilcoxon's signed-rank test of every pair of methods, over the settings.

    Zeros keep their ranks and count for neither side (Pratt 1959); p values are exact with ties.

    Returns:
        One row a pair: a (the higher average rank), b, settings, won, tied, lost (by a), median
        (of a - b), p (settings taken as independent), p_holm, p_datasets (whole data sets change
        sides), p_datasets_holm, better (p_datasets_holm at or below ``ALPHA``), better_here
        (p_holm is: it holds on these data sets, and is not known of others), why (what keeps
        every p_datasets of the family above that, else ""). None without a setting.
    """
    order = list(ranks(units)["method"]) if len(units.values) else []
    rows = [_pair(units, a, b) for a, b in combinations(order, 2)]
    names = ["a", "b", "settings", "won", "tied", "lost", "median", "p", "p_datasets"]
    table = pd.DataFrame(rows, columns=names)
    table["p_holm"] = holm(table["p"])
    table["p_datasets_holm"] = holm(table["p_datasets"])
    table["better"] = table["p_datasets_holm"] <= ALPHA
    table["better_here"] = table["p_holm"] <= ALPHA
    table["why"] = _wilcoxon_refusal(units)
    return table


def _ranks(units: Units) -> pd.DataFrame:
    return units.values.rank(axis=1, ascending=False)


def _friedman_refusal(settings: int, methods: int, units: Units) -> str:
    if methods < 3:
        return f"Friedman's test takes three methods or more, and {methods} have results"
    if settings < 2:
        return f"Friedman's test takes two complete settings or more, and there is {settings}"
    if units.datasets.nunique() < 2:
        return f"all {settings} settings share one data set: they say nothing of others"
    if (units.values.nunique(axis=1) == 1).all():
        return "all methods are tied in every setting"
    return ""


def _permuted_friedman(each: pd.DataFrame, datasets: pd.Series) -> float:
    """Share of permutations in which the rank sums lie as far apart as they do."""
    sums = each.groupby(datasets.to_numpy()).sum().to_numpy()
    rng = np.random.default_rng(0)
    drawn = rng.permuted(np.broadcast_to(sums, (PERMUTATIONS, *sums.shape)), axis=2).sum(axis=1)
    spread = (drawn**2).sum(axis=1) >= (sums.sum(axis=0) ** 2).sum() - 1e-9
    return float((1 + spread.sum()) / (1 + PERMUTATIONS))


def _pair(units: Units, a: str, b: str) -> tuple[object, ...]:
    # Without rounding, 0.9 - 0.8 and 0.8 - 0.7 would not tie.
    d = (units.values[a] - units.values[b]).to_numpy().round(12)
    signed = np.sign(d) * stats.rankdata(np.abs(d))
    by_dataset = pd.Series(signed).groupby(units.datasets.to_numpy()).sum().to_numpy()
    counts = (len(d), int((d > 0).sum()), int((d == 0).sum()), int((d < 0).sum()))
    return (a, b, *counts, float(np.median(d)), _flipped(signed), _flipped(by_dataset))


def _flipped(sums: NDArray[np.float64]) -> float:
    """Exact two-sided p of a sum under independent signs of its terms.

    Args:
        sums: signed ranks or sums of them, multiples of a half.
    """
    steps = np.rint(2 * np.abs(sums)).astype(int)
    ways = np.ones(1)
    for step in steps[steps > 0]:
        # The share of signs that give each sum of positive terms, one more term at a time.
        ways = (np.pad(ways, (0, step)) + np.pad(ways, (step, 0))) / 2
    distance = np.abs(2 * np.arange(len(ways)) - steps.sum())
    return float(min(1.0, ways[distance >= np.rint(abs(2 * sums.sum()))].sum()))


def _wilcoxon_refusal(units: Units) -> str:
    """Why no pair can pass, whatever the figures are."""
    methods, independent = units.values.shape[1], units.datasets.nunique()
    if methods < 2 or smallest_p(independent) * family_size(methods) <= ALPHA:
        return ""
    return (
        f"with {independent} independent data set{'s' * (independent != 1)} no p value lies below "
        f"{smallest_p(independent):.4g}, and among {methods} methods Holm asks for "
        f"{ALPHA / family_size(methods):.2g}: that takes {settings_needed(methods)} data sets"
    )
