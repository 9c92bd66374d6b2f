"""What a plan promises: formulas against tables and simulation, prospects against the tests."""

import math
from dataclasses import replace

import numpy as np
import pytest
from scipy import special, stats
from sklearn.metrics import roc_auc_score

from study.command.tables import plan_tables
from study.plan.cost import CellPlan, StudyPlan
from study.plan.power import (
    expected_interval,
    family_size,
    hanley_mcneil_error,
    pairs_needed,
    settings_needed,
    smallest_p,
)
from study.plan.prospects import Prospect, prospects, setting_prospects
from trainables.datasets.cut.part_counts import PartCount


def part(positives: int, negatives: int) -> PartCount:
    return PartCount(positives + negatives, (positives,), (negatives,))


CELL = CellPlan(
    method="a",
    task="digits-mlp",
    dataset="digits",
    imratio=0.1,
    train=part(72, 651),
    val=part(72, 72),
    test=part(177, 178),
    steps=100,
    searches=1,
    search_trials=4,
    confirm_trials=5,
    profile_trials=0,
    gradient_evaluations=6400,
    search_seconds=1.0,
    confirm_seconds=1.0,
    profile_seconds=1.0,
)


def plan(
    methods: str,
    datasets: int = 1,
    ratios: int = 1,
    seeds: int = 5,
    test: tuple[int, int] = (177, 178),
    searches: int = 1,
) -> StudyPlan:
    cells = [
        replace(
            CELL,
            method=method,
            dataset=f"d{d}",
            task=f"t{d}",
            imratio=0.1 + 0.01 * r,
            searches=searches,
            confirm_trials=seeds,
            test=part(*test),
        )
        for d in range(datasets)
        for r in range(ratios)
        for method in methods
    ]
    return StudyPlan(tuple(cells), slots=1, search_share={cell.task: 1.0 for cell in cells})


def found(of: StudyPlan, words: str) -> Prospect:
    (one,) = (each for each in prospects(of) if words in each.claim)
    return one


@pytest.mark.parametrize("units", [1, 2, 5, 9])
def test_smallest_p_is_that_of_both_tests(units: int) -> None:
    ahead = np.arange(1.0, units + 1)
    assert smallest_p(units) == stats.binomtest(units, units).pvalue
    if units > 1:
        assert smallest_p(units) == stats.wilcoxon(ahead, method="exact").pvalue


def test_settings_needed() -> None:
    assert smallest_p(5) == 0.0625
    assert [settings_needed(k) for k in (2, 3, 6, 12)] == [6, 7, 10, 12]
    for methods in range(2, 13):
        level, units = 0.05 / family_size(methods), settings_needed(methods)
        assert smallest_p(units) <= level < smallest_p(units - 1)


def test_pairs_needed_finds_what_it_promises() -> None:
    """Noether's formula is for the signed ranks: 29 pairs, found in about 95 %, one-sided."""
    assert pairs_needed() == 29
    rng = np.random.default_rng(0)
    shift = stats.norm.ppf(0.75)  # P(d > 0) = 0.75
    d = rng.normal(shift, 1, (4000, 29))
    p = stats.wilcoxon(d, axis=1, alternative="greater").pvalue
    assert (p <= 0.05).mean() == pytest.approx(0.95, abs=0.03)


@pytest.mark.parametrize(("positives", "negatives"), [(20, 100), (100, 100)])
def test_expected_width_is_on_the_safe_side(positives: int, negatives: int) -> None:
    """The formula is that of exponential scores; normal ones spread less, by a fifth here."""
    rng = np.random.default_rng(1)
    gap = math.sqrt(2) * stats.norm.ppf(0.85)
    targets = np.r_[np.ones(positives), np.zeros(negatives)]
    draws = [
        roc_auc_score(targets, rng.normal(size=len(targets)) + gap * targets) for _ in range(1000)
    ]
    error = hanley_mcneil_error(0.85, positives, negatives)
    assert 0.75 * error < np.std(draws) < 1.05 * error


def test_hanley_and_mcneil_by_hand() -> None:
    # A = 0.5: Q1 = Q2 = 1/3, so m = n = 10 gives (1/4 + 18/12) / 100.
    assert hanley_mcneil_error(0.5, 10, 10) == pytest.approx(math.sqrt(1.75) / 10)


