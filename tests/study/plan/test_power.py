"""What several searches can show, against simulated studies."""

import numpy as np
import pytest
from scipy import stats

from study.plan.power import found_share, least_effect, searches_needed


def simulated(
    effect: float, searches: int, seeds: int, tuning: float, alpha: float, studies: int = 20_000
) -> float:
    """Share of studies whose paired t test over the searches' means is significant."""
    draws = np.random.default_rng(0)
    a, b = (
        draws.normal(0, tuning, (studies, searches))
        + draws.normal(0, 1, (studies, searches, seeds)).mean(axis=2)
        for _ in range(2)
    )
    return float((stats.ttest_rel(a + effect, b, axis=1).pvalue <= alpha).mean())


@pytest.mark.parametrize("tuning", [0.5, 1.0, 2.0])
@pytest.mark.parametrize(("searches", "seeds"), [(3, 2), (5, 1), (10, 5)])
@pytest.mark.parametrize(("effect", "alpha"), [(0.0, 0.05), (2.0, 0.05), (3.0, 0.01)])
def test_found_share_is_that_of_simulated_studies(
    effect: float, searches: int, seeds: int, tuning: float, alpha: float
) -> None:
    found = found_share(effect, searches, seeds, tuning, alpha)
    # Four standard errors of 20,000 studies.
    assert found == pytest.approx(simulated(effect, searches, seeds, tuning, alpha), abs=0.014)


def test_without_a_difference_the_level_is_kept() -> None:
    for alpha in (0.05, 0.05 / 15):
        assert found_share(0.0, 3, 2, 1.0, alpha) == pytest.approx(alpha, rel=0.01)


@pytest.mark.parametrize("alpha", [0.05, 0.05 / 15])
def test_least_effect_is_found_as_often_as_asked(alpha: float) -> None:
    for searches in (3, 5, 20):
        effect = least_effect(searches, 2, 1.0, alpha)
        assert found_share(effect, searches, 2, 1.0, alpha) == pytest.approx(0.8, abs=0.002)


def test_searches_needed_are_the_fewest() -> None:
    needed = searches_needed(2.0, 2, 1.0)
    assert found_share(2.0, needed, 2, 1.0) >= 0.8 > found_share(2.0, needed - 1, 2, 1.0)
    assert searches_needed(100.0, 2, 1.0) == 3
