"""Placements against sklearn and an O(n^2) DeLong; the tests against pauc and their definitions."""

from importlib import import_module

import numpy as np
import pytest
from scipy import stats
from sklearn.metrics import roc_auc_score

from analysis.compare.delong import Placements, compare, placements

TARGETS = np.r_[np.ones(23), np.zeros(57)].astype(bool)


def draw(seed: int, runs: int = 1, ties: bool = True) -> np.ndarray:
    rng = np.random.default_rng(seed)
    scores = rng.normal(size=(runs, len(TARGETS))) + 0.8 * TARGETS
    return scores.round(1) if ties else scores


def kernel(scores: np.ndarray) -> np.ndarray:
    """psi(positive, negative) of every pair: 1, 1/2 on ties, 0 (DeLong 1988, eq. 1)."""
    difference = scores[TARGETS][:, None] - scores[~TARGETS][None, :]
    return (np.sign(difference) + 1) / 2


def covariance(one: np.ndarray, two: np.ndarray) -> float:
    """Of two AUROCs, by sums over all pairs (DeLong 1988, eq. 4 to 6)."""
    a, b = kernel(one), kernel(two)
    m, n = a.shape
    s10 = sum((a[i].mean() - a.mean()) * (b[i].mean() - b.mean()) for i in range(m)) / (m - 1)
    s01 = sum((a[:, j].mean() - a.mean()) * (b[:, j].mean() - b.mean()) for j in range(n)) / (n - 1)
    return float(s10 / m + s01 / n)


def test_auroc_is_sklearns() -> None:
    scores = draw(0, runs=3)
    expected = [roc_auc_score(TARGETS, run) for run in scores]
    assert placements(scores, TARGETS).auroc == pytest.approx(expected)


def test_covariance_is_that_of_all_pairs() -> None:
    scores = draw(1, runs=3)
    expected = [[covariance(one, two) for two in scores] for one in scores]
    assert placements(scores, TARGETS).covariance == pytest.approx(np.array(expected), rel=1e-10)


def test_a_single_run_is_pauc() -> None:
    pauc = import_module("pauc")
    one, two = draw(2)[0], draw(3)[0]
    rocs = [pauc.ROC(TARGETS, scores, direction="<") for scores in (one, two)]
    low, high = pauc.ci_auc(rocs[0])
    mine = placements(one, TARGETS)
    assert (high - low) / (2 * stats.norm.ppf(0.975)) == pytest.approx(mine.error)
    theirs = pauc.compare(*rocs)
    found = compare(mine, placements(two, TARGETS))
    assert found.p_images == pytest.approx(theirs.p_value)
    assert found.error == pytest.approx(abs(theirs.estimate / theirs.stat))
    assert np.isnan(found.both.p)  # one seed says nothing of other seeds


def test_mean_over_seeds_by_hand() -> None:
    """Error of the mean difference: the mean over the covariances of the seeds' differences."""
    a, b = draw(4, runs=4), draw(5, runs=4)
    expected = np.mean(
        [
            covariance(a[i], a[j])
            - covariance(a[i], b[j])
            - covariance(b[i], a[j])
            + covariance(b[i], b[j])
            for i in range(4)
            for j in range(4)
        ]
    )
    found = compare(placements(a, TARGETS), placements(b, TARGETS))
    assert found.error == pytest.approx(np.sqrt(expected))


def test_both_is_the_anova_of_obuchowski_and_rockette() -> None:
    """F, its mean squares and Hillis' degrees of freedom, from their own definitions."""
    a, b = draw(6, runs=4, ties=False), draw(7, runs=4, ties=False)
    table = np.array([placements(a, TARGETS).auroc, placements(b, TARGETS).auroc])
    r, t = 4, 2
    by_method, by_seed = table.mean(axis=1, keepdims=True), table.mean(axis=0, keepdims=True)
    ms_method = r * ((by_method - table.mean()) ** 2).sum() / (t - 1)
    rest = table - by_method - by_seed + table.mean()
    ms_rest = (rest**2).sum() / ((t - 1) * (r - 1))
    runs = [a, b]
    pairs = [(i, j) for i in range(r) for j in range(r) if i != j]
    same = np.mean([covariance(runs[m][i], runs[m][j]) for m in range(t) for i, j in pairs])
    other = np.mean([covariance(a[i], b[j]) for i, j in pairs])
    shared = max(r * (same - other), 0)
    f = ms_method / (ms_rest + shared)
    freedom = (ms_rest + shared) ** 2 / (ms_rest**2 / ((t - 1) * (r - 1)))
    found = compare(placements(a, TARGETS), placements(b, TARGETS))
    assert found.both.p == pytest.approx(stats.f.sf(f, 1, freedom))
    middle = (found.both.interval.low + found.both.interval.high) / 2
    assert middle == pytest.approx(table[0].mean() - table[1].mean())
    half = stats.t.ppf(0.975, freedom) * np.sqrt(2 / r * (ms_rest + shared))
    assert found.both.interval.high - middle == pytest.approx(half)


def test_without_spread_there_is_no_p() -> None:
    same = placements(draw(8, runs=3), TARGETS)
    found = compare(same, same)
    assert np.isnan([found.p_images, found.both.p, *found.both.interval]).all()
    constant = np.tile(draw(9), (3, 1)), np.tile(draw(10), (3, 1))  # as if seeds did nothing
    found = compare(*(placements(scores, TARGETS) for scores in constant))
    assert np.isnan(found.both.p)
    assert found.p_images > 0


def test_runs_are_chosen_in_order() -> None:
    every = placements(draw(11, runs=3), TARGETS)
    assert every.runs([2, 0]).auroc.tolist() == every.auroc[[2, 0]].tolist()
    assert isinstance(every.runs([1]), Placements)
