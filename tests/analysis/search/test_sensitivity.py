"""Binned medians and their bands by hand and against scipy, and the pictures' rows."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from analysis.results import from_record
from analysis.search import sensitivity

Build = Callable[..., Any]
TRUE = float(stats.gamma(2.0).median())


def test_binned_medians_by_hand() -> None:
    values = np.arange(1.0, 11.0)
    scores = [0.1, 0.5, 0.3, 0.2, 0.4, 0.9, 0.7, 0.6, 0.8, 0.0]
    bins = sensitivity.binned_medians(values, scores)
    assert bins.to_dict("list") == {
        "x": [3, 8],
        "low": [1, 6],
        "high": [5, 10],
        "median": [0.3, 0.7],
        "lower": [0.1, 0.0],  # of five rows the band is the whole range: 1 - 2 / 2**5
        "upper": [0.5, 0.9],
        "n": [5, 5],
    }


@pytest.mark.parametrize("count", [5, 6, 8, 9, 17, 40])
def test_bands_against_scipy(count: int) -> None:
    scores = np.random.default_rng(count).uniform(size=count)
    # Two values, so that each is a bin of its own.
    bins = sensitivity.binned_medians([0] * count + [1, 1], [*scores, 0.5, 0.6])
    test = stats.quantile_test(scores, q=0.5, p=0.5, alternative="two-sided")
    known = test.confidence_interval(sensitivity.CONFIDENCE)
    assert (bins["lower"][0], bins["upper"][0]) == pytest.approx(tuple(known))
    assert np.isnan(bins["lower"][1])  # two rows have no band


def test_bands_hold_the_median_as_often_as_they_say() -> None:
    draw = np.random.default_rng(3)
    held = 0
    for _ in range(400):
        scores = draw.gamma(2.0, size=(2, 8))
        bins = sensitivity.binned_medians([0] * 8 + [1] * 8, scores.ravel())
        held += int(((bins["lower"] <= TRUE) & (bins["upper"] >= TRUE)).sum())
    # 8 rows: from the lowest to the highest, 1 - 2 / 2**8.
    assert stats.binomtest(held, 800, 1 - 2 / 2**8).pvalue > 0.001


def test_bins_do_not_depend_on_the_scale() -> None:
    draw = np.random.default_rng(0)
    values, scores = 10 ** draw.uniform(-3, 0, 37), draw.uniform(size=37)
    plain = sensitivity.binned_medians(values, scores)
    logs = sensitivity.binned_medians(np.log10(values), scores)
    pd.testing.assert_frame_equal(plain[["median", "n"]], logs[["median", "n"]])
    np.testing.assert_allclose(np.log10(plain["x"]), logs["x"])


def test_bins_hold_every_row_once_and_equal_values_share_one() -> None:
    draw = np.random.default_rng(1)
    values = draw.integers(0, 12, 60).astype(float)
    bins = sensitivity.binned_medians(values, draw.uniform(size=60))
    assert bins["n"].sum() == 60
    assert (bins["low"].to_numpy()[1:] > bins["high"].to_numpy()[:-1]).all()


def test_median_withstands_diverged_trials() -> None:
    values = np.linspace(0, 1, 50)
    scores = 0.9 - (values - 0.5) ** 2
    broken = scores.copy()
    broken[::10] = 0.5
    clean = sensitivity.binned_medians(values, scores)["median"]
    assert np.abs(sensitivity.binned_medians(values, broken)["median"] - clean).max() < 0.03


@pytest.mark.parametrize("count", [0, 1, 9])
def test_too_few_rows_make_no_curve(count: int) -> None:
    assert sensitivity.binned_medians(np.arange(count), np.arange(count)).empty


def test_few_distinct_values_are_their_own_bins() -> None:
    bins = sensitivity.binned_medians([1, 1, 2, 2, 2, 3], [0.1, 0.3, 0.5, 0.9, 0.6, 0.7])
    assert bins["x"].tolist() == [1, 2]  # one row at 3 is no median
    assert bins["median"].tolist() == pytest.approx([0.2, 0.6])


def test_pruned_rows_never_enter_the_curve(study: Build, cell: Build, trial: Build) -> None:
    space = {"margin": {"low": 0.0, "high": 1.0, "log": False, "step": None}}
    draw = np.random.default_rng(2)
    search = [trial(number=i, params={"margin": i / 20}, value=0.9) for i in range(20)]
    pruned = [
        trial(
            number=20 + i,
            params={"margin": float(draw.uniform())},
            state="PRUNED",
            value=None,
            validations={1: 0.1},
        )
        for i in range(30)
    ]
    points = sensitivity.points(from_record(study(cell(space=space, search=(*search, *pruned)))))
    curve = sensitivity.curves(points)
    assert (points["state"] == "PRUNED").sum() == 30
    assert (curve["median"] == 0.9).all()
    assert sorted(row for rows in curve["rows"] for row in rows) == list(range(20))


def test_choices_are_placed_in_the_order_of_the_space(
    study: Build, cell: Build, trial: Build
) -> None:
    space = {"schedule": {"choices": ("step", None, "cosine")}}
    search = tuple(
        trial(number=i, params={"schedule": v}) for i, v in enumerate(["cosine", None, "step"])
    )
    points = sensitivity.points(from_record(study(cell(space=space, search=search))))
    assert points["value"].tolist() == [2, 1, 0]
    assert points["text"].tolist() == ["cosine", "None", "step"]


def test_a_row_without_the_hyperparameter_is_left_out(
    study: Build, cell: Build, trial: Build
) -> None:
    space = {"margin": {"low": 0.0, "high": 1.0}, "k": {"choices": (1, 2)}}
    search = (trial(params={"margin": 0.5}), trial(number=1, params={"margin": 0.5, "k": 2}))
    points = sensitivity.points(from_record(study(cell(space=space, search=search))))
    assert points["hyperparameter"].tolist() == ["margin", "margin", "k"]
