"""Other metrics in a study: the files by hand, claims by simulation, and what is missing."""

import math
from pathlib import Path

import numpy as np
import pytest
from scipy import stats
from sklearn.metrics import average_precision_score

from analysis.compare import metrics
from analysis.compare.delong import placements
from analysis.findings import Findings
from analysis.holm import holm
from analysis.images.classes import OF_CLASSES
from analysis.images.predictions import load_predictions
from analysis.images.resamples import resamples
from analysis.results import Results
from study.plan.power import ALPHA
from study.words import METRICS
from tests.benchmarks.metrics import scored_study

GAPS = {"a": 2.0, "b": 1.6, "c": 1.6}


BINARY = [name for name in METRICS if name not in OF_CLASSES]
"""Of a task without classes the others have no value, though the spec names them."""


@pytest.fixture
def study(tmp_path: Path) -> Results:
    return scored_study(tmp_path, GAPS, np.random.default_rng(0), metrics=[*METRICS])


def said(results: Results, method: str, row: int) -> tuple[np.ndarray, np.ndarray]:
    cell = results.cells.set_index("method")["cell"][method]
    found = load_predictions(results, cell, row)
    return found.scores, found.targets


def test_means_are_those_of_the_files(study: Results) -> None:
    cells = Findings(study).measured.cells
    assert cells["metric"].tolist() == BINARY * 3
    row = cells[(cells["method"] == "b") & (cells["metric"] == "auprc")].iloc[0]
    expected = [average_precision_score(*said(study, "b", i)[::-1]) for i in range(5)]
    assert row["mean"] == pytest.approx(np.mean(expected), abs=1e-6)
    assert row["std"] == pytest.approx(np.std(expected, ddof=1), abs=1e-6)
    assert row["n"] == 5
    assert row["rows"] == (0, 1, 2, 3, 4)
    assert (cells["low"] < cells["mean"]).sum() == (cells["mean"] < cells["high"]).sum() >= 27


def test_the_test_is_the_anova_with_the_covariance_of_resamples(study: Results) -> None:
    """Of AUPRC, each resample drawn out image by image and measured by scikit-learn."""
    pairs = [p for p in Findings(study).measured.pairs if p.metric == "auprc"]
    (pair,) = (p for p in pairs if {p.a, p.b} == {"a", "b"})
    files = {m: [said(study, m, i) for i in range(5)] for m in "ab"}
    values = {m: [average_precision_score(t, s) for s, t in files[m]] for m in "ab"}
    d = np.subtract(values[pair.a], values[pair.b])
    weights = np.concatenate([*resamples(files["a"][0][1])], axis=1)
    moved = {
        m: np.array(
            [
                [average_precision_score(t, s, sample_weight=w) for s, t in files[m]]
                for w in weights.T
            ]
        )
        for m in "ab"
    }
    covariance = np.cov((moved[pair.a] - moved[pair.b]).T)
    shared = max(0.0, (covariance.sum() - np.trace(covariance)) / 20)
    by_seed = d.var(ddof=1) / 5
    freedom = 4 * ((by_seed + shared) / by_seed) ** 2
    p = 2 * stats.t.sf(d.mean() / math.sqrt(by_seed + shared), freedom)
    assert pair.difference == pytest.approx(d.mean(), abs=1e-6)
    assert pair.p == pytest.approx(p, rel=1e-3)
    assert [q.p_holm for q in pairs] == holm([q.p for q in pairs]).tolist()


def test_auroc_is_the_main_tables(study: Results) -> None:
    found = Findings(study)
    cells = found.measured.cells
    own = cells[cells["metric"] == "auroc"].set_index("method")
    scores = found.scores.set_index("method")
    for ours, theirs in (("mean", "mean"), ("low", "both_low"), ("high", "both_high")):
        assert own[ours].tolist() == scores[theirs].tolist()
    pairs = [pair for pair in found.measured.pairs if pair.metric == "auroc"]
    assert [pair.p_holm for pair in pairs] == [pair.p_holm for pair in found.within.pairs]


def test_less_is_better_for_brier_and_one_is_best_for_a_slope(study: Results) -> None:
    measured = Findings(study).measured
    cells = measured.cells.set_index(["metric", "method"])
    brier = cells.loc["brier"]
    assert brier["mean"].idxmin() == brier["best"].idxmax() == "a"
    for pair in measured.pairs:
        if pair.metric == "brier":
            assert brier["mean"][pair.a] < brier["mean"][pair.b]
            assert pair.difference == pytest.approx(brier["mean"][pair.b] - brier["mean"][pair.a])
    assert cells.loc["calibration_slope"]["mean"].tolist() == pytest.approx([1] * 3, abs=0.35)


@pytest.mark.whole
def test_false_claims_and_power(tmp_path: Path) -> None:
    """The table of tests/benchmarks/metrics.md has more studies."""
    rng = np.random.default_rng(3)
    names = ["auprc", "sensitivity_at_90", "brier"]
    false, found = dict.fromkeys(names, 0), dict.fromkeys(names, 0)
    studies = 40
    for study in range(studies):
        for gap in (0.0, 1.0):
            gaps = {"a": 1.6 + gap, "b": 1.6, "c": 1.6}
            place = tmp_path / f"{study}-{gap}"
            measured = Findings(scored_study(place, gaps, rng, metrics=names)).measured
            for name in names:
                better = [p for p in measured.pairs if p.metric == name and p.better]
                false[name] += not gap and bool(better)
                found[name] += gap > 0 and sum(p.a == "a" for p in better) == 2
    for name in names:
        # More would happen in one of a hundred tests at the level.
        assert false[name] <= stats.binom.ppf(0.99, studies, ALPHA)
        assert found[name] >= 0.9 * studies


def test_without_validation_scores_the_rest_is_there(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    results = scored_study(tmp_path, GAPS, rng, validation=0, metrics=["auprc", "brier"])
    measured = Findings(results).measured
    assert set(measured.uncalibrated) == set(results.cells["cell"])
    by = measured.cells.groupby("metric")["mean"]
    assert by.count().to_dict() == {"auprc": 3, "brier": 0}
    assert not measured.cells.loc[measured.cells["metric"] == "brier", ["best", "near"]].any(
        axis=None
    )
    assert {p.why for p in measured.pairs if p.metric == "brier"} == {"no value at some seed"}


def test_one_seed_is_not_tested_and_a_lost_file_leaves_its_method_out(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    results = scored_study(tmp_path, {"a": 1.0, "b": 2.0}, rng, seeds=1, metrics=["auprc"])
    measured = Findings(results).measured
    (pair,) = measured.pairs
    assert (pair.a, pair.n, math.isnan(pair.p)) == ("b", 1, True)
    assert "1 paired seed;" in pair.why
    assert measured.cells[["std", "low", "high"]].isna().all(axis=None)
    (tmp_path / str(results.confirm["predictions"].iloc[0])).unlink()
    left = Findings(results).measured
    assert left.cells["method"].tolist() == ["b"]
    assert not left.pairs


def test_the_files_have_every_pair(study: Results) -> None:
    pairs = Findings(study).measured.pairs
    frame = metrics.table(pairs)
    assert len(frame) == len(BINARY) * 3
    assert frame["better"].tolist() == [pair.better for pair in pairs]


def test_auroc_alone_reads_no_file_again(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    results = scored_study(tmp_path, GAPS, rng)
    assert results.metrics == ["auroc"]
    cells = Findings(results).measured.cells
    expected = placements(*said(results, "a", 0)).auroc
    assert cells["metric"].unique().tolist() == ["auroc"]
    assert results.confirm["test_auroc"].iloc[0] == pytest.approx(expected[0])
