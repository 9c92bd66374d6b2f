"""Surfaces of pairs: against scikit-learn, over noise, and what is refused."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from sklearn.model_selection import LeaveOneOut, cross_val_predict
from sklearn.neighbors import KNeighborsRegressor

from analysis.results import from_record
from analysis.search import contour, sensitivity
from analysis.search.contour import PairSurface
from study.records import StudyRecord
from tests.analysis.known_truth import SPACE, random_cell, random_study

Build = Callable[..., Any]
DECAY = {"low": 1e-3, "high": 1e-2, "log": True, "step": None}


def _surfaces(study: StudyRecord) -> list[PairSurface]:
    results = from_record(study)
    return contour.pair_surfaces(results, sensitivity.points(results))


def test_a_plane_is_found_and_skill_is_what_left_out_rows_say() -> None:
    draw = np.random.default_rng(0)
    x, y = draw.uniform(size=(2, 200))
    z = x + draw.normal(0, 0.05, 200)
    surface = contour.fit(x, y, z)
    middle = surface.z[5:-5, 5:-5]
    known = np.broadcast_to(surface.x[5:-5], middle.shape)
    np.testing.assert_allclose(middle, known, atol=0.1)
    # Another smoother, left out by scikit-learn, foretells about as much.
    peer = cross_val_predict(
        KNeighborsRegressor(12, weights="distance"), np.stack([x, y], 1), z, cv=LeaveOneOut()
    )
    known_skill = 1 - ((z - peer) ** 2).sum() / ((z - z.mean()) ** 2).sum()
    assert surface.skill == pytest.approx(known_skill, abs=0.05)
    assert surface.sound


def test_weights_are_gaussian() -> None:
    x, y, z = np.array([0.0, 1.0, 0.5]), np.array([0.0, 0.0, 1.0]), np.array([0.0, 1.0, 0.5])
    found = contour.fit(x, y, z)
    widths = [
        (a, b)
        for a in contour.WIDTHS
        for b in contour.WIDTHS
        if found.z[0, 7] == pytest.approx(_by_hand(x, y, z, found.x[7], 0.0, a, b), nan_ok=True)
    ]
    assert widths  # one of the widths gives exactly this height


def _by_hand(x: Any, y: Any, z: Any, u: float, v: float, a: float, b: float) -> float:
    raised = np.maximum(z, np.quantile(z, contour.WORST))
    weights = [
        np.exp(-((u - p) ** 2) / a**2 / 2 - (v - q) ** 2 / b**2 / 2)
        for p, q in zip(x, y, strict=True)
    ]
    return float(np.dot(weights, raised) / np.sum(weights)) if np.sum(weights) > 0.3 else np.nan


@pytest.mark.parametrize("count", [30, 120])
def test_noise_is_hardly_ever_drawn(count: int) -> None:
    draw = np.random.default_rng(count)
    surfaces = [
        contour.fit(draw.uniform(size=count), draw.uniform(size=count), draw.normal(size=count))
        for _ in range(200)
    ]
    assert sum(s.sound for s in surfaces) <= 20  # nominal 10 of 200


def test_pairs_pool_the_ratios_of_a_task() -> None:
    draw = np.random.default_rng(1)
    space = SPACE | {"epoch_decay": DECAY}
    cells = [
        random_cell(draw, imratio=r, space=space, trials=20, level=0.8 + r)
        for r in (0.01, 0.1, 0.3)
    ]
    pairs = _surfaces(random_study(*cells))
    assert [(pair.x, pair.y) for pair in pairs] == [
        ("margin", "epoch_decay"),
        ("margin", "imratio"),
    ]
    rows = pairs[0].rows
    assert len(rows) == 60
    # Heights are distances from the median of the same search, whatever its level.
    assert rows.groupby("cell")["height"].median().abs().max() < 1e-12
    assert [pair.kinds for pair in pairs] == [("linear", "log"), ("linear", "log")]
    assert all(pair.sound for pair in pairs)
    surface = pairs[0].surface
    assert surface
    peak = surface.x[np.nanargmax(np.nanmean(surface.z, axis=0))]
    assert 0.1 + 0.9 * peak == pytest.approx(0.7, abs=0.2)


def test_refusals(study: Build, cell: Build, trial: Build) -> None:
    draw = np.random.default_rng(2)
    space = {"margin": SPACE["margin"], "epoch_decay": DECAY}
    (few,) = _surfaces(random_study(random_cell(draw, space=space, trials=29)))
    assert few.why == "29 finished trials; it takes 30"
    assert few.surface is None
    rows = [trial(number=i, params={"margin": 0.5, "epoch_decay": i / 100}) for i in range(30)]
    (flat,) = _surfaces(study(cell(space=space, search=tuple(rows))))
    assert flat.why == "only one value was tried"
    other = random_cell(draw, space={"lr": SPACE["lr"]})
    assert _surfaces(random_study(other)) == []


def test_pairs_are_those_that_the_search_space_names() -> None:
    draw = np.random.default_rng(3)
    pairs = (("margin", "lr"), ("lr", "absent"), ("lr", "imratio"))
    cells = [
        replace(random_cell(draw, method, trials=30), pairs=named)
        for method, named in (("auc_m", pairs), ("silent", ()), ("earlier", None))
    ]
    results = from_record(random_study(*cells))
    drawn = [
        (pair.method, pair.x, pair.y)
        for pair in contour.pair_surfaces(results, sensitivity.points(results))
    ]
    # Both must be tuned, and one ratio is no axis. A plan that names none, being an earlier one,
    # has the pairs of that time.
    assert drawn == [("auc_m", "margin", "lr")]
    assert contour.named(results) == [*pairs, *contour.BEFORE]
