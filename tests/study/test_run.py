"""Whole studies, for real: Ray, Optuna, training, kills. Each starts a cluster of its own."""

import os
import signal
import subprocess
import time
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, roc_auc_score

from study.command.rerun import rerun
from study.reader import read_study
from tests.study.drivers import (
    ROOT,
    SPEC,
    Table,
    assert_exactly_planned,
    command,
    finished,
    run,
    sorted_by_seed,
    start,
    table,
    wait_for,
)
from trainables.steps.compiled import compiler

pytestmark = [pytest.mark.ray, pytest.mark.timeout(900)]


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
            names = {"scores", "targets", "val_scores", "val_targets"}
            names |= {"embeddings"} if row.seed == 0 else set()
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


@pytest.mark.whole
def test_kills_in_every_phase_of_repeated_searches_lose_and_double_nothing(
    undisturbed: Path, tmp_path: Path
) -> None:
    more = {
        **SPEC,
        "search": {**SPEC["search"], "repeats": 2},
        "confirm": {"seeds": 4},
        "profile": {"values": {"lr": [0.02, 0.2]}, "seeds": 4},
    }
    for phase, rows in (("search", 9), ("confirm", 3), ("profile", 5)):
        driver = start(more, tmp_path)
        wait_for(tmp_path, phase, rows, driver)
        driver.send_signal(signal.SIGKILL)
        driver.wait(timeout=30)
    done = run(more, tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    first = {cell.id: cell for cell in read_study(undisturbed / "out").cells}
    for cell in read_study(tmp_path / "out").cells:
        assert [row.repeat for row in cell.search] == [0] * 4 + [1] * 4
        assert sorted(row.seed for row in cell.confirm if row.seed is not None) == [0, 1, 2, 3]
        profiled = sorted((row.moved, row.seed) for row in cell.profile)
        assert profiled == [(("lr", lr), seed) for lr in (0.02, 0.2) for seed in range(4)]
        assert not cell.superseded
        assert {row.state for row in cell.rows} == {"COMPLETE"}
        # The first search is the one that a study without repeats has, figure by figure.
        alone = first[cell.id]
        for row in alone.search:
            assert cell.search[row.number].validations == row.validations
        tested = {row.seed: row.test_auroc for row in cell.confirm}
        assert all(tested[row.seed] == row.test_auroc for row in alone.confirm)
        assert all(row.test_auroc is None for row in cell.profile)
    page = (tmp_path / "out" / "report" / "report.html").read_text()
    assert "How much a hyperparameter matters" in page


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
@pytest.mark.skipif(compiler() is None, reason="no C++ compiler")
def test_compiled_networks_go_on_after_a_kill_and_train_the_same_bits_again(tmp_path: Path) -> None:
    compiled = {**SPEC, "methods": ["ce"], "compile": True}
    cache = {"TORCHINDUCTOR_CACHE_DIR": str(tmp_path / "cache")}
    driver = start(compiled, tmp_path, **cache)
    wait_for(tmp_path, "search", 2, driver)
    driver.send_signal(signal.SIGKILL)
    driver.wait(timeout=30)
    # What the study was begun with counts, whatever auto would decide now.
    done = run({**compiled, "compile": "auto"}, tmp_path, **cache)
    assert done.returncode == 0, done.stdout + done.stderr
    study = read_study(tmp_path / "out")
    assert_exactly_planned(study, trials=4, seeds=2)
    (ce,) = study.cells
    assert {row.execution for row in (*ce.search, *ce.confirm)} == {"compiled"}
    assert rerun(tmp_path / "out", f"{ce.id}/confirm/0").same


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
