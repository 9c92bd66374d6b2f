"""Tests over settings: the published table against scipy by hand, exactness, refusals."""

import itertools
import math
from collections.abc import Callable
from importlib import import_module
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from analysis.compare import bayes, critical_difference, significance
from analysis.compare.published import published, published_units
from analysis.compare.significance import Units
from analysis.holm import holm
from analysis.results import from_record

Build = Callable[..., Any]
multipletests = import_module("statsmodels.stats.multitest").multipletests
AHEAD = np.array([0.05, 0.0])
TABLE_1 = published_units("ICLR2022 (CT/PDSCA)", "Table 1", "ResNet20")


def units_of(values: Any, datasets: list[str] | None = None) -> Units:
    """Settings x methods a, b, ...; each its own data set if none are named."""
    table = pd.DataFrame(values, columns=list("abcdefgh")[: np.shape(values)[1]])
    names = datasets or [f"d{i}" for i in range(len(table))]
    return Units(table, pd.Series(names, index=table.index))


def drawn(settings: int, methods: int, seed: int = 0) -> Units:
    return units_of(np.random.default_rng(seed).normal(0.8, 0.05, (settings, methods)))


class TestPublishedTable:
    """Table 1 of ICLR 2022: 6 methods x 12 pairs of data set and ratio."""

    rows = published()
    raw = rows[
        rows.source.str.startswith("ICLR") & (rows.table == "Table 1") & (rows.model == "ResNet20")
    ]
    wide = raw.pivot_table(index=["dataset", "imratio"], columns="method", values="mean")

    def test_all_of_it_is_there(self) -> None:
        assert TABLE_1.values.shape == self.wide.shape == (12, 6)
        assert TABLE_1.datasets.nunique() == 4
        assert TABLE_1.nested
        assert not TABLE_1.dropped
        pd.testing.assert_frame_equal(
            TABLE_1.values.sort_index(axis=1), self.wide, check_names=False
        )

    def test_average_ranks(self) -> None:
        values = self.wide.to_numpy()
        above = (values[:, None, :] > values[:, :, None]).sum(axis=2)
        level = (values[:, None, :] == values[:, :, None]).sum(axis=2)
        mean = (1 + above + (level - 1) / 2).mean(axis=0)
        by_hand = dict(zip(self.wide.columns, mean, strict=True))
        found = significance.ranks(TABLE_1).set_index("method")["rank"]
        assert found.to_dict() == pytest.approx(by_hand)
        assert found.is_monotonic_increasing
        assert found.index[0] == "CT(AUC)"

    def test_friedman_and_iman_davenport(self) -> None:
        n, k = self.wide.shape
        chi2, p = stats.friedmanchisquare(*(self.wide[method] for method in self.wide))
        f = (n - 1) * chi2 / (n * (k - 1) - chi2)
        row = significance.friedman(TABLE_1).iloc[0]
        assert (row.chi2, row.p_chi2) == pytest.approx((chi2, p))
        assert (row.f, row.df1, row.df2) == pytest.approx((f, 5, 55))
        assert row.p_f == pytest.approx(stats.f.sf(f, 5, 55))
        assert row.why == ""

    def test_pairwise_wilcoxon_and_holm(self) -> None:
        pairs = significance.wilcoxon(TABLE_1)
        assert len(pairs) == 15
        expected = []
        for row in pairs.itertuples():
            d = (self.wide[row.a] - self.wide[row.b]).round(12).to_numpy()
            # All 4096 signs, ranks by hand: right with ties too, where scipy's "exact" is not.
            signs = np.array(list(itertools.product((1, -1), repeat=len(d))))
            ranks = stats.rankdata(abs(d)) * (d != 0)
            reached = abs(signs @ ranks) >= abs((np.sign(d) * ranks).sum()) - 1e-9
            expected.append(reached.mean())
            if len(set(abs(d))) == len(d) and d.all():
                assert row.p == pytest.approx(stats.wilcoxon(d, method="exact").pvalue)
        assert pairs["p"].to_numpy() == pytest.approx(expected)
        adjusted = import_module("statsmodels.stats.multitest").multipletests(
            expected, method="holm"
        )
        assert pairs["p_holm"].to_numpy() == pytest.approx(adjusted[1])

    def test_against_scikit_posthocs(self) -> None:
        """Its Wilcoxon drops zeros: only pairs without zeros and ties are the same."""
        posthocs = import_module("scikit_posthocs")
        long = self.wide.reset_index().melt(["dataset", "imratio"], value_name="auc")
        theirs = posthocs.posthoc_wilcoxon(long, val_col="auc", group_col="method")
        for row in significance.wilcoxon(TABLE_1).itertuples():
            d = (self.wide[row.a] - self.wide[row.b]).round(12)
            if row.tied == 0 and d.abs().nunique() == len(d):
                assert row.p == pytest.approx(theirs.loc[row.a, row.b])
        nemenyi = posthocs.posthoc_nemenyi_friedman(self.wide.to_numpy())
        ranks = self.wide.rank(axis=1, ascending=False).mean().to_numpy()
        gap = critical_difference.nemenyi_difference(6, 12)
        apart = abs(ranks[:, None] - ranks[None, :]) > gap
        assert (nemenyi.to_numpy() < 0.05).tolist() == apart.tolist()

    def test_four_data_sets_claim_nothing_of_others(self) -> None:
        pairs = significance.wilcoxon(TABLE_1)
        first = pairs[pairs["a"] == "CT(AUC)"]
        assert first["better_here"].all()
        assert not pairs["better"].any()
        assert pairs["p_datasets"].min() == 0.125
        assert "that takes 10 data sets" in pairs["why"].iloc[0]


