"""The pictures' rows, and which of them have a curve: against known functions of known spaces."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from analysis.results import Results, from_record
from analysis.search import sensitivity
from analysis.search.sensitivity import Curve

Build = Callable[..., Any]
MARGIN = {"margin": {"low": 0.0, "high": 1.0, "log": False, "step": None}}
LR = {"lr": {"low": 1e-3, "high": 1.0, "log": True, "step": None}}


def _curves(results: Results) -> dict[tuple[str, str], Curve]:
    """By ratio and hyperparameter."""
    points = sensitivity.points(results)
    return {(c.ratio, c.hyperparameter): c for c in sensitivity.curves(results, points)}


def _search(trial: Build, seed: int, count: int, best: float = 0.6) -> tuple[Any, ...]:
    """Trials whose AUROC has a peak along the margin, and another one along log(lr)."""
    draw = np.random.default_rng(seed)
    rows = []
    for i in range(count):
        margin, lr = float(draw.uniform()), float(10 ** draw.uniform(-3, 0))
        value = 0.9 - 0.3 * (margin - best) ** 2 - 0.03 * (np.log10(lr) + 1) ** 2
        value = float(value + draw.normal(0, 0.004))
        rows.append(trial(number=i, params={"margin": margin, "lr": lr}, value=value))
    return tuple(rows)


@pytest.mark.parametrize("count", [0, 1, 24])
def test_too_few_rows_make_no_curve(study: Build, cell: Build, trial: Build, count: int) -> None:
    results = from_record(study(cell(space=MARGIN | LR, search=_search(trial, 0, count))))
    assert _curves(results) == {}
    assert len(sensitivity.points(results)) == 2 * count


def test_a_curve_runs_along_the_searched_scale_and_peaks_where_the_truth_does(
    study: Build, cell: Build, trial: Build
) -> None:
    results = from_record(study(cell(space=MARGIN | LR, search=_search(trial, 1, 40))))
    curves = _curves(results)
    assert set(curves) == {("10 %", "margin"), ("10 %", "lr")}
    margin, lr = curves["10 %", "margin"], curves["10 %", "lr"]
    assert margin.x[margin.effect.mean.argmax()] == pytest.approx(0.6, abs=0.08)
    assert np.log10(lr.x[lr.effect.mean.argmax()]) == pytest.approx(-1, abs=0.25)
    np.testing.assert_allclose(np.diff(margin.x), margin.x[1] - margin.x[0])
    np.testing.assert_allclose(np.diff(np.log(lr.x)), np.log(lr.x[1] / lr.x[0]))
    assert [list(source.numbers) for source in margin.sources] == [list(range(40))]


def test_small_searches_have_a_curve_together(study: Build, cell: Build, trial: Build) -> None:
    """13 trials at each of three ratios: none has a curve of its own, all together have one."""
    cells = [
        cell(imratio=ratio, space=MARGIN | LR, search=_search(trial, seed, 13))
        for seed, ratio in enumerate((0.01, 0.1, 0.3))
    ]
    curves = _curves(from_record(study(*cells)))
    assert set(curves) == {(sensitivity.POOLED, "margin"), (sensitivity.POOLED, "lr")}
    curve = curves[sensitivity.POOLED, "margin"]
    assert curve.pooled
    assert [len(source.numbers) for source in curve.sources] == [13, 13, 13]
    assert curve.x[curve.effect.mean.argmax()] == pytest.approx(0.6, abs=0.1)
    # Searches of different spaces are not put together.
    other = cell(imratio=0.3, space=MARGIN, search=_search(trial, 2, 13))
    assert _curves(from_record(study(*cells[:2], other))) == {}


def test_pooled_heights_do_not_mix_levels(study: Build, cell: Build, trial: Build) -> None:
    """A ratio at which everything is lower, searched at low margins only, makes no slope."""
    draw = np.random.default_rng(3)
    cells = []
    for ratio, level, low, high in ((0.01, 0.7, 0.0, 0.6), (0.1, 0.9, 0.4, 1.0)):
        rows = [
            trial(
                number=i,
                params={"margin": float(draw.uniform(low, high))},
                value=float(level + draw.normal(0, 0.004)),
            )
            for i in range(30)
        ]
        cells.append(cell(imratio=ratio, space=MARGIN, search=tuple(rows)))
    curve = _curves(from_record(study(*cells)))[sensitivity.POOLED, "margin"]
    assert np.ptp(curve.effect.mean) < 0.01


def test_a_large_search_is_fitted_to_some_of_its_rows(
    study: Build, cell: Build, trial: Build
) -> None:
    results = from_record(study(cell(space=MARGIN | LR, search=_search(trial, 4, 300))))
    first, again = (_curves(results)["10 %", "margin"] for _ in range(2))
    assert first.effect.mean.tolist() == again.effect.mean.tolist()
    assert first.x[first.effect.mean.argmax()] == pytest.approx(0.6, abs=0.08)


def test_a_curve_withstands_runs_that_fell_to_chance(
    study: Build, cell: Build, trial: Build
) -> None:
    search = list(_search(trial, 5, 60))
    whole = _curves(from_record(study(cell(space=MARGIN | LR, search=tuple(search)))))
    for i in (7, 31):
        search[i] = trial(number=i, params=search[i].params, value=0.05)
    broken = _curves(from_record(study(cell(space=MARGIN | LR, search=tuple(search)))))
    key = ("10 %", "margin")
    assert broken[key].x[broken[key].effect.mean.argmax()] == pytest.approx(0.6, abs=0.15)
    assert np.abs(broken[key].effect.mean - whole[key].effect.mean).max() < 0.04


def test_pruned_rows_never_enter_the_curve(study: Build, cell: Build, trial: Build) -> None:
    draw = np.random.default_rng(2)
    search = [trial(number=i, params={"margin": i / 30}, value=0.9) for i in range(30)]
    pruned = [
        trial(
            number=30 + i,
            params={"margin": float(draw.uniform())},
            state="PRUNED",
            value=None,
            validations={1: 0.1},
        )
        for i in range(30)
    ]
    results = from_record(study(cell(space=MARGIN, search=(*search, *pruned))))
    assert (sensitivity.points(results)["state"] == "PRUNED").sum() == 30
    curve = _curves(results)["10 %", "margin"]
    np.testing.assert_allclose(curve.effect.mean, 0.9, atol=1e-6)
    assert [list(source.numbers) for source in curve.sources] == [list(range(30))]


def test_choices_have_a_place_each_and_constants_no_curve(
    study: Build, cell: Build, trial: Build
) -> None:
    space: dict[str, Any] = {"k": {"low": 1, "high": 3, "log": False, "step": 1}}
    space |= {"schedule": {"choices": ("a", "b", "c")}, "only": {"choices": ("x", "y")}}
    draw = np.random.default_rng(0)
    search = tuple(
        trial(
            number=i,
            params={"k": 1 + i % 3, "schedule": "abc"[i // 3 % 3], "only": "x"},
            value=float(0.9 - 0.05 * (i % 3) + draw.normal(0, 0.003)),
        )
        for i in range(36)
    )
    curves = _curves(from_record(study(cell(space=space, search=search))))
    assert set(curves) == {("10 %", "k"), ("10 %", "schedule")}
    k = curves["10 %", "k"]
    assert k.x.tolist() == [1, 2, 3]
    np.testing.assert_allclose(np.diff(k.effect.mean), -0.05, atol=0.006)
    assert np.ptp(curves["10 %", "schedule"].effect.mean) < 0.006


def test_rows_without_a_hyperparameter_do_not_move_its_curve(
    study: Build, cell: Build, trial: Build
) -> None:
    """A study that was extended by a hyperparameter: 30 rows of 60 have it."""
    draw = np.random.default_rng(6)
    search = []
    for i in range(60):
        margin, lr = float(draw.uniform()), float(10 ** draw.uniform(-3, 0))
        value = 0.8 if i < 30 else 0.9 - 0.3 * (margin - 0.6) ** 2
        params = {"lr": lr} if i < 30 else {"lr": lr, "margin": margin}
        search.append(trial(number=i, params=params, value=value + float(draw.normal(0, 0.004))))
    results = from_record(study(cell(space=MARGIN | LR, search=tuple(search))))
    curve = _curves(results)["10 %", "margin"]
    truth = 0.9 - 0.3 * (curve.x - 0.6) ** 2
    assert np.abs(curve.effect.mean - truth).max() < 0.02


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
