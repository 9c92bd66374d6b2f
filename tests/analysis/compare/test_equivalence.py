"""Claims of equality in simulated studies; tests/benchmarks/equivalence.md has more of them."""

import math

import numpy as np
import pytest
from scipy import stats

from analysis.compare.t_test import UNTESTED, Student, alike
from study.plan.power import ALPHA, ROPE
from tests.benchmarks.equivalence import Setting, equal_claims

STUDIES = 150


@pytest.mark.parametrize("top", [0.91, 0.98, 0.998])
@pytest.mark.parametrize(
    ("setting", "images"), [(Setting(5, 1000), True), (Setting(5, 500, 0.02), False)]
)
def test_methods_that_differ_by_the_margin_are_not_called_equal(
    setting: Setting, images: bool, top: float
) -> None:
    """More would happen in one of a hundred tests at the level."""
    rng = np.random.default_rng(0)
    # Over seeds alone the images are drawn once for all, so that their share is left out.
    drawn = setting if images else setting._replace(own=1.0)
    aurocs = (top, top - 0.01, top - 0.02)
    false = sum(equal_claims(drawn, aurocs, rng, images=images) > 0 for _ in range(STUDIES))
    assert false <= stats.binom.ppf(0.99, STUDIES, ALPHA)


def test_equal_ones_are_found_where_seeds_and_images_suffice() -> None:
    rng = np.random.default_rng(1)
    found = [equal_claims(Setting(10, 4000, 0.02), (0.9, 0.9), rng) for _ in range(60)]
    assert np.mean(found) > 0.75


def test_two_one_sided_tests_by_the_definition() -> None:
    found = Student(0.004, 0.002, 6.0)
    below = stats.t.sf((0.004 + ROPE) / 0.002, 6)
    above = stats.t.cdf((0.004 - ROPE) / 0.002, 6)
    assert found.p_equal(ROPE) == pytest.approx(max(below, above))
    assert found.inner == pytest.approx(stats.t.interval(0.9, 6, 0.004, 0.002))
    assert found.interval == pytest.approx(stats.t.interval(0.95, 6, 0.004, 0.002))
    assert found.p == pytest.approx(2 * stats.t.sf(2, 6))
    assert found.p_equal(0.003) > 0.5
    assert math.isnan(UNTESTED.p_equal(ROPE))


def test_next_to_1_equality_is_asked_with_care() -> None:
    found = Student(0.004, 0.002, 6.0)
    assert alike(found, 0.985, ROPE) is UNTESTED
    # Means .97 and .966; .96 were the margin apart.
    growth = math.sqrt(0.96 * 0.04 / (0.966 * 0.034))
    assert alike(found, 0.97, ROPE).error == pytest.approx(0.002 * growth)
    # Where they lie farther apart than the margin, the spread is as it is.
    assert alike(Student(0.02, 0.002, 6.0), 0.97, ROPE).error == 0.002