def test_holm_is_that_of_statsmodels() -> None:
    p = np.random.default_rng(0).beta(0.3, 2, 12)
    assert holm(p) == pytest.approx(multipletests(p, method="holm")[1])
    p[[2, 5]] = np.nan  # not tested: not in the family
    tested = ~np.isnan(p)
    assert holm(p)[tested] == pytest.approx(multipletests(p[tested], method="holm")[1])
    assert np.isnan(holm(p)).tolist() == (~tested).tolist()
    assert holm([]).tolist() == []


@pytest.mark.parametrize("settings", [3, 7, 20])
def test_wilcoxon_is_exact(settings: int) -> None:
    units = drawn(settings, 2)
    (row,) = significance.wilcoxon(units).itertuples()
    d = units.values["a"] - units.values["b"]
    expected = stats.wilcoxon(d, method="exact").pvalue
    assert (row.p, row.p_datasets) == pytest.approx((expected, expected))


def test_data_sets_change_sides_as_one() -> None:
    """By all signs of three data sets with 2, 3 and 1 settings."""
    rng = np.random.default_rng(1)
    names = ["x", "x", "y", "y", "y", "z"]
    units = units_of(rng.normal(0.8, 0.05, (6, 2)) + np.array([0.05, 0]), names)
    d = (units.values["a"] - units.values["b"]).to_numpy()
    signed = np.sign(d) * stats.rankdata(abs(d))
    sums = [signed[[n == name for n in names]].sum() for name in "xyz"]
    reached = [
        abs(np.dot(signs, sums)) >= abs(sum(sums)) - 1e-9
        for signs in itertools.product((1, -1), repeat=3)
    ]
    (row,) = significance.wilcoxon(units).itertuples()
    assert row.p_datasets == pytest.approx(np.mean(reached))


def test_ties_count_for_neither_side() -> None:
    (row,) = significance.wilcoxon(units_of([[0.9, 0.9], [0.8, 0.8], [0.7, 0.7]])).itertuples()
    assert (row.won, row.tied, row.lost, row.p) == (0, 3, 0, 1)
    # Ties of float arithmetic are ties: 0.9 - 0.8 is not 0.8 - 0.7 in binary.
    (row,) = significance.wilcoxon(units_of([[0.9, 0.8], [0.8, 0.7], [0.2, 0.3]])).itertuples()
    assert row.p == 1.0


def test_friedman_by_permutation_is_exact() -> None:
    """Three methods, three settings: all 216 permutations."""
    units = drawn(3, 3, seed=4)
    ranks = units.values.rank(axis=1).to_numpy()
    sums = [
        (
            np.sum([row[list(order)] for row, order in zip(ranks, orders, strict=True)], axis=0)
            ** 2
        ).sum()
        for orders in itertools.product(itertools.permutations(range(3)), repeat=3)
    ]
    expected = np.mean(np.array(sums) >= (ranks.sum(axis=0) ** 2).sum() - 1e-9)
    found = significance.friedman(units)["p"].iloc[0]
    assert found == pytest.approx(expected, abs=4 * math.sqrt(expected * (1 - expected) / 9999))


def test_perfect_agreement_has_a_p() -> None:
    row = significance.friedman(units_of([[0.9, 0.8, 0.7]] * 5)).iloc[0]
    assert row.f == math.inf
    assert row.p == pytest.approx(1 / 6**4, abs=6e-4)


@pytest.mark.parametrize(
    ("units", "words"),
    [
        (drawn(8, 2), "three methods or more, and 2 have"),
        (drawn(1, 4), "two complete settings or more, and there is 1"),
        (units_of(drawn(3, 3).values, ["d"] * 3), "share one data set"),
        (units_of([[0.8] * 3] * 4), "tied in every setting"),
    ],
)
def test_friedman_refuses(units: Units, words: str) -> None:
    row = significance.friedman(units).iloc[0]
    assert words in row.why
    assert np.isnan([row.chi2, row.f, row.p_f, row.p]).all()


