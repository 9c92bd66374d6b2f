"""Means, deviations, ties and gaps, against hand-worked cases and numpy."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from analysis.compare.comparison import selection_gap
from analysis.findings import Findings
from analysis.results import Results, from_record

Build = Callable[..., Any]


@pytest.fixture
def make(study: Build, cell: Build, trial: Build, confirm: Build) -> Callable[..., Results]:
    """A study of one setting from {method: test AUROCs of its confirm seeds}."""

    def build(scores: dict[str, list[float]], **fields: Any) -> Results:
        return from_record(
            study(
                *(
                    cell(
                        method,
                        search=(trial(value=0.9),),
                        confirm=tuple(confirm(i, value) for i, value in enumerate(values)),
                        selected=0,
                        **fields,
                    )
                    for method, values in scores.items()
                )
            )
        )

    return build


def test_mean_std_n_by_hand(make: Callable[..., Results]) -> None:
    # 0.80, 0.84: mean 0.82, deviations ±0.02, std = sqrt(2 * 0.0004 / 1).
    row = Findings(make({"a": [0.80, 0.84]})).scores.iloc[0]
    assert row["mean"] == pytest.approx(0.82)
    assert row["std"] == pytest.approx(0.02 * np.sqrt(2))
    assert row["n"] == 2
    assert row["rows"] == (0, 1)


def test_mean_std_against_numpy(finished: Results) -> None:
    table = Findings(finished).scores.set_index("cell")
    for cell in finished.study.cells:
        values = [row.test_auroc for row in cell.confirm if row.test_auroc is not None]
        if values:
            assert table.loc[cell.id, "mean"] == pytest.approx(np.mean(values), rel=1e-12)
            assert table.loc[cell.id, "std"] == pytest.approx(np.std(values, ddof=1), rel=1e-9)


def test_search_values_never_fill_the_table(study: Build, cell: Build, trial: Build) -> None:
    results = from_record(study(cell(search=(trial(value=0.99),), selected=0)))
    row = Findings(results).scores.iloc[0]
    assert np.isnan(row["mean"])
    assert not row["best"]


def test_one_seed_has_no_deviation_and_is_never_apart(make: Callable[..., Results]) -> None:
    table = Findings(make({"a": [0.9], "b": [0.5, 0.5, 0.5]})).scores
    assert np.isnan(table["std"][0])
    assert table["best"].tolist() == [True, False]
    assert table["near"].tolist() == [False, True]


def test_near_is_what_paired_seeds_do_not_tell_from_the_best(make: Callable[..., Results]) -> None:
    """Seeds move both alike: mean ± std intervals overlap, and the pairs differ all the same."""
    seeds = np.array([0.80, 0.85, 0.90, 0.82, 0.88])
    wobble = np.array([0.001, -0.001, 0.002, 0.0, -0.002])
    table = Findings(
        make(
            {
                "best": list(seeds),
                "apart": list(seeds - 0.02 + wobble),
                "near": list(seeds - 0.001 + wobble),
            }
        )
    ).scores.set_index("method")
    assert table["mean"]["best"] - table["std"]["best"] < table["mean"]["apart"]
    assert table["best"].to_dict() == {"best": True, "near": False, "apart": False}
    assert table["near"].to_dict() == {"best": False, "near": True, "apart": False}


def test_intervals_of_the_mean(make: Callable[..., Results]) -> None:
    # 0.80, 0.84: t(1) = 12.706 at 97.5 %, standard error 0.02; on the raw scale 0.57 to 1.07.
    table = Findings(make({"a": [0.80, 0.84], "b": [0.8], "c": [0.8, 0.8]})).scores
    first = table.iloc[0]
    half = 12.7062 * 0.02 / (0.82 * 0.18)
    ends = 1 / (1 + 0.18 / 0.82 * np.exp([half, -half]))
    assert (first["low"], first["high"]) == pytest.approx(tuple(ends), rel=1e-4)
    assert (first["boot_low"], first["boot_high"]) == pytest.approx((0.80, 0.84))
    # One seed, or seeds that do not differ, have no spread to judge by.
    assert table.loc[1:, ["low", "high", "boot_low", "boot_high"]].isna().all(axis=None)


def test_failed_and_missing_seeds_are_counted_by_seed(
    study: Build, cell: Build, trial: Build, confirm: Build
) -> None:
    fail = {"state": "FAIL", "value": None, "test_auroc": None, "reason": "worker died"}
    rows = (
        confirm(0, 0.8),
        confirm(1, **fail),
        confirm(1, 0.82, number=2),  # the replacement of the crashed row
        confirm(2, **fail, number=3),
        confirm(3, None, state="RUNNING", value=None, number=4),
    )
    record = study(cell(search=(trial(),), confirm=rows, planned_seeds=5))
    row = Findings(from_record(record)).scores.iloc[0]
    assert (row["n"], row["planned"], row["failed"], row["missing"]) == (2, 5, 1, 2)
    assert row["rows"] == (0, 2)


def test_selection_gap_splits_into_optimism_and_shift(
    study: Build, cell: Build, trial: Build, confirm: Build
) -> None:
    rows = (confirm(0, 0.80, value=0.84), confirm(1, 0.82, value=0.86))
    search = (trial(value=0.7), trial(number=1, value=0.9))
    record = study(cell(search=search, confirm=rows, selected=1))
    results = from_record(record)
    row = selection_gap(results, Findings(results).scores).iloc[0]
    assert row["selected"] == 1
    assert row["gap"] == pytest.approx(0.90 - 0.81)
    assert row["optimism"] == pytest.approx(0.90 - 0.85)
    assert row["shift"] == pytest.approx(0.85 - 0.81)
