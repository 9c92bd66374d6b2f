"""The benchmark of what searches spend: its sums by hand, and a short run."""

import json
from itertools import combinations
from math import inf
from pathlib import Path
from statistics import mean

import pytest

from tests.benchmarks import search_spend
from tests.benchmarks.search_spend import Point, best, expected_best, main, spent_until


def test_the_expected_best_is_the_mean_over_all_choices() -> None:
    values = [0.7, 0.2, 0.9, 0.5, 0.5]
    for n in range(1, 6):
        by_hand = mean(max(chosen) for chosen in combinations(values, n))
        assert expected_best(values, n) == pytest.approx(by_hand)


def test_only_trials_that_ran_to_their_end_are_selected() -> None:
    points = [Point(10, 0.6, {}), Point(11, None, {}), Point(21, 0.8, {}), Point(31, 0.7, {})]
    assert best(points) == points[2]
    assert best(points[1:2]) is None
    assert [spent_until(points, target) for target in (0.6, 0.7, 0.8, 0.81)] == [10, 21, 21, inf]


def test_it_runs_once_and_shows_what_each_search_spent(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search_spend, "TRIALS", 6)
    monkeypatch.setattr(search_spend, "EASIER", 2)
    monkeypatch.setattr(search_spend, "SPENT", (2, 4))
    monkeypatch.setattr(search_spend, "SEEDS", 1)
    command = ["run", "--out", str(tmp_path), "--repetitions", "2", "--settings", "digits, auc_m"]
    main(command)
    files = sorted(tmp_path.glob("*.json"))
    told = [json.loads(file.read_text()) for file in files]
    written = [file.stat().st_mtime_ns for file in files]
    main(command)
    assert [file.stat().st_mtime_ns for file in files] == written
    for each in told:
        for arm, found in each["arms"].items():
            spent = [point[0] for point in found["points"]]
            assert len(spent) == 6
            assert spent == sorted(spent)
            whole = spent[-1] == 6 * each["full"]
            assert whole == ("ASHA" not in arm)
            assert (found["neighbour"] > 0) == ("warm" in arm)
        # ASHA stops some of the very same random trials, so that it never selects a better one.
        plain, stopped = (
            [value for _, value in each["arms"][arm]["points"]]
            for arm in ("random", "random, ASHA")
        )
        assert all(few in (None, value) for few, value in zip(stopped, plain, strict=True))
    assert told[0]["reference"]["values"] != told[1]["reference"]["values"]
    capsys.readouterr()
    main(["show", str(tmp_path)])
    table = capsys.readouterr().out
    assert all(f"| {arm} |" in table for arm in search_spend.ARMS)
    assert "digits, auc_m" in table
