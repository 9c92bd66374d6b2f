"""Pairs within a setting: against scipy and hand-worked cases, refusals, stored predictions."""

import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from statsmodels.stats.weightstats import ttost_paired

from analysis.compare import delong, mean_auroc, pairwise
from analysis.compare.intervals import bootstrap_interval
from analysis.compare.t_test import Student
from analysis.findings import Findings
from analysis.holm import holm
from analysis.results import Results, from_record

Build = Callable[..., Any]
A = (0.90, 0.91, 0.93, 0.92, 0.95, 0.90, 0.94)
B = (0.89, 0.90, 0.94, 0.90, 0.92, 0.90, 0.91)
C = (0.70, 0.72, 0.71, 0.73, 0.70, 0.72, 0.71)


@pytest.fixture
def make(study: Build, cell: Build, trial: Build, confirm: Build) -> Callable[..., Results]:
    """One setting from {method: {seed: test AUROC}} or {method: AUROCs by seed}."""

    def build(scores: dict[str, dict[int, float] | Sequence[float]], **fields: Any) -> Results:
        cells = []
        for method, values in scores.items():
            by_seed = values if isinstance(values, dict) else dict(enumerate(values))
            rows = tuple(confirm(seed, value) for seed, value in by_seed.items())
            cells.append(cell(method, search=(trial(),), confirm=rows))
        return from_record(study(*cells, **fields))

    return build


def pairs_of(results: Results) -> pd.DataFrame:
    """As the report's files have them."""
    return pairwise.table(pairwise.within(results).pairs)


def test_numbers_against_scipy(make: Callable[..., Results]) -> None:
    (row,) = pairs_of(make({"b": B, "a": A})).to_dict("records")
    d = np.subtract(A, B)
    assert (row["a"], row["b"], row["n"]) == ("a", "b", 7)
    assert row["difference"] == pytest.approx(d.mean())
    assert row["std"] == pytest.approx(d.std(ddof=1))
    test = stats.ttest_rel(A, B)
    interval = test.confidence_interval(0.95)
    assert (row["p_seeds"], row["p"]) == pytest.approx((test.pvalue, test.pvalue))
    assert (row["low"], row["high"]) == pytest.approx((interval.low, interval.high))
    # Five seeds won, one tied (0.90 twice), one lost.
    assert row["wins"] == pytest.approx(5.5 / 7)
    assert row["p_wins"] == pytest.approx(stats.binomtest(5, 6).pvalue)
    assert row["basis"] == "seeds"
    assert np.isnan([row["p_images"], row["p_both"], row["error_images"]]).all()


@pytest.mark.parametrize("margin", [0.01, 0.03])
def test_equivalence_is_that_of_statsmodels(make: Callable[..., Results], margin: float) -> None:
    scores = {"a": A, "b": B, "c": np.add(A, np.array([1, -2, 1, 3, -1, 0, 2]) / 1000).tolist()}
    found = pairs_of(make(scores, spec={"equivalence": margin}))
    for row in found.to_dict("records"):
        x, y = np.array(scores[row["a"]]), np.array(scores[row["b"]])
        # The spread to be expected were they the margin apart: that of m (1 - m).
        apart, lower = x.mean() - margin, y.mean()
        growth = math.sqrt(max(1, apart * (1 - apart) / (lower * (1 - lower))))
        y = x - ((x - y).mean() + growth * (x - y - (x - y).mean()))
        expected, *_ = ttost_paired(x, y, -margin, margin)
        assert row["p_equal"] == pytest.approx(expected)
        interval = stats.ttest_rel(x, y).confidence_interval(0.90)
        ends = (row["equal_low"], row["equal_high"])
        assert ends == pytest.approx((interval.low, interval.high))
        assert (expected <= 0.05) == (-margin <= interval.low and interval.high <= margin)
    assert found["p_equal_holm"].tolist() == holm(found["p_equal"]).tolist()
    equal = {frozenset(row[["a", "b"]]) for _, row in found[found["equal"]].iterrows()}
    assert frozenset("ac") in equal
    assert (frozenset("ab") in equal) == (margin > 0.02)


