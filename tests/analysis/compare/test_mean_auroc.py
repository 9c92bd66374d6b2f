"""Intervals of a mean AUROC: what they cover by simulation, and that they stay where AUROCs are."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from sklearn.metrics import roc_auc_score

from analysis.compare.delong import placements
from analysis.compare.intervals import auroc_interval, logit_interval
from analysis.compare.mean_auroc import over_images, over_seeds_and_images
from study.plan.power import hanley_mcneil_error
from tests.benchmarks.intervals import Design, draws, held

DRAWS = 400


@pytest.mark.parametrize("auroc", [0.5, 0.9, 0.99, 0.999])
@pytest.mark.parametrize("seeds", [3, 5])
def test_intervals_cover_what_they_say(auroc: float, seeds: int) -> None:
    """The table of tests/benchmarks/intervals.md has more; two errors of 400 draws are .022.

    At .999 thirty positives are 92 % at worst, where DeLong's raw interval is below 75 %.
    """
    rng = np.random.default_rng(0)
    design = Design(auroc, seeds)
    alone = [auroc_interval(p.auroc) for p in draws(design._replace(shared=0.0), DRAWS, rng)]
    assert held(alone, auroc) == pytest.approx(0.95, abs=0.045)
    both = [over_seeds_and_images(places) for places in draws(design, DRAWS, rng)]
    assert not np.isnan(both).any()  # also where every seed reached exactly 1
    assert held(both, auroc) == pytest.approx(0.95, abs=0.06 if auroc > 0.99 else 0.04)


def test_over_images_is_what_other_images_would_do() -> None:
    """One model on many test sets, whose AUROC over all images is known."""
    rng = np.random.default_rng(1)
    design = Design(0.97, seeds=1, spread=0.0)
    both = [over_images(places) for places in draws(design, DRAWS, rng)]
    assert held(both, 0.97) == pytest.approx(0.95, abs=0.03)


def test_logit_interval_by_the_definition() -> None:
    """The ends' logits lie t * error / (m (1 - m)) to each side of the mean's."""
    low, high = auroc_interval([0.9, 0.92, 0.97])
    half = stats.t.ppf(0.975, 2) * stats.sem([0.9, 0.92, 0.97]) / (0.93 * 0.07)
    middle = math.log(0.93 / 0.07)
    assert math.log(low / (1 - low)) == pytest.approx(middle - half)
    assert math.log(high / (1 - high)) == pytest.approx(middle + half)
    # Far from both ends it is the raw one.
    assert logit_interval(0.5, 1e-4, math.inf) == pytest.approx((0.5 - 1.96e-4, 0.5 + 1.96e-4))


@given(
    st.lists(st.floats(0, 1, allow_subnormal=False), min_size=2, max_size=6),
)
@settings(max_examples=300, deadline=None, derandomize=True)
def test_intervals_stay_within_bounds_and_hold_the_mean(values: list[float]) -> None:
    low, high = auroc_interval(values)
    if math.isnan(low):
        assert np.ptp(values) == 0
    else:
        assert 0 <= low <= np.mean(values) + 1e-12
        assert np.mean(values) - 1e-12 <= high <= 1


@pytest.mark.parametrize("perfect", [1, 2, 3])
def test_seeds_that_reach_exactly_one(perfect: int) -> None:
    targets = np.arange(40) < 10
    ideal = np.linspace(1, 0, 40)
    flawed = ideal.copy()
    flawed[[9, 10]] = ideal[[10, 9]]
    places = placements([ideal] * perfect + [flawed] * (3 - perfect), targets)
    for low, high in (over_images(places), over_seeds_and_images(places)):
        assert 0 < low < places.auroc.mean() <= high <= 1


def test_without_one_error_the_lower_end_is_where_its_own_error_reaches_one() -> None:
    targets = np.arange(40) < 10
    low, high = over_images(placements([np.linspace(1, 0, 40)], targets))
    assert high == 1
    assert low + stats.norm.ppf(0.975) * hanley_mcneil_error(low, 10, 30) == pytest.approx(1)
    mirrored = over_images(placements([np.linspace(0, 1, 40)], targets))
    assert mirrored == pytest.approx((0, 1 - low))


def test_one_seed_says_nothing_of_others_and_equal_ones_leave_the_images() -> None:
    rng = np.random.default_rng(2)
    targets = rng.uniform(size=80) < 0.3
    scores = rng.normal(size=80) + targets
    assert math.isnan(over_seeds_and_images(placements([scores], targets)).low)
    same = placements([scores] * 3, targets)
    assert over_seeds_and_images(same) == over_images(same)
    low, high = over_images(same)
    assert low < roc_auc_score(targets, scores) < high