@pytest.mark.parametrize(
    ("settings", "methods", "needed"), [(5, 2, 6), (5, 6, 10), (9, 6, 10), (10, 6, 0), (6, 2, 0)]
)
def test_wilcoxon_says_what_it_cannot_reach(settings: int, methods: int, needed: int) -> None:
    best = units_of(0.5 + 0.1 * np.arange(methods)[None, :] + 0.001 * np.arange(settings)[:, None])
    pairs = significance.wilcoxon(best)
    assert (pairs["why"] == "").all() == (needed == 0)
    if needed:
        assert f"that takes {needed} data sets" in pairs["why"].iloc[0]
        assert not pairs["better"].any()
    else:
        assert pairs["p"].min() == 2 / 2**settings
        assert pairs["better"].any()


def test_only_complete_settings_and_the_rest_is_named(
    study: Build, cell: Build, trial: Build, confirm: Build
) -> None:
    scores = {
        ("a", 0.01): (0.8, 0.82),
        ("a", 0.1): (0.9,),
        ("b", 0.01): (0.7,),
        ("b", 0.1): (),
        ("c", 0.01): (),
        ("c", 0.1): (),
    }
    cells = [
        cell(m, r, search=(trial(),), confirm=tuple(confirm(i, v) for i, v in enumerate(values)))
        for (m, r), values in scores.items()
    ]
    units = significance.units(from_record(study(*cells)))
    assert units.absent == ("c",)
    assert units.dropped == (("cifar10-resnet20, 10 %", ("b",)),)
    assert units.values.to_numpy().tolist() == [[pytest.approx(0.81), 0.7]]
    assert units.datasets.tolist() == ["cifar10"]


def test_groups_are_maximal_cliques() -> None:
    units = units_of(np.tile([0.9, 0.8, 0.7, 0.6], (8, 1)))
    pairs = significance.wilcoxon(units)
    apart = {("a", "c"), ("a", "d"), ("b", "d")}
    pairs["better_here"] = [pair in apart for pair in zip(pairs["a"], pairs["b"], strict=True)]
    found = critical_difference.groups(units, pairs)
    assert found["methods"].tolist() == [("a", "b"), ("b", "c"), ("c", "d")]
    assert found[["low", "high"]].to_numpy().tolist() == [[1, 2], [2, 3], [3, 4]]
    pairs["better_here"] = True
    assert critical_difference.groups(units, pairs).empty
    pairs["better_here"] = False
    assert critical_difference.groups(units, pairs)["methods"].tolist() == [tuple("abcd")]


def test_nemenyi_is_demsars_table() -> None:
    """q(.05) = 1.960, 2.343, 2.569, 2.728, 2.850 for 2 to 6 methods (Demsar 2006, table 5)."""
    for methods, q in zip(range(2, 7), (1.960, 2.343, 2.569, 2.728, 2.850), strict=True):
        expected = q * math.sqrt(methods * (methods + 1) / (6 * 14))
        assert critical_difference.nemenyi_difference(methods, 14) == pytest.approx(
            expected, rel=1e-3
        )


@pytest.mark.parametrize(("settings", "ahead"), [(5, 0.02), (12, 0.0), (30, 0.01)])
def test_bayes_is_baycomp(settings: int, ahead: float) -> None:
    baycomp = import_module("baycomp")
    units = units_of(drawn(settings, 2, seed=settings).values + np.array([ahead, 0]))
    (row,) = bayes.signed_rank(units).itertuples()
    expected = baycomp.SignedRankTest.probs(
        units.values[str(row.b)].to_numpy(),
        units.values[str(row.a)].to_numpy(),
        0.01,
        nsamples=bayes.SAMPLES,
        random_state=0,
    )
    assert (row.p_worse, row.p_equal, row.p_better) == pytest.approx(expected, abs=1e-12)


def test_bayes_readings() -> None:
    settings = np.linspace(0.6, 0.9, 12)[:, None]
    ahead = bayes.signed_rank(units_of(settings + AHEAD))
    assert ahead["reading"].tolist() == ["a better"]
    equal = bayes.signed_rank(units_of(settings + AHEAD / 50))
    assert equal["reading"].tolist() == ["equal"]
    few = bayes.signed_rank(units_of(settings[:4] + AHEAD))
    assert "4 complete settings" in few["why"].iloc[0]
    assert few[["p_better", "p_equal", "p_worse"]].isna().all(axis=None)
    nested = bayes.signed_rank(units_of(settings + AHEAD, ["x", "y", "z"] * 4))
    assert nested["reading"].tolist() == [""]
    assert "share 3 data sets" in nested["why"].iloc[0]
