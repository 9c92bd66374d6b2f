"""Whole studies, for real: Ray, Optuna, training, kills. Each starts a cluster of its own."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from sklearn.metrics import average_precision_score, roc_auc_score

from study.command.rerun import rerun
from study.reader import read_study
from study.records import StudyRecord

pytestmark = [pytest.mark.ray, pytest.mark.timeout(900)]

ROOT = Path(__file__).parents[2]
Table = dict[str, list[float | None]]

SPEC: dict[str, Any] = {
    "name": "s",
    "seed": 3,
    "methods": ["ce", "auc_m"],
    "tasks": [{"dataset": "digits", "model": "mlp", "epochs": 4, "batch_size": 64}],
    "imratios": [0.1],
    # Random rows and no pruning: nothing depends on which trial is faster.
    "search": {"trials": 4, "sampler": "random", "pruner": "none"},
    "confirm": {"seeds": 2, "embeddings": 1},
}


def command(spec: dict[str, Any], folder: Path) -> list[str]:
    file = folder / "study.yaml"
    file.write_text(yaml.safe_dump({**spec, "directory": str(folder / "out")}))
    return [sys.executable, "-m", "study", "run", str(file)]


def run(spec: dict[str, Any], folder: Path, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(spec, folder),
        cwd=ROOT,
        env=os.environ | env,
        capture_output=True,
        text=True,
        timeout=700,
        check=False,
    )


STARTED: list[subprocess.Popen[bytes]] = []


def start(spec: dict[str, Any], folder: Path, **env: str) -> subprocess.Popen[bytes]:
    """A driver in a process group of its own, printing to driver.log."""
    with (folder / "driver.log").open("ab") as log:
        driver = subprocess.Popen(
            command(spec, folder),
            cwd=ROOT,
            env=os.environ | env,
            stdout=log,
            stderr=log,
            process_group=0,
        )
    STARTED.append(driver)
    return driver


@pytest.fixture(autouse=True)
def _no_driver_is_left_behind() -> Iterator[None]:
    yield
    while STARTED:
        driver = STARTED.pop()
        driver.kill()
        driver.wait()


def finished(folder: Path, phase: str) -> int:
    """Rows of a phase that are finished so far, in all cells."""
    if not (folder / "out" / "study.db").exists() or not (folder / "out" / "study.yaml").exists():
        return 0
    cells = read_study(folder / "out").cells
    rows = [row for cell in cells for row in getattr(cell, phase)]
    return sum(row.state in ("COMPLETE", "PRUNED", "FAIL") for row in rows)


def wait_for(folder: Path, phase: str, rows: int, driver: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 400
    while finished(folder, phase) < rows:
        assert driver.poll() is None, (folder / "driver.log").read_text()
        assert time.monotonic() < deadline, "the driver does not get on"
        time.sleep(0.05)


def wait_for_log(folder: Path, event: str, driver: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 400
    log = folder / "out" / "log.jsonl"
    while not log.exists() or event not in log.read_text():
        assert driver.poll() is None, (folder / "driver.log").read_text()
        assert time.monotonic() < deadline, "the driver does not get on"
        time.sleep(0.05)


def table(study: StudyRecord) -> Table:
    """The figures that a study's final table is made of."""
    return {cell.id: [row.test_auroc for row in sorted_by_seed(cell)] for cell in study.cells}


def sorted_by_seed(cell: Any) -> list[Any]:
    return sorted(cell.confirm, key=lambda row: row.seed)


