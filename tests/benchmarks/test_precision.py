"""The differences of pairs, against scipy, and what the table makes of them."""

from typing import Any

import numpy as np
import pytest
from scipy import stats

from tests.benchmarks.precision import WAYS, WORK, difference, table, trial

WORKS = list(WORK)


def test_the_interval_is_that_of_a_paired_t_test() -> None:
    draw = np.random.default_rng(0)
    first, second = draw.normal(0.8, 0.02, (2, 10))
    mean, low, high = difference(first, second)
    theirs = stats.ttest_rel(second, first).confidence_interval(0.95)
    assert (low, high) == pytest.approx((theirs.low, theirs.high))
    assert mean == pytest.approx((second - first).mean())


def test_only_whole_pairs_count_and_a_wide_interval_is_not_within() -> None:
    moved = {"f32": 0.0, "bf16": 0.001, "f32 compiled": 0.0, "bf16 compiled": 0.02}
    trials: list[dict[str, Any]] = [
        {
            "work": WORKS[0],
            "way": way,
            "seed": seed,
            "test_auroc": 0.8 + (0.01 + by) * seed,
        }
        for way, by in moved.items()
        for seed in range(1, 5)
    ]
    trials.append({"work": WORKS[0], "way": "f32", "seed": 9, "test_auroc": 0.1})
    _, _, f32, bf16, compiled, both = table(trials)
    assert f32.startswith(f"| {WORKS[0]} | f32 | 4 | ")
    assert "| +0.0000 | +0.0000 to +0.0000 | yes |" in compiled
    assert bf16.endswith("| yes |")
    assert both.endswith("| no |")
    assert len(table(trials)) == 2 + len(WAYS)


def test_a_pair_differs_in_its_arithmetic_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    small = {**WORK[WORKS[0]], "dataset": "digits", "imratio": 0.1, "epochs": 1}
    monkeypatch.setattr("tests.benchmarks.precision.WORK", {"digits": small})
    first, again = (trial("digits", "f32", 3, "data") for _ in range(2))
    assert first["test_auroc"] == again["test_auroc"]
    assert first["ran"] == "eager"
    bf16 = trial("digits", "bf16", 3, "data")
    assert bf16["test_auroc"] != first["test_auroc"]