@pytest.mark.parametrize(
    ("of", "words", "answer", "why"),
    [
        (plan("ab", seeds=1), "as it was configured", "no", "1 confirm seed; a test takes 3"),
        (plan("ab", seeds=2), "as it was configured", "no", "takes 3 or more"),
        (plan("abcdef", seeds=3), "as it was configured", "partly", "10 times"),
        (plan("ab", seeds=5), "as it was configured", "yes", "1.2 times"),
        (plan("ab", seeds=5), "P(A > B)", "no", "even if all agree p is 0.062"),
        (plan("ab", seeds=5), "searched anew", "no", "Searches of each method: 1; a test takes 3"),
        (
            plan("ab", seeds=6, searches=3),
            "searched anew",
            "partly",
            "3 searches of 2",
        ),
        (plan("ab", seeds=20, searches=10), "searched anew", "yes", "1.7 deviations"),
        (plan("ab", seeds=6), "P(A > B)", "partly", "nearly all"),
        (plan("ab", seeds=29), "P(A > B)", "yes", "29"),
        (plan("ab", datasets=5), "over settings", "no", "takes 6 settings"),
        (plan("ab", datasets=6), "over settings", "yes", "6 data sets"),
        (plan("abcdef", datasets=4, ratios=3), "over settings", "partly", "takes 10 data sets"),
        (plan("ab", datasets=8), "at all", "no", "3 methods or more"),
        (plan("abc"), "at all", "no", "1 setting from 1 data set"),
        (plan("abc", datasets=3), "at all", "yes", "0.028"),
        (plan("ab"), "other test images", "no", "177 positives"),
        (plan("ab", test=(5000, 5000)), "other test images", "yes", "large enough"),
        (plan("ab"), "equal budgets", "yes", "about the same"),
    ],
)
def test_prospects(of: StudyPlan, words: str, answer: str, why: str) -> None:
    one = found(of, words)
    assert one.answer == answer
    assert why in one.why


def test_least_difference_passes_the_test_and_less_does_not() -> None:
    """Seeds whose mean is 1.2416 deviations: p of the t test is just the level."""
    one = found(plan("ab", seeds=5), "as it was configured")
    assert "1.2 times" in one.why
    d = np.array([-1.0, -0.5, 0, 0.5, 1.0])
    d = d / d.std(ddof=1) + stats.t.ppf(0.975, 4) / math.sqrt(5)
    assert stats.ttest_1samp(d, 0).pvalue == pytest.approx(0.05)


@pytest.mark.parametrize(
    ("of", "why"),
    [(plan("a", datasets=3), "only one method"), (plan("ab", seeds=0), "no confirm seeds")],
)
def test_without_rivals_or_seeds_nothing_can_be_claimed(of: StudyPlan, why: str) -> None:
    (one,) = prospects(of)
    assert one.answer == "no"
    assert why in one.why


def test_unequal_budgets_are_named() -> None:
    cells = [*plan("ab").cells, replace(plan("c").cells[0], gradient_evaluations=12800)]
    one = found(StudyPlan(tuple(cells), slots=1, search_share={}), "equal budgets")
    assert one.answer == "no"
    assert "c 2 times" in one.why


def test_settings_are_listed_once() -> None:
    of = plan("abc", datasets=2, ratios=2)
    rows = setting_prospects(of)
    assert [(row.task, row.imratio) for row in rows] == [
        ("t0", 0.1),
        ("t0", pytest.approx(0.11)),
        ("t1", 0.1),
        ("t1", pytest.approx(0.11)),
    ]
    assert rows[0].val_width == pytest.approx(1.96 * hanley_mcneil_error(0.85, 72, 72))
    assert rows[0].test_positives == 177
    assert rows[0].test_interval == pytest.approx(
        (0.85 - rows[0].test_width, 0.85 + rows[0].test_width), abs=0.01
    )


def test_expected_interval_stays_within_bounds() -> None:
    """On the logit scale, with the error of the delta method; with two images of a class, too."""
    low, high = expected_interval(0.85, 2, 300)
    half = stats.norm.ppf(0.975) * hanley_mcneil_error(0.85, 2, 300) / (0.85 * 0.15)
    assert (low, high) == pytest.approx(
        tuple(special.expit(special.logit(0.85) + np.array([-half, half])))
    )
    assert 0 < low < 0.85 < high < 1 < 0.85 + 1.96 * hanley_mcneil_error(0.85, 2, 300)


def test_the_command_shows_them() -> None:
    titles = [getattr(part, "title", None) for part in plan_tables(plan("ab"), "this machine", "")]
    assert "What the study can show" in titles
