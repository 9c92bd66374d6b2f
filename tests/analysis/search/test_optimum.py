"""Where a curve peaks: by hand, and over many simulated searches with a known optimum."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from analysis.results import Results, from_record
from analysis.search import optimum, sensitivity

Build = Callable[..., Any]


def _optima(results: Results) -> pd.DataFrame:
    points = sensitivity.points(results)
    return optimum.optima(results, points, sensitivity.curves(points))


def test_a_clear_peak_wins_always_and_ties_share() -> None:
    assert optimum.wins([0] * 6 + [1] * 6, [0.5] * 6 + [0.9] * 6).tolist() == [0, 1]
    assert optimum.wins([0] * 6 + [1] * 6, [0.5] * 12).tolist() == [0.5, 0.5]


def test_wins_against_enumeration() -> None:
    """Two bins of three rows: all 27 x 27 bootstrap draws."""
    a, b = np.array([0.1, 0.5, 0.6]), np.array([0.2, 0.4, 0.7])
    places = np.stack(np.meshgrid(*[range(3)] * 3), axis=-1).reshape(-1, 3)
    below = np.median(a[places], 1)[:, None], np.median(b[places], 1)[None]
    known = float((below[0] > below[1]).mean())
    found = optimum.wins([0] * 3 + [1] * 3, [*a, *b])
    assert found[0] == pytest.approx(known, abs=4 * np.sqrt(known * (1 - known) / optimum.DRAWS))


def test_known_optimum_is_found(simulated: Results) -> None:
    optima = _optima(simulated)
    margin = optima[(optima["hyperparameter"] == "margin") & (optima["method"] == "auc_m")]
    for row in margin.to_dict("records"):
        assert row["low"] < 0.7 < row["high"]
        assert row["located"]
        assert row["swing"] > 0.01
    # Nothing depends on mixup_alpha but noise.
    mixup = optima[optima["hyperparameter"] == "mixup_alpha"]
    assert (mixup["swing"] < 0.02).all()


def test_optima_name_searched_and_chosen(simulated: Results) -> None:
    optima = _optima(simulated)
    assert len(optima) == sum(len(cell.space) for cell in simulated.study.cells)
    row = optima[(optima["method"] == "ct_auc") & (optima["hyperparameter"] == "inner_steps")]
    doomed, alive = row.to_dict("records")
    assert (doomed["chosen"], doomed["best"], doomed["finished"]) == ("", "", 0)
    assert not doomed["located"]
    assert alive["searched"] == "{1, 2, 3}"
    assert alive["chosen"] == "2"
    assert alive["best"] == "2"


def test_choices_give_a_set_and_whole_numbers_a_range(
    study: Build, cell: Build, trial: Build
) -> None:
    space = {
        "schedule": {"choices": ("a", "b", "c")},
        "k": {"low": 1, "high": 3, "log": False, "step": 1},
    }
    draw = np.random.default_rng(0)
    search = []
    for i in range(36):
        k = 1 + i % 3
        value = 0.9 - 0.1 * (k == 1) + 0.001 * float(draw.normal())
        params = {"schedule": "abc"[(i // 3) % 3], "k": k}
        search.append(trial(number=i, params=params, value=value))
    found = _optima(from_record(study(cell(space=space, search=tuple(search)))))
    row = found.set_index("hyperparameter").loc["k"]
    assert (row["low"], row["high"], row["optimum"]) == (2, 3, "2 to 3")
    row = found.set_index("hyperparameter").loc["schedule"]
    assert row["optimum"] == "a or b or c"
    assert np.isnan(row["low"])
    assert not row["located"]


@pytest.mark.parametrize("best", [0.1, 0.3, 0.7])
def test_the_interval_holds_the_optimum_as_often_as_it_says(best: float) -> None:
    """200 searches of 40 random trials; another hyperparameter makes most of the spread."""
    draw = np.random.default_rng(int(100 * best))
    entry = {"low": 0.1, "high": 1.0, "log": False, "step": None}
    held = 0
    for _ in range(200):
        margin, lr = draw.uniform(0.1, 1, 40), draw.uniform(-3, 0, 40)
        auroc = 0.9 - 0.25 * (margin - best) ** 2 - 0.035 * (lr + 1) ** 2
        auroc = auroc + draw.normal(0, 0.006, 40)
        curve = sensitivity.binned_medians(margin, auroc)
        found = optimum.interval(entry, optimum.wins(margin, auroc), curve)
        held += found.low <= best <= found.high
    assert stats.binomtest(held, 200, optimum.CONFIDENCE, alternative="less").pvalue > 0.001