def test_share_has_the_interval_of_a_bootstrap(make: Callable[..., Results]) -> None:
    (row,) = pairs_of(make({"a": A, "b": B})).to_dict("records")
    wins = (np.sign(np.round(np.subtract(A, B), 12)) + 1) / 2
    theirs = stats.bootstrap(
        (wins,), np.mean, method="percentile", n_resamples=20_000, rng=np.random.default_rng(5)
    ).confidence_interval
    assert (row["wins_low"], row["wins_high"]) == pytest.approx((theirs.low, theirs.high), abs=0.01)


def test_where_all_seeds_agree_the_interval_is_exact(make: Callable[..., Results]) -> None:
    (row,) = pairs_of(make({"a": A, "c": C})).to_dict("records")
    exact = stats.binomtest(7, 7).proportion_ci(0.95)
    assert (row["wins"], row["wins_low"], row["wins_high"]) == pytest.approx((1, exact.low, 1))


def test_holm_is_over_the_pairs_of_the_setting(make: Callable[..., Results]) -> None:
    table = pairs_of(make({"a": A, "b": B, "c": C}))
    assert table["p_holm"].tolist() == pytest.approx(holm(table["p"]).tolist())
    ab = table[(table["a"] == "a") & (table["b"] == "b")].iloc[0]
    assert ab["p_holm"] == pytest.approx(ab["p"])  # the largest of the three
    assert table["better"].tolist() == (table["p_holm"] <= 0.05).tolist()


def test_seven_wins_are_often_enough_for_one_pair_only(make: Callable[..., Results]) -> None:
    """2 / 2^7 = 0.0156 passes alone and, three times, with Holm among three; 5 seeds never."""
    assert pairs_of(make({"a": A, "c": C}))["often"].tolist() == [True]
    assert pairs_of(make({"a": A[:5], "c": C[:5]}))["often"].tolist() == [False]


def test_only_paired_seeds_enter(make: Callable[..., Results]) -> None:
    a = dict(zip((0, 1, 2, 3), (0.9, 0.8, 0.85, 0.87), strict=True))
    b = dict(zip((1, 2, 3, 5), (0.7, 0.76, 0.75, 0.1), strict=True))
    (row,) = pairs_of(make({"a": a, "b": b})).to_dict("records")
    assert (row["n"], row["dropped"]) == (3, (0, 5))
    assert (row["rows_a"], row["rows_b"]) == ((1, 2, 3), (1, 2, 3))  # numbers are seeds here
    assert row["difference"] == pytest.approx(np.mean([0.1, 0.09, 0.12]))


@pytest.mark.parametrize(
    ("a", "b", "words"),
    [
        ((0.9,), (0.8,), "1 paired seed;"),
        ((0.9, 0.91), (0.8, 0.82), "2 paired seeds; a test takes 3"),
        ({0: 0.9, 1: 0.9, 2: 0.9}, {3: 0.8, 4: 0.8, 5: 0.8}, "0 paired seeds"),
        ((0.90, 0.91, 0.92), (0.80, 0.81, 0.82), "the same at every seed"),
        ((0.9, 0.9, 0.9), (0.9, 0.9, 0.9), "the same at every seed"),
    ],
)
def test_refusals(make: Callable[..., Results], a: Any, b: Any, words: str) -> None:
    (row,) = pairs_of(make({"a": a, "b": b})).to_dict("records")
    assert words in row["why"]
    assert not row["better"]
    assert not row["often"]
    assert np.isnan([row["p"], row["p_holm"], row["p_wins"], row["p_seeds"]]).all()


def test_a_study_without_pairs(make: Callable[..., Results]) -> None:
    assert pairs_of(make({"a": A})).empty
    assert pairs_of(make({"a": (), "b": ()})).empty


def test_a_table_is_the_callers_own(make: Callable[..., Results]) -> None:
    within = pairwise.within(make({"a": A, "b": B}))
    changed = pairwise.table(within.pairs)
    changed.loc[:, "p"] = 0.0
    assert pairwise.table(within.pairs)["p"].iloc[0] > 0


TARGETS = np.r_[np.ones(30), np.zeros(70)].astype(bool)


