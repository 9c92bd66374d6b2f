"""The check itself, where there is no GPU: a short real run, and what it says."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
import torch

from tests.gpu import rows
from tests.gpu.check import main
from tests.gpu.paired import CASES
from tests.gpu.reference import METHODS_TIMED, OTHERS, ways
from tests.gpu.rows import Row
from tests.gpu.tested import FILES
from trainables.methods import METHODS

COMMAND = [sys.executable, "-m", "tests.gpu.check", "--device", "cpu"]

WITHOUT = ("ray", "optuna", "hypothesis", "pytest_timeout", "xdist", "study", "analysis")
NOT_THERE = f"""
import sys
from importlib.machinery import PathFinder

class Lean(PathFinder):
    @classmethod
    def find_spec(cls, name, path=None, target=None):
        there = name.partition(".")[0] not in {WITHOUT}
        return PathFinder.find_spec(name, path, target) if there else None

sys.meta_path[sys.meta_path.index(PathFinder)] = Lean
"""


def test_a_short_run_on_the_cpu(tmp_path: Path) -> None:
    """Real, and where nothing can be imported that a machine with a GPU may lack."""
    (tmp_path / "sitecustomize.py").write_text(NOT_THERE)
    lean = {"PYTHONPATH": str(tmp_path), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    out = tmp_path / "out"
    done = subprocess.run(
        [*COMMAND, "--minutes", "4", "--only", "machine,tests,speed,study", "--out", str(out)],
        env={**os.environ, **lean},
        capture_output=True,
        text=True,
    )
    text, found = (out / "check.md").read_text(), rows.read(out)
    assert (done.returncode, done.stderr) == (0, ""), text
    assert text == done.stdout
    assert text.rstrip().endswith("\n".join(rows.table(found)))
    told = {row.what: row.note for row in found if row.section == "check"}
    assert told == {"machine": "", "tests": "", "speed": "", "study": ""}
    assert "Left out: ray, optuna not here" in text
    skipped = [row for row in found if row.section == "tests"]
    assert {row.value for row in skipped} == {"skipped"}
    assert all("needs a CUDA GPU" in row.note for row in skipped)
    assert f"| tests | {len(skipped)} tests |" in text
    rates = {(row.what, row.way): row.value for row in found if row.section == "speed"}
    ours = {(method, way) for method in METHODS_TIMED for way in ways("cpu")}
    assert set(rates) == ours | {("auc_m", name) for name in OTHERS}
    assert all(float(rate) > 0 for rate in rates.values())


@pytest.mark.ray
def test_a_study_through_ray_on_the_cpu(tmp_path: Path) -> None:
    done = subprocess.run(
        [*COMMAND, "--only", "study", "--out", str(tmp_path)], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    found = {row.what: row for row in rows.read(tmp_path) if row.section == "study"}
    assert found.keys() == {"ce", "auc_m", "all"}
    for method in ("ce", "auc_m"):
        assert float(found[method].value) > 0.9
        assert "12 trials: 12 eager" in found[method].note


@pytest.mark.parametrize(
    ("how", "section"), [(signal.SIGTERM, "several"), (signal.SIGKILL, "speed")]
)
def test_what_was_finished_stays_when_it_is_killed(
    how: signal.Signals, section: str, tmp_path: Path
) -> None:
    file = tmp_path / "rows.csv"
    with subprocess.Popen(
        [*COMMAND, "--only", f"machine,{section}", "--out", str(tmp_path)],
        stdout=subprocess.DEVNULL,
    ) as check:
        while not file.exists() or f"\n{section}," not in file.read_text():
            assert check.poll() is None
            time.sleep(0.05)
        below = psutil.Process(check.pid).children(recursive=True)
        check.send_signal(how)
    assert below
    assert not psutil.wait_procs(below, timeout=60)[1]
    found = rows.read(tmp_path)
    assert {"cores", "torch", "ce"} <= {row.what for row in found}
    assert found[-1].section == section
    if how == signal.SIGTERM:
        assert rows.table(found)[-1] in (tmp_path / "check.md").read_text()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--only", "machine,fast"], "sections are machine, tests, speed, several, study, trials"),
        (["--minutes", "0"], "--minutes must be above 0, not 0"),
        (["--only", "trials"], "the trials need --data"),
        (["--data", "nowhere"], "--data must hold cat_and_dog/train, and nowhere does not"),
    ],
)
def test_wrong_options_are_refused(
    options: list[str], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as end:
        main(["--device", "cpu", "--out", str(tmp_path / "out"), *options])
    assert end.value.code == 2
    assert said in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


@pytest.mark.skipif(torch.cuda.is_available(), reason="needs a machine without a GPU")
def test_without_a_gpu_it_says_what_can_be_done(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as end:
        main(["--out", str(tmp_path)])
    assert end.value.code == 2
    assert "--device cpu" in capsys.readouterr().err


def test_every_method_has_its_pair() -> None:
    assert {case.changes["method"] for case in CASES} == set(METHODS)


def test_what_needs_a_gpu_lies_where_the_check_finds_it() -> None:
    tests = Path(__file__).parents[1].rglob("test_*.py")
    skipping = "skipif(not torch.cuda" + ".is_available()"
    assert sorted(file for file in tests if skipping in file.read_text()) == FILES


def test_the_table_counts_what_went_well_and_shows_the_rest() -> None:
    failed = Row("tests", "test_b", measure="outcome", value="failed", note="assert 1 | 2")
    passed = Row("tests", "test_a", measure="outcome", value="passed")
    assert rows.table([passed, failed, passed])[2:] == [
        "| tests | 2 tests |  |  | outcome | passed |  |  |",
        "| tests | test_b |  |  | outcome | failed |  | assert 1 / 2 |",
    ]
