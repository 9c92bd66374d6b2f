"""Best of n against enumeration and opda, and what is refused."""

from collections.abc import Callable
from itertools import combinations
from typing import Any

import numpy as np
import pytest
from opda.nonparametric import EmpiricalDistribution

from analysis.results import Results, from_record
from analysis.search import best_of_n
from tests.analysis.known_truth import random_cell, random_study

Build = Callable[..., Any]


def _study(study: Build, cell: Build, rows: list[Any]) -> Results:
    return from_record(study(cell(search=tuple(rows))))


def test_expected_best_is_the_mean_over_all_subsets(
    study: Build, cell: Build, trial: Build
) -> None:
    values = np.random.default_rng(0).uniform(0.6, 0.9, 9)
    rows = [trial(number=i, value=float(v)) for i, v in enumerate(values)]
    curve = best_of_n.curves(_study(study, cell, rows)).set_index("n")
    for n in (1, 3, 9):
        every = [max(chosen) for chosen in combinations(values, n)]
        assert curve.loc[n, "expected"] == pytest.approx(np.mean(every))
    assert curve.loc[9, "median"] == values.max()
    # The smallest value whose share at or below is at least 1/2.
    assert curve.loc[1, "median"] == np.sort(values)[4]
    assert (curve["low"] <= curve["median"]).all()
    assert (curve["median"] <= curve["high"]).all()
    assert curve.loc[9, "high"] == 1.0  # nine draws set no limit to the best of nine


def test_bands_against_opda() -> None:
    results = from_record(random_study(random_cell(np.random.default_rng(1), trials=25)))
    curve = best_of_n.curves(results)
    values = results.trials["value"].to_numpy()
    low, _, high = EmpiricalDistribution.confidence_bands(
        values,
        0.95,
        0.0,
        1.0,
        generator=np.random.default_rng(5),
        method="ld_equal_tailed",
        n_jobs=1,
    )
    known = high.quantile_tuning_curve(curve["n"]), low.quantile_tuning_curve(curve["n"])
    # Two simulations of the exact level may differ by one place among the sorted values.
    ranks = [
        np.searchsorted(np.sort(values), part) for part in (*known, curve["low"], curve["high"])
    ]
    assert np.abs(ranks[0] - ranks[2]).max() <= 1
    assert np.abs(ranks[1] - ranks[3]).max() <= 1


def test_share_within_epsilon_by_hand(study: Build, cell: Build, trial: Build) -> None:
    values = [0.9, 0.895, 0.89, 0.889, 0.8, 0.7, 0.6, 0.5]
    rows = [trial(number=i, value=v) for i, v in enumerate(values)]
    row = best_of_n.within(_study(study, cell, rows)).iloc[0]
    assert row["share"] == 3 / 8  # 0.89 is within 0.01 of 0.9
    assert row["low"] < 3 / 8 < row["high"]
    assert row["rows"] == tuple(range(8))
    # A guided row may hold the best value, and is no draw.
    rows.append(trial(number=8, value=0.95, origin="tpe"))
    row = best_of_n.within(_study(study, cell, rows)).iloc[0]
    assert (row["best"], row["share"], row["draws"], row["low"]) == (0.95, 0.0, 8, 0.0)


def test_a_failed_draw_counts_as_a_coin(study: Build, cell: Build, trial: Build) -> None:
    rows = [trial(number=i, value=0.8) for i in range(6)]
    rows += [trial(number=6 + i, state="FAIL", value=None) for i in range(2)]
    curve = best_of_n.curves(_study(study, cell, rows))
    assert curve.loc[0, "expected"] == pytest.approx((6 * 0.8 + 2 * 0.5) / 8)
    assert (curve["failed"] == 2).all()


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"state": "PRUNED", "value": None, "validations": {1: 0.7}}, "1 of 8 random trials were"),
        ({"origin": "tpe"}, "it has 7 random trials"),
        ({"state": "RUNNING", "value": None}, "it has 7 random trials"),
    ],
)
def test_refusals(
    study: Build, cell: Build, trial: Build, change: dict[str, Any], why: str
) -> None:
    rows = [trial(number=i) for i in range(7)] + [trial(number=7, **change)]
    results = _study(study, cell, rows)
    assert best_of_n.refusals(results)["why"].str.startswith(why).tolist() == [True]
    assert best_of_n.curves(results).empty
    assert best_of_n.within(results).empty


def test_only_failures_are_refused(study: Build, cell: Build, trial: Build) -> None:
    rows = [trial(number=i, state="FAIL", value=None) for i in range(9)]
    assert best_of_n.refusals(_study(study, cell, rows))["why"].tolist() == [
        "all its random trials failed"
    ]