def assert_exactly_planned(study: StudyRecord, trials: int, seeds: int) -> None:
    for cell in study.cells:
        assert [row.number for row in cell.search] == list(range(trials))
        assert sorted(row.seed for row in cell.confirm if row.seed is not None) == list(
            range(seeds)
        )
        assert {row.state for row in (*cell.search, *cell.confirm)} <= {"COMPLETE", "PRUNED"}
        assert not cell.superseded


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a study that ran to its end."""
    folder = tmp_path_factory.mktemp("undisturbed")
    done = run(SPEC, folder)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


@pytest.fixture(scope="module")
def undisturbed_table(undisturbed: Path) -> Table:
    return table(read_study(undisturbed / "out"))


def test_a_study_ends_with_exactly_the_planned_rows(undisturbed: Path) -> None:
    study = read_study(undisturbed / "out")
    assert [cell.method for cell in study.cells] == ["ce", "auc_m"]
    assert_exactly_planned(study, trials=4, seeds=2)
    rows = [row for cell in study.cells for row in (*cell.search, *cell.confirm)]
    assert {row.execution for row in rows} == {"eager"}
    assert (undisturbed / "out" / "report" / "report.html").exists()
    assert not list((undisturbed / "out" / "checkpoints").glob("*"))
    assert not (undisturbed / "out" / "ray").exists()


def test_stored_predictions_give_the_stored_figures(undisturbed: Path) -> None:
    for cell in read_study(undisturbed / "out").cells:
        for row in cell.confirm:
            assert row.predictions is not None
            stored = np.load(undisturbed / "out" / row.predictions, allow_pickle=False)
            scores, targets = stored["scores"], stored["targets"]
            assert row.test_auroc == pytest.approx(roc_auc_score(targets, scores), abs=1e-12)
            expected = average_precision_score(targets, scores)
            assert row.test_auprc == pytest.approx(expected, abs=1e-12)


def test_the_first_confirm_seeds_keep_their_embeddings(undisturbed: Path) -> None:
    for cell in read_study(undisturbed / "out").cells:
        for row in cell.confirm:
            assert row.predictions is not None
            stored = np.load(undisturbed / "out" / row.predictions, allow_pickle=False)
            names = {"scores", "targets"} | ({"embeddings"} if row.seed == 0 else set())
            assert set(stored.files) == names
            if row.seed == 0:
                assert len(stored["embeddings"]) == len(stored["scores"])


def test_confirm_seeds_are_paired_between_methods(undisturbed: Path) -> None:
    ce, auc_m = read_study(undisturbed / "out").cells
    assert [row.seeds for row in sorted_by_seed(ce)] == [row.seeds for row in sorted_by_seed(auc_m)]
    assert len({str(row.seeds) for row in ce.confirm}) == 2


def test_running_a_finished_study_again_does_nothing_and_says_so(undisturbed: Path) -> None:
    rows = read_study(undisturbed / "out").cells
    done = run(SPEC, undisturbed)
    assert done.returncode == 0
    assert "nothing" in done.stdout.lower()
    assert read_study(undisturbed / "out").cells == rows


def test_kill_in_search_and_in_confirm_loses_and_doubles_nothing(
    undisturbed_table: Table, tmp_path: Path
) -> None:
    for phase, rows in (("search", 2), ("confirm", 1)):
        driver = start(SPEC, tmp_path)
        wait_for(tmp_path, phase, rows, driver)
        driver.send_signal(signal.SIGKILL)
        driver.wait(timeout=30)
    done = run(SPEC, tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    study = read_study(tmp_path / "out")
    assert_exactly_planned(study, trials=4, seeds=2)
    assert table(study) == undisturbed_table


@pytest.mark.whole
def test_a_study_without_search_confirms_its_fixed_configurations(
    undisturbed: Path, tmp_path: Path
) -> None:
    """On the seeds of a study with one; what was fixed is what is trained."""
    fixed = {"search": {"trials": 0}, "space": {"ce": {"lr": 0.3}}}
    done = run({**SPEC, **fixed}, tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    study = read_study(tmp_path / "out")
    assert_exactly_planned(study, trials=0, seeds=2)
    ce, auc_m = study.cells
    assert ce.fixed == {"lr": 0.3, "weight_decay": 1e-4}
    searched = read_study(undisturbed / "out").cells[1]
    assert [row.seeds for row in auc_m.confirm] == [row.seeds for row in searched.confirm]
    again = rerun(tmp_path / "out", f"{ce.id}/confirm/1")
    assert again.same
    assert len(again.figures) == 4 + 2
    report = (tmp_path / "out" / "report" / "report.md").read_text()
    assert "Nothing was searched for any method" in report


@pytest.mark.whole
def test_raising_trials_and_seeds_adds_exactly_the_difference(undisturbed: Path) -> None:
    old = read_study(undisturbed / "out")
    more = {**SPEC, "search": {**SPEC["search"], "trials": 6}, "confirm": {"seeds": 3}}
    done = run(more, undisturbed)
    assert done.returncode == 0, done.stdout + done.stderr
    for before, after in zip(old.cells, read_study(undisturbed / "out").cells, strict=True):
        assert after.search[:4] == before.search
        assert len(after.search) == 6
        assert len(after.confirm) == 3
        if after.selected == before.selected:
            assert set(map(repr, before.confirm)) <= set(map(repr, after.confirm))
            assert not after.superseded


@pytest.mark.whole
def test_every_signal_stops_cleanly_and_the_same_command_goes_on(tmp_path: Path) -> None:
    # Long enough that no driver is through before its signal comes.
    task = {**SPEC["tasks"][0], "epochs": 80, "intervals": 4}
    slow = {**SPEC, "tasks": [task], "search": {**SPEC["search"], "trials": 8}}
    folders = [tmp_path / "stopped", tmp_path / "undisturbed"]
    for folder in folders:
        folder.mkdir()
    stopped, undisturbed = folders
    # A terminal and `timeout` signal the driver's whole group, a batch system the driver alone.
    ways = ((os.killpg, signal.SIGINT), (os.killpg, signal.SIGTERM), (os.kill, signal.SIGUSR1))
    for send, number in ways:
        rows = finished(stopped, "search")
        driver = start(slow, stopped)
        wait_for(stopped, "search", rows + 1, driver)
        send(driver.pid, number)
        driver.wait(timeout=200)
        output = (stopped / "driver.log").read_text()
        assert driver.returncode == 0, output
        assert f"Stopped ({number.name})" in output
        assert "aucstudy run" in output
        assert "Traceback" not in output
    for folder in folders:
        done = run(slow, folder)
        assert done.returncode == 0, done.stdout + done.stderr
    study = read_study(stopped / "out")
    assert_exactly_planned(study, trials=8, seeds=2)
    assert table(study) == table(read_study(undisturbed / "out"))


@pytest.mark.whole
def test_a_second_ctrl_c_stops_at_once(tmp_path: Path) -> None:
    mark, log = tmp_path / "mark", tmp_path / "driver.log"
    spec = {**SPEC, "methods": ["tests.study.odd_methods:HangsOnce"]}
    driver = start(spec, tmp_path, AUCSTUDY_TEST_MARK=str(mark))
    deadline = time.monotonic() + 200
    while not mark.exists() and time.monotonic() < deadline:
        time.sleep(0.1)
    deadline = time.monotonic() + 50  # shorter than a stop waits for an interval
    while "Stopped at once" not in log.read_text() and time.monotonic() < deadline:
        os.kill(driver.pid, signal.SIGINT)
        time.sleep(2)
    driver.wait(timeout=30)
    assert driver.returncode == 130, log.read_text()
    assert "Traceback" not in log.read_text()
    states = [row.state for cell in read_study(tmp_path / "out").cells for row in cell.search]
    assert "RUNNING" in states
    assert "FAIL" not in states


@pytest.mark.whole
def test_a_time_budget_stops_cleanly(tmp_path: Path) -> None:
    done = subprocess.run(
        [*command(SPEC, tmp_path), "--for", "1s"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=700,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "time budget" in done.stdout
    assert not any(read_study(tmp_path / "out").cells[0].confirm)


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
    assert buggy.selected is None
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
