"""How firm a ranking is: by hand where something is left out, by normal theory where drawn."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from analysis.compare.delong import placements, seeds_and_images
from analysis.compare.stability import WAYS, Stability
from analysis.findings import Findings
from analysis.images.predictions import load_predictions
from analysis.results import Results, from_record
from tests.benchmarks.metrics import scored_study

Build = Callable[..., Any]
SETTING, METHOD, DRAWN = WAYS


@pytest.fixture
def make(study: Build, cell: Build, trial: Build, confirm: Build) -> Callable[..., Results]:
    """From {method: AUROCs by setting}, each a value or the values of the seeds."""

    def build(scores: dict[str, Sequence[float | Sequence[float]]]) -> Results:
        cells = []
        for method, settings in scores.items():
            for i, values in enumerate(settings):
                seeds = values if isinstance(values, Sequence) else [values]
                names = {"task": f"t{i}", "dataset": f"d{i}"}
                rows = tuple(confirm(seed, float(v)) for seed, v in enumerate(seeds))
                cells.append(cell(method, search=(trial(),), confirm=rows, **names))
        return from_record(study(*cells))

    return build


def of(results: Results) -> Stability:
    found = Findings(results).stability
    assert found is not None
    return found


def test_left_out_settings_and_methods_by_hand(make: Callable[..., Results]) -> None:
    """b is above a twice and far below it, with c and d between, once."""
    found = of(
        make(
            {
                "a": [0.8, 0.8, 0.9],
                "b": [0.9, 0.9, 0.6],
                "c": [0.5, 0.5, 0.8],
                "d": [0.4, 0.4, 0.7],
            }
        )
    )
    # Average ranks: a 5/3, b 2, c 8/3, d 11/3. Without the third setting b is first; without
    # either other one a has (2 + 1) / 2 and b (1 + 4) / 2.
    assert found.methods["method"].tolist() == ["a", "b", "c", "d"]
    assert found.methods["rank"].tolist() == pytest.approx([5 / 3, 2, 8 / 3, 11 / 3])
    orders = found.orders.set_index("way")
    assert orders["tries"].tolist() == [3, 4, 2000]
    assert [orders["best"][SETTING], orders["two"][SETTING]] == pytest.approx([2 / 3, 2 / 3])
    # Without c a has 5/3 and b 5/3 (a tie: first still, and half an order); without d likewise;
    # without a b is first.
    assert orders["best"][METHOD] == 1
    assert orders["two"][METHOD] == pytest.approx(0.5)
    kept = found.methods.set_index("method")
    # a is first in each of three rankings that hold it; b shares its place in two of three.
    assert kept.loc["a", METHOD] == 1
    assert kept.loc["b", METHOD] == pytest.approx(1 / 3)
    assert kept.loc["d", SETTING] == 1


def test_ties_and_two_methods(make: Callable[..., Results]) -> None:
    found = of(make({"a": [0.9, 0.8], "b": [0.8, 0.9]}))
    assert found.methods["place"].tolist() == [1, 1]
    orders = found.orders.set_index("way")
    assert orders["two"][SETTING] == 0.5
    assert orders["tries"][METHOD] == 0
    assert np.isnan(orders["best"][METHOD])


def test_nothing_to_rank(make: Callable[..., Results]) -> None:
    assert Findings(make({"a": [0.9]})).stability is None
    assert Findings(make({"a": [], "b": []})).stability is None


def test_resampled_seeds_by_normal_theory(make: Callable[..., Results]) -> None:
    rng = np.random.default_rng(0)
    a = 0.8 + rng.normal(0, 0.01, 12)
    b = a - 0.002 + rng.normal(0, 0.006, 12)
    found = of(make({"a": [a.tolist()], "b": [b.tolist()]}))
    d = a - b if a.mean() > b.mean() else b - a
    expected = stats.norm.cdf(d.mean() / stats.sem(d))
    row = found.orders.set_index("way").loc[DRAWN]
    assert row["two"] == pytest.approx(expected, abs=0.04)
    assert row["best"] == pytest.approx(row["two"], abs=1e-9)
    assert found.places.to_numpy() == pytest.approx(
        np.array([[row["two"], 1 - row["two"]], [1 - row["two"], row["two"]]])
    )
    assert found.seeds_only == (("t0", "10 %"),)


def test_repeated_searches_are_the_sample(
    study: Build, cell: Build, trial: Build, confirm: Build
) -> None:
    """Four seeds of a search share what it selected: the order rests on six searches."""
    rng = np.random.default_rng(4)
    by_search = rng.normal(0, 0.01, (2, 6)) + np.array([[0.8], [0.795]])
    values = by_search[:, :, None] + rng.normal(0, 0.001, (2, 6, 4))
    cells = [
        cell(
            method,
            search=(trial(),),
            confirm=tuple(
                confirm(4 * i + j, float(own[i, j]), repeat=i) for i in range(6) for j in range(4)
            ),
        )
        for method, own in zip("ab", values, strict=True)
    ]
    found = of(from_record(study(*cells)))
    d = (values[0] - values[1]).mean(axis=1)
    expected = stats.norm.cdf(abs(d.mean()) / stats.sem(d))
    assert found.orders.set_index("way")["two"][DRAWN] == pytest.approx(expected, abs=0.06)


def test_resampled_images_move_the_methods_together(tmp_path: Path) -> None:
    """The order survives as often as Obuchowski and Rockette's error of the difference says."""
    results = scored_study(tmp_path, {"a": 1.9, "b": 1.7}, np.random.default_rng(2), seeds=10)
    findings = Findings(results)
    found = of(results)
    cells = results.cells.set_index("method")["cell"]
    seen = {
        m: placements(
            [load_predictions(results, cells[m], i).scores for i in range(10)],
            load_predictions(results, cells[m], 0).targets,
        )
        for m in "ab"
    }
    first, second = found.methods["method"]
    difference = seen[first].minus(seen[second])
    error, _ = seeds_and_images(difference.auroc, difference.covariance)
    expected = stats.norm.cdf(difference.auroc.mean() / error)
    assert found.orders.set_index("way")["two"][DRAWN] == pytest.approx(expected, abs=0.03)
    assert not found.seeds_only
    # What the two share of the images is the covariance of runs of different seeds.
    (shared,) = findings.within.shared.values()
    by_hand = [
        placements(
            np.stack([load_predictions(results, cells[m], i).scores for m, i in pair]),
            load_predictions(results, cells["a"], 0).targets,
        ).covariance[0, 1]
        for pair in [(("a", i), ("b", j)) for i in range(10) for j in range(10) if i != j]
    ]
    assert shared.loc["a", "b"] == pytest.approx(np.mean(by_hand))


def test_shares_are_shares_and_places_add_up(finished: Results) -> None:
    found = of(finished)
    assert found.places.sum(axis=1).to_numpy() == pytest.approx(1)
    shares = pd.concat([found.orders[["best", "two", "all"]], found.methods[[*WAYS]]])
    known = shares.to_numpy()[~np.isnan(shares.to_numpy())]
    assert ((known >= 0) & (known <= 1)).all()
    methods = found.methods
    assert ((methods["low"] <= methods["place"]) & (methods["place"] <= methods["high"])).all()


def test_equal_methods_have_no_firm_order(make: Callable[..., Results]) -> None:
    """Over studies of two equal methods the order survives in anything from half on, evenly."""
    rng = np.random.default_rng(3)
    firm = []
    for _ in range(60):
        scores = {m: [rng.normal(0.8, 0.01, 8).tolist()] for m in "ab"}
        firm.append(of(make(scores)).orders.set_index("way")["two"][DRAWN])
    # The mean of a uniform share between .5 and 1, somewhat more from the few seeds.
    assert np.mean(firm) == pytest.approx(0.77, abs=0.06)
    assert np.mean(np.array(firm) > 0.95) < 0.25
