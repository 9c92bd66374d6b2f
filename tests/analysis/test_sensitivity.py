"""Binned medians by hand, and the known optimum of the simulated study."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from analysis import sensitivity
from analysis.results import Results, from_record

Build = Callable[..., Any]


def test_binned_medians_by_hand() -> None:
    values = np.arange(1.0, 11.0)
    scores = [0.1, 0.5, 0.3, 0.2, 0.4, 0.9, 0.7, 0.6, 0.8, 0.0]
    bins = sensitivity.binned_medians(values, scores)
    assert bins.to_dict("list") == {
        "x": [3, 8],
        "low": [1, 6],
        "high": [5, 10],
        "median": [0.3, 0.7],
        "n": [5, 5],
    }


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


def test_known_optimum_is_found(simulated: Results) -> None:
    points = sensitivity.points(simulated)
    optima = sensitivity.optima(simulated, points, sensitivity.curves(points))
    margin = optima[(optima["hyperparameter"] == "margin") & (optima["method"] == "auc_m")]
    for row in margin.to_dict("records"):
        assert float(row["best_low"]) - 0.12 < 0.7 < float(row["best_high"]) + 0.12
        assert row["swing"] > 0.01
    # Nothing depends on mixup_alpha but noise.
    mixup = optima[optima["hyperparameter"] == "mixup_alpha"]
    assert (mixup["swing"] < 0.02).all()


def test_optima_name_searched_and_chosen(simulated: Results) -> None:
    points = sensitivity.points(simulated)
    optima = sensitivity.optima(simulated, points, sensitivity.curves(points))
    assert len(optima) == sum(len(cell.space) for cell in simulated.study.cells)
    row = optima[(optima["method"] == "ct_auc") & (optima["hyperparameter"] == "inner_steps")]
    doomed, alive = row.to_dict("records")
    assert (doomed["chosen"], doomed["best_low"], doomed["finished"]) == ("", "", 0)
    assert alive["searched"] == "{1, 2, 3}"
    assert alive["chosen"] == "2"