@pytest.fixture
def stored(
    study: Build, cell: Build, trial: Build, confirm: Build, tmp_path: Path
) -> Callable[..., Results]:
    """Two methods at four seeds with predictions; ``change`` edits a file's arrays by name."""

    def build(change: Callable[[str, dict[str, Any]], dict[str, Any] | None]) -> Results:
        rng = np.random.default_rng(0)
        (tmp_path / "predictions").mkdir()
        cells = []
        for method, gap in (("a", 1.6), ("b", 0.9)):
            rows, hard = [], rng.normal(size=100)
            for seed in range(4):
                name = f"predictions/{method}{seed}.npz"
                scores = hard + 0.5 * rng.normal(size=100) + gap * TARGETS
                kept = change(f"{method}{seed}", {"scores": scores, "targets": TARGETS})
                if kept is not None:
                    np.savez(tmp_path / name, **kept)
                auc = float(delong.placements(scores, TARGETS).auroc[0])
                rows.append(confirm(seed, auc, predictions=name))
            cells.append(cell(method, id=method, search=(trial(),), confirm=tuple(rows)))
        return from_record(study(*cells, directory=tmp_path))

    return build


def test_stored_predictions_add_the_draw_of_the_images(
    stored: Callable[..., Results], tmp_path: Path
) -> None:
    results = stored(lambda _, kept: kept)
    (row,) = pairs_of(results).to_dict("records")
    seen = {}
    for method in "ab":
        files = [np.load(tmp_path / "predictions" / f"{method}{seed}.npz") for seed in range(4)]
        seen[method] = delong.placements([file["scores"] for file in files], TARGETS)
    expected = delong.compare(seen["a"], seen["b"])
    assert row["basis"] == "seeds and images"
    assert (row["p"], row["p_both"]) == (expected.both.p, expected.both.p)
    assert (row["error_images"], row["p_images"]) == (expected.error, expected.p_images)
    assert (row["low"], row["high"]) == expected.both.interval
    assert row["p"] > row["p_seeds"]
    scores = Findings(results).scores.set_index("method")
    assert scores["error_images"].to_dict() == {m: seen[m].error for m in "ab"}
    for m, places in seen.items():
        images, both = mean_auroc.over_images(places), mean_auroc.over_seeds_and_images(places)
        assert (scores["images_low"][m], scores["images_high"][m]) == images
        assert (scores["both_low"][m], scores["both_high"][m]) == both
    assert scores[["positives", "negatives"]].to_numpy().tolist() == [[30, 70], [30, 70]]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda name, kept: None if name == "b2" else kept, "b2.npz is missing"),
        (
            lambda name, kept: kept | {"targets": ~TARGETS} if name == "b2" else kept,
            "not all runs were tested on the same images",
        ),
        (
            lambda _, kept: kept | {"targets": np.arange(100) == 0},
            "fewer than two images of a class",
        ),
    ],
)
def test_without_sound_predictions_the_seeds_alone_speak(
    stored: Callable[..., Results], change: Any, words: str
) -> None:
    results = stored(change)
    (row,) = pairs_of(results).to_dict("records")
    assert row["basis"] == "seeds"
    assert row["p"] == row["p_seeds"]
    assert any(words in images.why for images in pairwise.within(results).images.values())


def test_t_interval_covers_what_it_says_and_the_bootstrap_less() -> None:
    """The shares that the module's text names, over 2,000 draws."""
    rng = np.random.default_rng(0)
    shares = {}
    for n in (3, 5, 10):
        draws = rng.normal(size=(2000, n))
        t = np.array([Student(row.mean(), stats.sem(row), n - 1).interval for row in draws])
        shares[n] = ((t[:, 0] <= 0) & (t[:, 1] >= 0)).mean()
        boot = np.array([bootstrap_interval(row) for row in draws[:600]])
        inside = ((boot[:, 0] <= 0) & (boot[:, 1] >= 0)).mean()
        assert inside == pytest.approx({3: 0.76, 5: 0.83, 10: 0.90}[n], abs=0.04)
    assert all(share == pytest.approx(0.95, abs=0.015) for share in shares.values())
    assert all(map(math.isnan, bootstrap_interval([0.8, 0.8, 0.8])))
