"""Where a curve peaks: by hand, and over many simulated searches with a known optimum."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.typing import ArrayLike
from scipy import stats

from analysis.results import Results, from_record
from analysis.search import optimum, sensitivity
from analysis.search.sensitivity import Curve
from analysis.search.smooth import Effect, fit

Build = Callable[..., Any]


def _optima(results: Results) -> pd.DataFrame:
    points = sensitivity.points(results)
    return optimum.optima(results, points, sensitivity.curves(results, points))


def _curve(x: ArrayLike, mean: ArrayLike, deviation: float) -> Curve:
    """A curve whose places are independent of one another."""
    places = np.asarray(x, dtype=float)
    effect = Effect(np.asarray(mean, dtype=float), deviation**2 * np.eye(len(places)))
    return Curve("m", "t", "c", "10 %", "h", places, effect, ())


def test_a_clear_peak_wins_always_and_equals_share() -> None:
    assert optimum.wins(_curve([0, 1], [0.5, 0.9], 0.01)).tolist() == [0, 1]
    share = optimum.wins(_curve([0, 1, 2], [0.5, 0.5, 0.5], 0.01))
    assert share == pytest.approx([1 / 3] * 3, abs=4 * np.sqrt(2 / 9 / optimum.DRAWS))


def test_wins_against_the_normal_distribution() -> None:
    known = stats.norm.cdf(0.01 / np.hypot(0.02, 0.02))
    found = optimum.wins(_curve([0, 1], [0.5, 0.51], 0.02))
    error = np.sqrt(known * (1 - known) / optimum.DRAWS)
    assert found[1] == pytest.approx(known, abs=4 * error)


def test_intervals_by_hand() -> None:
    entry = {"low": 0.0, "high": 8.0}
    x = np.array([1.0, 2.0, 4.0, 7.0])
    assert optimum.interval(entry, np.array([0, 0.5, 0.5, 0]), x) == (2, 4, "2 to 4", True)
    assert optimum.interval(entry, np.array([0.5, 0, 0, 0.5]), x) == (1, 7, "1 to 7", False)
    assert optimum.interval(entry, np.array([0.01, 0.98, 0, 0.01]), x) == (2, 2, "2", True)
    # Places of a continuous value meet half way, and the outer ones reach the space's ends.
    x, share = np.linspace(1, 7, sensitivity.SIZE), np.zeros(sensitivity.SIZE)
    share[:3] = 1 / 3
    assert optimum.interval(entry, share, x)[:2] == (0.0, float(x[2] + x[3]) / 2)


def test_known_optimum_is_found(simulated: Results) -> None:
    optima = _optima(simulated)
    margin = optima[(optima["hyperparameter"] == "margin") & (optima["method"] == "auc_m")]
    # At one of the two ratios too few trials finished for a curve; both together have one.
    known = margin[margin["finished"] >= sensitivity.LEAST]
    assert (margin["best"] != "").sum() == len(known) == 2
    assert known["ratio"].tolist()[1] == sensitivity.POOLED
    assert [len(rows) for rows in known["rows"]] == [1, 2]
    for row in known.to_dict("records"):
        assert row["low"] < 0.7 < row["high"]
        assert row["located"]
        assert row["swing"] > 0.01
    # Nothing depends on mixup_alpha but noise.
    mixup = optima[(optima["hyperparameter"] == "mixup_alpha") & (optima["best"] != "")]
    assert len(mixup) == 1
    assert (mixup["swing"] < 0.01).all()


def test_optima_name_searched_and_chosen(simulated: Results) -> None:
    optima = _optima(simulated)
    own = optima[optima["cell"] != ""]
    assert len(own) == sum(len(cell.space) for cell in simulated.study.cells)
    row = optima[(optima["method"] == "ct_auc") & (optima["hyperparameter"] == "inner_steps")]
    doomed, alive = row.to_dict("records")
    assert (doomed["chosen"], doomed["best"], doomed["finished"]) == ("", "", 0)
    assert not doomed["located"]
    assert alive["searched"] == "{1, 2, 3}"
    assert alive["chosen"] == "2"
    assert alive["finished"] < sensitivity.LEAST
    assert alive["best"] == ""


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
    """100 searches of 40 random trials; another hyperparameter makes most of the spread."""
    draw = np.random.default_rng(int(100 * best))
    entry = {"low": 0.1, "high": 1.0, "log": False, "step": None}
    held = 0
    for _ in range(100):
        margin, lr = draw.uniform(0.1, 1, 40), draw.uniform(-3, 0, 40)
        auroc = 0.9 - 0.25 * (margin - best) ** 2 - 0.035 * (lr + 1) ** 2
        auroc = auroc + draw.normal(0, 0.006, 40)
        places = np.stack([(v - v.min()) / np.ptp(v) for v in (margin, lr)], axis=1)
        x = np.linspace(margin.min(), margin.max(), sensitivity.SIZE)
        effect = fit(places, auroc).effect(0, np.linspace(0, 1, sensitivity.SIZE))
        curve = Curve("m", "t", "c", "10 %", "margin", x, effect, ())
        found = optimum.interval(entry, optimum.wins(curve), x)
        held += found.low <= best <= found.high
    assert stats.binomtest(held, 100, optimum.CONFIDENCE, alternative="less").pvalue > 0.001
