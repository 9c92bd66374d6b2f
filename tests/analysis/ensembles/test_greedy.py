"""The selection against one written anew with scikit-learn, and what it must not depend on."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from sklearn.metrics import roc_auc_score

from analysis.ensembles.averages import mean_log_odds, mean_rank, ranked
from analysis.ensembles.greedy import STEPS, Selection, select
from analysis.images.calibration import platt
from analysis.images.predictions import Predictions
from tests.analysis.binormal import binormal

GAPS = (0.8, 1.2, 1.1, 0.3)


def drawn(seed: int, labels: int = 0, *, images: int = 120) -> tuple[np.ndarray, np.ndarray]:
    """Scores with ties and, of several labels, targets with gaps."""
    rng = np.random.default_rng(seed)
    targets: np.ndarray = rng.uniform(size=(images, labels) if labels else images) < 0.25
    if labels:
        targets = np.where(rng.uniform(size=targets.shape) < 0.2, np.nan, targets)
    return binormal(rng, targets, GAPS).round(1), targets


def reference(scores: np.ndarray, targets: np.ndarray, counts: list[int]) -> float:
    """Mean over labels of the AUROC of the members' mean rank."""
    columns = targets.reshape(len(targets), -1).T
    parts = []
    for i, column in enumerate(columns):
        known = ~np.isnan(column.astype(float))
        own = scores.reshape(*scores.shape[:2], -1)[:, known, i]
        total = sum(c * stats.rankdata(each) for c, each in zip(counts, own, strict=True))
        parts.append(roc_auc_score(column[known] == 1, total))
    return round(float(np.mean(parts)), 12)


def greedily(scores: np.ndarray, targets: np.ndarray) -> list[int]:
    """Caruana et al. 2004, section 2: sorted initialisation, then the best member each time."""
    k = len(scores)
    alone = [reference(scores, targets, [int(i == j) for j in range(k)]) for i in range(k)]
    order = sorted(range(k), key=lambda i: -alone[i])
    prefixes = [[int(i in order[: n + 1]) for i in range(k)] for n in range(k)]
    counts = max(prefixes, key=lambda each: reference(scores, targets, each))
    path = [counts]
    for _ in range(STEPS):
        tried = [[c + (i == j) for j, c in enumerate(counts)] for i in range(k)]
        counts = max(tried, key=lambda each: reference(scores, targets, each))
        path.append(counts)
    return max(path, key=lambda each: reference(scores, targets, each))


@pytest.mark.parametrize("labels", [0, 3])
@pytest.mark.parametrize("seed", [0, 1])
def test_the_selection_is_caruanas(seed: int, labels: int) -> None:
    scores, targets = drawn(seed, labels)
    found = select(scores, targets)
    assert found.counts.tolist() == greedily(scores, targets)
    alone = [reference(scores, targets, row) for row in np.eye(len(GAPS), dtype=int).tolist()]
    assert found.best == np.argmax(alone)
    assert reference(scores, targets, found.counts.tolist()) >= max(alone)


def assert_equal(found: Selection, expected: Selection | tuple[list[int], int]) -> None:
    assert (found.counts.tolist(), found.best) == ([*expected[0]], expected[1])


def test_scale_plays_no_part() -> None:
    scores, targets = drawn(3)
    other = np.stack([np.exp(scores[0]), 1e6 * scores[1], scores[2] ** 3, scores[3] - 50])
    assert_equal(select(other, targets), select(scores, targets))


def test_a_perfect_method_and_equal_ones() -> None:
    scores, targets = drawn(4)
    scores[2] = targets
    assert_equal(select(scores, targets), ([0, 0, 1, 0], 2))
    same = np.stack([scores[0]] * 3)
    assert_equal(select(same, targets), ([1, 0, 0], 0))


def test_a_label_without_a_class_does_not_count() -> None:
    scores, targets = drawn(5, 3)
    targets[:, 1] = np.where(np.isnan(targets[:, 1]), np.nan, 0)
    expected = select(scores[:, :, [0, 2]], targets[:, [0, 2]])
    assert_equal(select(scores, targets), expected)
    with pytest.raises(ValueError, match="both classes"):
        select(scores, np.zeros_like(targets))


def test_mean_ranks() -> None:
    scores, _ = drawn(6)
    ranks = pd.DataFrame(scores).rank(axis=1).to_numpy()
    np.testing.assert_allclose(mean_rank(ranked(scores)), ranks.mean(axis=0))
    weighed = (2 * ranks[0] + ranks[3]) / 3
    np.testing.assert_allclose(mean_rank(ranked(scores), [2, 0, 0, 1]), weighed)


def test_mean_log_odds_are_of_each_runs_own_scaling() -> None:
    (a, b, *_), targets = drawn(7)
    runs = [Predictions(s, targets, None, (5 * s, targets)) for s in (a, b)]
    lines = [platt(5 * s, targets) for s in (a, b)]
    expected = (lines[0](a) + lines[1](b)) / 2
    np.testing.assert_allclose(mean_log_odds(runs), expected)
    flat = Predictions(np.zeros(len(a)), targets, None, (np.zeros(len(a)), targets))
    np.testing.assert_allclose(mean_log_odds([*runs, flat]), expected * 2 / 3)
