"""The ranges: the papers' grids lie in them, and each says where it comes from."""

import numpy as np
import optuna
import pytest

from analysis.search import contour
from search_spaces import PAIRS, SPACES
from trainables.hyperparameters import hyperparameters
from trainables.methods import METHODS

RANGES = [(name, key) for name, space in SPACES.items() for key in space]


@pytest.mark.parametrize(("name", "key"), RANGES)
def test_the_papers_grid_lies_in_the_range(name: str, key: str) -> None:
    found = SPACES[name][key]
    assert found.grid
    assert found.source
    distribution = found.distribution
    if isinstance(distribution, optuna.distributions.CategoricalDistribution):
        assert set(found.grid) <= set(distribution.choices)
        return
    assert isinstance(
        distribution, optuna.distributions.FloatDistribution | optuna.distributions.IntDistribution
    )
    for value in found.grid:
        assert distribution.low <= value <= distribution.high
    assert list(found.grid) == sorted(set(found.grid))


@pytest.mark.parametrize("name", SPACES)
def test_a_sampler_can_draw_from_it(name: str) -> None:
    """Rates and decays are drawn in log scale: half of them below the geometric middle."""
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    space = {key: each.distribution for key, each in SPACES[name].items()}
    draws = [study.ask(space).params for _ in range(200)]
    for key in ("lr", "inner_lr", "weight_decay", "epoch_decay"):
        if key in space:
            values = np.array([each[key] for each in draws])
            distribution = space[key]
            assert isinstance(distribution, optuna.distributions.FloatDistribution)
            middle = np.sqrt(distribution.low * distribution.high)
            assert 0.4 < (values < middle).mean() < 0.6


def test_the_ranges_of_the_papers() -> None:
    """Yuan et al. 2021 and 2022, as METHODS gives them."""
    assert SPACES["auc_m"]["margin"].grid == (0.1, 0.3, 0.5, 0.7, 1.0)
    assert SPACES["auc_m"]["epoch_decay"].grid == pytest.approx(
        (1 / 1000, 1 / 700, 1 / 500, 1 / 300, 1 / 100)
    )
    assert SPACES["focal"]["focal_alpha"].grid == (0.25, 0.5, 0.75)
    assert SPACES["focal"]["focal_gamma"].grid == (1, 2, 5)
    assert SPACES["ct_auc"]["inner_steps"].grid == (1, 2, 3)
    assert SPACES["ct_auc"]["inner_lr"].grid == (0.01, 0.05, 0.1)


@pytest.mark.parametrize("name", PAIRS)
def test_pairs_are_of_hyperparameters_that_the_method_has(name: str) -> None:
    known = {*hyperparameters(METHODS[name]), contour.IMRATIO}
    assert all(len(pair) == 2 and known.issuperset(pair) for pair in PAIRS[name])
    assert len(set(PAIRS[name])) == len(PAIRS[name])
    # What reports drew before search spaces named pairs, they still draw.
    searched = {*SPACES[name], contour.IMRATIO}
    assert {pair for pair in contour.BEFORE if searched.issuperset(pair)} <= {*PAIRS[name]}
