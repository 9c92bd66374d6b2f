"""ROC and precision-recall curves and histograms, against scikit-learn and by hand."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, roc_auc_score

from analysis.columns import Row
from analysis.images import roc
from analysis.images.predictions import Predictions
from analysis.results import Results, from_record
from tests.analysis.known_truth import keep_predictions, random_cell, random_study

CELL: Row = {"cell": "c", "method": "ce", "task": "t", "imratio": 0.1, "ratio": "10 %"}


def _said(scores: Any, targets: Any, seed: int = 0) -> roc.Judged:
    said = Predictions(np.asarray(scores, dtype=float), np.asarray(targets, dtype=bool), None)
    return roc.Judged({**CELL, "number": seed, "seed": seed}, said)


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Results:
    """Two methods with three confirm seeds each, whose predictions are on disk."""
    draw = np.random.default_rng(0)
    cells = [random_cell(draw, method, trials=10, seeds=3) for method in ("ce", "auc_m")]
    study = random_study(*cells, directory=tmp_path_factory.mktemp("kept"))
    keep_predictions(draw, study)
    return from_record(study)


def test_by_hand() -> None:
    # Falling scores: +, -, +, -: the curve goes up, right, up, right.
    table = roc.curves([_said([0.9, 0.8, 0.7, 0.6], [1, 0, 1, 0])])
    curve = table[table["kind"] == "roc"].set_index("x")["mean"]
    assert curve[1.0] == 1.0
    assert curve[curve.index < 0.5].max() == 0.5
    found = table[table["kind"] == "pr"].set_index("x")["mean"]
    assert (found[found.index <= 0.5] == 1.0).all()  # the first positive is ranked first
    assert found[1.0] == pytest.approx(2 / 3)
    assert (table["positives"] == 2).all()
    assert (table["negatives"] == 2).all()


def test_areas_against_scikit_learn() -> None:
    draw = np.random.default_rng(1)
    targets = draw.uniform(size=4000) < 0.1
    scores = draw.normal(1.5 * targets, 1.0)
    table = roc.curves([_said(scores, targets)])
    x, areas = roc.GRID, {}
    for kind, part in table.groupby("kind"):
        areas[kind] = float(np.trapezoid(part["mean"], x))
    assert areas["roc"] == pytest.approx(roc_auc_score(targets, scores), abs=0.003)
    assert areas["pr"] == pytest.approx(average_precision_score(targets, scores), abs=0.02)


def test_seeds_give_mean_and_range() -> None:
    good, bad = [0.9, 0.8, 0.2, 0.1], [0.1, 0.2, 0.8, 0.9]
    table = roc.curves([_said(good, [1, 1, 0, 0]), _said(bad, [1, 1, 0, 0], 1)])
    middle = table[(table["kind"] == "roc") & (table["x"] == 0.25)].iloc[0]
    assert (middle["low"], middle["mean"], middle["high"]) == (0.0, 0.5, 1.0)
    assert middle["rows"] == (0, 1)
    assert middle["n"] == 2


def test_histograms_sum_to_one_and_do_not_pool_seeds() -> None:
    found = [_said([0, 1, 2, 3], [0, 0, 1, 1]), _said([0, 100, 200, 300], [0, 0, 1, 1], 1)]
    table = roc.histograms(found)
    assert len(table) == roc.BINS
    assert table["high"].max() == 3
    assert table["positive"].sum() == pytest.approx(1)
    assert table["negative"].iloc[0] == 0.5
    assert table["positive"].iloc[-1] == 0.5


@pytest.mark.parametrize("apart", [0, 1])
def test_scores_that_hardly_differ_have_a_histogram(apart: int) -> None:
    """As the network's own float32 gives them: all equal, or in two neighbouring values."""
    low = np.float32(-0.2512333)
    high = low if apart == 0 else np.nextafter(low, np.float32(0))
    said = Predictions(np.array([low, low, high, high]), np.array([0, 1, 0, 1], dtype=bool), None)
    table = roc.histograms([roc.Judged({**CELL, "number": 0, "seed": 0}, said)])
    assert len(table) == roc.BINS
    assert (table["high"] > table["low"]).all()
    filled = table[table["positive"] > 0]
    assert filled["positive"].tolist() == ([1.0] if apart == 0 else [0.5, 0.5])


def test_runs_are_read_once_a_seed(kept: Results) -> None:
    found, missing = roc.runs(kept)
    assert missing == []
    assert [(row["method"], row["seed"]) for row, _ in found] == [
        (method, seed) for method in ("ce", "auc_m") for seed in range(3)
    ]
    table = roc.curves(found)
    assert len(table) == 2 * 2 * len(roc.GRID)
    assert (table["low"] <= table["mean"] + 1e-12).all()


def test_a_missing_file_is_told_and_the_rest_is_drawn(tmp_path: Path) -> None:
    draw = np.random.default_rng(2)
    study = random_study(random_cell(draw, trials=10, seeds=2), directory=tmp_path)
    keep_predictions(draw, study)
    (tmp_path / str(study.cells[0].confirm[0].predictions)).unlink()
    found, missing = roc.runs(from_record(study))
    assert [row["seed"] for row, _ in found] == [1]
    assert len(missing) == 1
    assert "put the file back" in missing[0]
