"""Whole studies, for real, whose trials diverge, fail, die, hang or find the disk full."""

import re
from pathlib import Path
from typing import Any

import pytest

from study.reader import read_study
from tests.study.drivers import SPEC, assert_exactly_planned, run, start, wait_for_log

pytestmark = [pytest.mark.ray, pytest.mark.timeout(900)]


def odd(method: str, **changes: Any) -> dict[str, Any]:
    """A study of ``ce`` beside one of the odd methods."""
    return {**SPEC, "methods": [f"tests.study.odd_methods:{method}", "ce"], **changes}


@pytest.mark.whole
def test_a_diverged_trial_fails_with_its_reason_and_the_study_goes_on(tmp_path: Path) -> None:
    done = run(odd("Diverges"), tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    diverges, ce = read_study(tmp_path / "out").cells
    assert len(diverges.search) == 4, "a diverged row counts, it is not replaced"
    for row in diverges.search:
        assert row.state == ("FAIL" if row.params["x"] > 0.5 else "COMPLETE")
        assert (row.reason is not None) == (row.state == "FAIL")
        assert row.reason is None or "finite" in row.reason
    assert {row.state for row in diverges.search} == {"FAIL", "COMPLETE"}
    assert {row.state for row in (*ce.search, *ce.confirm)} == {"COMPLETE"}


@pytest.mark.whole
def test_a_cell_whose_trials_all_fail_is_reported(tmp_path: Path) -> None:
    done = run(odd("Buggy"), tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    buggy, ce = read_study(tmp_path / "out").cells
    assert len(buggy.search) == 4 + 3, "three replacements, then the defect is accepted as one"
    assert {row.state for row in buggy.search} == {"FAIL"}
    reason = buggy.search[0].reason or ""
    assert re.fullmatch(
        r"RuntimeError: a bug in a user's method \(odd_methods.py, line \d+\)", reason
    )
    assert buggy.selected == ()
    assert not buggy.confirm
    assert len(ce.confirm) == 2
    assert buggy.id in done.stdout
    report = (tmp_path / "out" / "report" / "report.html").read_text()
    assert "a bug in a user" in report


@pytest.mark.whole
def test_a_study_whose_confirm_trials_all_failed_is_not_done(tmp_path: Path) -> None:
    buggy = "tests.study.odd_methods:Buggy"
    spec = {**SPEC, "methods": [buggy], "search": {"trials": 0}, "confirm": {"seeds": 1}}
    for again in (False, True):
        done = run(spec, tmp_path)
        assert done.returncode == 1, done.stdout + done.stderr
        assert ("there is nothing to run" in done.stdout) == again
        (cell,) = read_study(tmp_path / "out").cells
        assert f"Every confirm trial of {cell.id} failed; the report says why." in done.stdout
        assert "No trial of the study gave a result." in done.stderr
        assert f"{cell.id}: done" not in done.stdout
        assert again or f"{cell.id}: failed" in done.stdout
    assert "a bug in a user" in (tmp_path / "out" / "report" / "report.html").read_text()


@pytest.mark.whole
def test_a_trial_whose_worker_dies_is_started_again(tmp_path: Path) -> None:
    done = run(odd("DiesOnce"), tmp_path, AUCSTUDY_TEST_MARK=str(tmp_path / "mark"))
    assert done.returncode == 0, done.stdout + done.stderr
    assert (tmp_path / "mark").exists()
    study = read_study(tmp_path / "out")
    assert_exactly_planned(study, trials=4, seeds=2)
    deaths = [row.deaths for cell in study.cells for row in cell.search if row.deaths]
    assert len(deaths) == 1
    assert "killed or crashed" in deaths[0][0]


@pytest.mark.whole
def test_a_worker_killed_for_memory_is_told_as_that(tmp_path: Path) -> None:
    slow = odd("Busy", space={"tests.study.odd_methods:Busy": {"milliseconds": 60_000}})
    # Ray ends workers as soon as the node uses one hundredth of its memory.
    low = {"RAY_memory_usage_threshold": "0.01", "RAY_memory_monitor_refresh_ms": "200"}
    driver = start(slow, tmp_path, **low)
    wait_for_log(tmp_path, "worker died", driver)
    rows = [row for cell in read_study(tmp_path / "out").cells for row in cell.search]
    assert any("ran out of memory" in death for row in rows for death in row.deaths)
    assert {row.state for row in rows} == {"RUNNING"}


@pytest.mark.whole
def test_a_trial_that_hangs_is_ended_and_started_again(tmp_path: Path) -> None:
    spec = odd("HangsOnce", resources={"hang_after": 20})
    done = run(spec, tmp_path, AUCSTUDY_TEST_MARK=str(tmp_path / "mark"))
    assert done.returncode == 0, done.stdout + done.stderr
    study = read_study(tmp_path / "out")
    assert_exactly_planned(study, trials=4, seeds=2)
    deaths = [row.deaths for cell in study.cells for row in cell.search if row.deaths]
    assert len(deaths) == 1
    assert re.search(r"no step for 20 s: it hung in odd_methods.py, line \d+", deaths[0][0])
    assert not list((tmp_path / "out" / "checkpoints").glob("*"))


@pytest.mark.whole
def test_a_full_disk_stops_the_study_and_costs_no_row(tmp_path: Path) -> None:
    spec, mark = odd("FullDiskOnce"), str(tmp_path / "mark")
    stopped = run(spec, tmp_path, AUCSTUDY_TEST_MARK=mark)
    assert stopped.returncode == 2, stopped.stdout + stopped.stderr
    assert "No space left on device" in stopped.stderr
    assert "run the study again" in stopped.stderr
    assert "Traceback" not in stopped.stderr
    again = run(spec, tmp_path, AUCSTUDY_TEST_MARK=mark)
    assert again.returncode == 0, again.stdout + again.stderr
    assert_exactly_planned(read_study(tmp_path / "out"), trials=4, seeds=2)
