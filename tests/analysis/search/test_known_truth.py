"""200 simulated studies whose truth is known: what is there is found, what is not is not.

Every rate is held against the level that the statistic names, by a binomial test at 1 in 1,000.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scipy import stats

from analysis.results import Results, from_record
from analysis.search import best_of_n, importance, optimum, sensitivity, transfer
from tests.analysis.known_truth import LR_LOSS, MARGIN_LOSS, NOISE, SPACE, random_cell, random_study

pytestmark = pytest.mark.whole

STUDIES = 200
BEST = 0.7
ELSEWHERE = 0.3
"""Best margin of the second data set."""


@pytest.fixture(scope="module")
def studies() -> list[Results]:
    """One method on one data set: a margin with a best value, a learning rate, a dead one."""
    draw = np.random.default_rng(0)
    return [from_record(random_study(random_cell(draw, best=BEST))) for _ in range(STUDIES)]


@pytest.fixture(scope="module")
def population() -> np.ndarray:
    """Validation AUROC of very many random trials of that search."""
    draw = np.random.default_rng(1)
    margin, decades = draw.uniform(0.1, 1, 400_000), draw.uniform(-2, 1, 400_000)
    value = 0.9 - MARGIN_LOSS * (margin - BEST) ** 2 - LR_LOSS * decades**2
    return np.sort(value + draw.normal(0, NOISE, 400_000))


def at_least(held: int, level: float) -> bool:
    """Whether ``held`` of the studies go with a rate of ``level`` or more."""
    return bool(stats.binomtest(held, STUDIES, level, alternative="less").pvalue > 0.001)


def at_most(false: int, level: float) -> bool:
    """Whether ``false`` of the studies go with a rate of ``level`` or less."""
    return bool(stats.binomtest(false, STUDIES, level, alternative="greater").pvalue > 0.001)


def test_the_optimum_lies_in_its_interval(studies: list[Results]) -> None:
    held = located = 0
    for results in studies:
        points = sensitivity.points(results)
        points = points[points["hyperparameter"] == "margin"]
        found = optimum.optima(results, points, sensitivity.curves(results, points))
        row = found.set_index("hyperparameter").loc["margin"]
        held += bool(row["low"] <= BEST <= row["high"])
        located += bool(row["located"])
    assert at_least(held, optimum.CONFIDENCE)
    assert located > 0.9 * STUDIES  # and it is no empty claim


def test_what_does_nothing_is_not_called_important(studies: list[Results]) -> None:
    called = {(name, m): 0 for name in ("lr", "margin", "dead") for m in importance.MEASURES}
    for results in studies:
        for row in importance.importance(results).to_dict("records"):
            called[row["hyperparameter"], row["measure"]] += row["important"]
    for measure in importance.MEASURES:
        assert at_most(called["dead", measure], importance.LEVEL)
    assert called["margin", "everywhere"] > 0.9 * STUDIES


def test_best_of_n_lies_in_its_band_for_all_n_at_once(
    studies: list[Results], population: np.ndarray
) -> None:
    held = 0
    for results in studies:
        curve = best_of_n.curves(results)
        truth = np.quantile(population, 0.5 ** (1 / curve["n"].to_numpy(dtype=float)))
        held += bool(((curve["low"] <= truth) & (truth <= curve["high"])).all())
    assert at_least(held, best_of_n.CONFIDENCE)


def test_the_share_near_the_best_lies_in_its_interval(
    studies: list[Results], population: np.ndarray
) -> None:
    held = 0
    for results in studies:
        row = best_of_n.within(results).iloc[0]
        threshold = row["best"] - best_of_n.EPSILON
        truth = 1 - np.searchsorted(population, threshold) / len(population)
        held += bool(row["low"] <= truth <= row["high"])
    assert at_least(held, best_of_n.CONFIDENCE)


def _pairs() -> Iterator[dict[Any, Any]]:
    """Regret of the margin between two ratios (same optimum) and two data sets (another one)."""
    draw = np.random.default_rng(2)
    for _ in range(STUDIES):
        cells = [
            random_cell(draw, imratio=0.1, best=BEST),
            random_cell(draw, imratio=0.01, best=BEST),
            random_cell(draw, task="stl10-resnet20", imratio=0.1, best=ELSEWHERE),
        ]
        # The other hyperparameters vary and act, but only the margin is looked at.
        cells = [replace(cell, space={"margin": SPACE["margin"]}) for cell in cells]
        results = from_record(random_study(*cells))
        points = sensitivity.points(results)
        yield from transfer.regrets(results, points).to_dict("records")


def test_transfer_regret_is_near_its_known_value() -> None:
    pairs = list(_pairs())
    alike = [row for row in pairs if row["across"] == "imratios"]
    apart = [row for row in pairs if row["across"] == "data sets"]
    assert len(alike) > 0.9 * 2 * STUDIES
    same = np.array([row["regret"] for row in alike])
    assert abs(same.mean()) < 4 * same.std() / np.sqrt(len(same) / 2)
    # One tail of 95 %; both directions of a pair share rows, so one of them is counted.
    above = sum(row["low"] > 0 for row in alike[::2])
    assert at_most(above, (1 - transfer.CONFIDENCE) / 2)
    # The bins are a fifth of the range: the tuned value lies up to .09 beside the optimum.
    other = np.mean([row["regret"] for row in apart])
    assert other == pytest.approx(MARGIN_LOSS * (BEST - ELSEWHERE) ** 2, rel=0.25)
