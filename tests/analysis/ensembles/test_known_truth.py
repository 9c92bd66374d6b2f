"""Ensembles of binormal scores, whose AUROC over all images is known."""

from typing import Any

import numpy as np
import pytest
from scipy import stats

from analysis.compare.delong import placements
from analysis.compare.mean_auroc import over_images
from analysis.ensembles.averages import mean_rank, ranked
from analysis.ensembles.greedy import select
from tests.analysis.binormal import binormal

GAPS = np.array([0.9, 1.0, 1.0, 1.1, 1.2])
STUDIES, ALL, TEST, VALIDATION = 250, 10_000, 300, 80


@pytest.fixture(scope="module")
def drawn() -> dict[str, np.ndarray]:
    """Of each study: what the test and the validation images say, and the truth.

    A study draws its images from ``ALL``, among which the truth of an ensemble is its AUROC.
    """
    rng = np.random.default_rng(0)
    targets = np.arange(ALL) < ALL // 4
    scores = binormal(rng, targets, [*GAPS])
    ranks, known = ranked(scores), _auroc(scores, targets)
    assert known == pytest.approx(stats.norm.cdf(GAPS / np.sqrt(2)), abs=0.015)
    found: dict[str, list[Any]] = {}
    for _ in range(STUDIES):
        order = np.concatenate(
            [
                rng.permutation(np.flatnonzero(each))[: (TEST + VALIDATION) // 4 * n]
                for each, n in ((targets, 1), (~targets, 3))
            ]
        )
        held = rng.permutation(order)
        val, test = held[:VALIDATION], held[VALIDATION:]
        counts, best = select(scores[:, val], targets[val])
        joint = mean_rank(ranked(scores[:, test]), counts)
        places = placements(joint, targets[test])
        truth = _auroc(mean_rank(ranks, counts), targets)[0]
        low, high = over_images(places)
        each = {
            "test": places.auroc[0] - _auroc(scores[best, test], targets[test])[0],
            "truth": truth - known[best],
            "error": places.auroc[0] - truth,
            "picked": _auroc(scores[best, val], targets[val])[0] - known[best],
            "held": low <= truth <= high,
        }
        for name, value in each.items():
            found.setdefault(name, []).append(value)
    return {name: np.array(values) for name, values in found.items()}


def _auroc(scores: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """Of each run, by the sum of ranks."""
    of = stats.rankdata(np.atleast_2d(scores), axis=1)[:, targets]
    m = of.shape[1]
    return np.asarray((of.sum(axis=1) - m * (m + 1) / 2) / (m * (len(targets) - m)))


def _error(values: np.ndarray) -> float:
    return float(values.std(ddof=1) / np.sqrt(len(values)))


def test_the_gain_on_the_test_images_is_unbiased(drawn: dict[str, np.ndarray]) -> None:
    apart = drawn["test"] - drawn["truth"]
    assert _error(apart) < 0.002
    assert abs(apart.mean()) < 3 * _error(apart)
    assert abs(drawn["error"].mean()) < 3 * _error(drawn["error"])
    assert drawn["truth"].mean() > 0.02  # there is something to gain


def test_what_the_validation_images_say_of_their_selection_is_flattered(
    drawn: dict[str, np.ndarray],
) -> None:
    """Why the test set must not select: it would be seen here."""
    assert drawn["picked"].mean() > 5 * _error(drawn["picked"])


def test_the_interval_holds_the_truth(drawn: dict[str, np.ndarray]) -> None:
    low, high = stats.binom.ppf([0.005, 0.995], STUDIES, 0.95) / STUDIES
    assert low <= drawn["held"].mean() <= max(high, 0.98)
