"""Metrics of the test images, as they are and resampled, against scikit-learn."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score, brier_score_loss, roc_auc_score, roc_curve

from analysis.images.calibration import logistic, moved_slopes, platt
from analysis.images.classes import OF_CLASSES
from analysis.images.metrics import CALIBRATED, RANKED, Run, goodness, prepared
from analysis.images.predictions import Predictions
from analysis.images.resamples import resamples
from study.words import METRICS

Draw = tuple[np.ndarray, np.ndarray, np.ndarray]


def drawn(seed: int, images: int = 200, *, ties: bool = False, gap: float = 1.5) -> Draw:
    """Targets, scores, and weights as of a resample."""
    rng = np.random.default_rng(seed)
    targets = rng.uniform(size=images) < 0.25
    scores = rng.normal(size=images) + gap * targets
    weights = rng.poisson(1.0, images).astype(float)
    return targets, scores.round(1) if ties else scores, weights


def run(targets: np.ndarray, scores: np.ndarray, **fields: Any) -> Run:
    return prepared(Predictions(scores, targets, None, **fields))


def curve(t: np.ndarray, s: np.ndarray, w: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    fpr, tpr, _ = roc_curve(t, s, sample_weight=w, drop_intermediate=False)
    return fpr, tpr


def corner(t: np.ndarray, s: np.ndarray, w: np.ndarray) -> float:
    """By a fine sum under the interpolated curve."""
    fpr, tpr = curve(t, s, w)
    grid = (np.arange(400_000) + 0.5) / 400_000 * 0.1
    # At a jump of the curve ``interp`` takes the last point, as the area does.
    return float(np.maximum(np.interp(grid, fpr, tpr) - 0.8, 0).mean() * 0.1 / 0.02)


ORACLES: dict[str, Callable[[np.ndarray, np.ndarray, np.ndarray], float]] = {
    "auprc": lambda t, s, w: average_precision_score(t, s, sample_weight=w),
    "auroc_low_fpr": lambda t, s, w: roc_auc_score(t, s, max_fpr=0.1, sample_weight=w),
    "auroc_high_tpr": lambda t, s, w: roc_auc_score(~t, -s, max_fpr=0.2, sample_weight=w),
    "auroc_corner": corner,
    "sensitivity_at_90": lambda t, s, w: _best(*curve(t, s, w), 0.1),
    "sensitivity_at_95": lambda t, s, w: _best(*curve(t, s, w), 0.05),
    "specificity_at_95": lambda t, s, w: 1 - curve(t, s, w)[0][curve(t, s, w)[1] >= 0.95].min(),
}


def _best(fpr: np.ndarray, tpr: np.ndarray, most: float) -> float:
    return float(tpr[fpr <= most].max())


@pytest.mark.parametrize("name", RANKED)
@pytest.mark.parametrize("ties", [False, True])
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_ranked_metrics_are_scikit_learns(name: str, ties: bool, seed: int) -> None:
    targets, scores, weights = drawn(seed, ties=ties, gap=2.5)
    ready = run(targets, scores)
    (plain,) = ready.metrics([name])[name]
    ones = np.ones(len(targets))
    close = 1e-4 if name == "auroc_corner" else 1e-6
    assert plain == pytest.approx(ORACLES[name](targets, scores, ones), abs=close)
    both = ready.metrics([name], np.stack([ones, weights], axis=1))[name]
    expected = ORACLES[name](targets, scores, weights)
    assert both == pytest.approx([plain, expected], abs=close)


def test_partial_areas_of_chance_and_of_a_perfect_run() -> None:
    targets = np.arange(100) < 40
    one_level = run(targets, np.zeros(100)).metrics(RANKED)
    assert one_level["auroc_low_fpr"] == pytest.approx(0.5)
    assert one_level["auroc_high_tpr"] == pytest.approx(0.5)
    assert one_level["auroc_corner"] == 0
    assert one_level["sensitivity_at_90"] == 0
    perfect = run(targets, -np.arange(100.0)).metrics(RANKED)
    assert all(value == pytest.approx(1) for value in perfect.values())


def weighed(x: np.ndarray, y: np.ndarray) -> LogisticRegression:
    """Unpenalised; an image of target y counts as y positives and 1 - y negatives."""
    both = np.r_[x, x].reshape(-1, 1)
    classes = np.r_[np.ones(len(x)), np.zeros(len(x))]
    fit = LogisticRegression(C=np.inf, tol=1e-10, max_iter=10_000)
    return fit.fit(both, classes, sample_weight=np.r_[y, 1 - y])


def test_platt_and_the_slope_are_logistic_regressions() -> None:
    targets, scores, _ = drawn(3)
    n, m = int(targets.sum()), int((~targets).sum())
    line = platt(100 + 5 * scores, targets)
    soft = np.where(targets, (n + 1) / (n + 2), 1 / (m + 2))
    oracle = weighed(100 + 5 * scores, soft)
    assert line.slope == pytest.approx(oracle.coef_[0, 0], rel=1e-4)
    hard = logistic(scores, targets.astype(float))
    oracle = weighed(scores, targets.astype(float))
    assert (hard.intercept, hard.slope) == pytest.approx(
        (oracle.intercept_[0], oracle.coef_[0, 0]), rel=1e-4
    )


def test_platt_has_a_fit_where_scores_part_the_classes_and_the_slope_has_none() -> None:
    targets = np.arange(40) < 15
    scores = -np.arange(40.0)
    line = platt(scores, targets)
    assert math.isfinite(line.slope)
    assert line.slope > 0
    assert math.isnan(logistic(scores, targets.astype(float)).slope)
    assert math.isnan(platt(np.zeros(40), targets).slope)
    assert np.isnan(moved_slopes(scores, targets, np.ones((40, 2)))).all()


def test_brier_and_slope_of_the_test_images() -> None:
    validation = drawn(4, 300)[:2]
    targets, scores, weights = drawn(5)
    found = run(targets, scores, validation=validation[::-1]).metrics(CALIBRATED)
    line = platt(validation[1], validation[0])
    probabilities = 1 / (1 + np.exp(-line(scores)))
    assert found["brier"] == pytest.approx(brier_score_loss(targets, probabilities))
    slope = weighed(line(scores), targets.astype(float)).coef_[0, 0]
    assert found["calibration_slope"] == pytest.approx(slope, rel=1e-4)
    ready = run(targets, scores, validation=validation[::-1])
    (again,) = ready.metrics(["brier"], weights[:, None])["brier"]
    assert again == pytest.approx(
        brier_score_loss(targets, probabilities, sample_weight=weights), abs=1e-9
    )


def test_slopes_of_resamples_spread_as_whole_fits_do() -> None:
    targets, scores, _ = drawn(6, 600)
    weights = np.concatenate([*resamples(targets, 200)], axis=1)
    moved = moved_slopes(scores, targets, weights)
    whole = []
    for column in weights.T:
        chosen = np.repeat(np.arange(len(targets)), column.astype(int))
        whole.append(logistic(scores[chosen], targets[chosen].astype(float)).slope)
    assert np.corrcoef(moved, whole)[0, 1] > 0.97
    assert moved.std() == pytest.approx(np.std(whole), rel=0.15)


def test_without_validation_scores_there_is_no_calibration() -> None:
    targets, scores, _ = drawn(7)
    found = run(targets, scores).metrics(["brier", "calibration_slope", "auprc"])
    assert np.isnan([*found["brier"], *found["calibration_slope"]]).all()
    assert np.isfinite(found["auprc"]).all()


def test_resamples_keep_the_classes_and_are_the_same_each_time() -> None:
    targets, *_ = drawn(8)
    (weights,) = resamples(targets)
    assert weights.shape == (200, 400)
    assert (weights[targets].sum(axis=0) == targets.sum()).all()
    assert (weights[~targets].sum(axis=0) == (~targets).sum()).all()
    (again,) = resamples(targets)
    np.testing.assert_array_equal(weights, again)


def test_resampled_variance_is_delongs() -> None:
    """Of the AUROC, here as the partial one up to FPR 1: bootstrap and closed form agree."""
    from analysis.compare.delong import placements
    from analysis.images import metrics

    targets, scores, _ = drawn(9, 400)
    ready = run(targets, scores)
    weights = np.concatenate([*resamples(targets, 2000)], axis=1)
    counts = metrics._Counts(ready.positives @ weights, ready.negatives @ weights)
    areas = metrics._area(counts.fpr, counts.tpr, 1.0, 0.0)
    assert areas.std() == pytest.approx(placements(scores, targets).error, rel=0.06)


def test_every_metric_of_a_spec_is_known() -> None:
    assert set(METRICS) == {"auroc", *RANKED, *CALIBRATED, *OF_CLASSES}


def test_more_is_better_after_goodness() -> None:
    assert goodness("brier", np.array([0.1, 0.2])).tolist() == [-0.1, -0.2]
    slopes = goodness("calibration_slope", np.array([0.9, 1.0, 1.3]))
    assert slopes.argmax() == 1
    assert slopes[0] > slopes[2]
    assert goodness("auprc", np.array([0.3])).tolist() == [0.3]
