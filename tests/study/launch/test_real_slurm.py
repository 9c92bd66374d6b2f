"""The printed batch script on real SLURM: stopped before its time limit, requeued, finished."""

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from study.reader import read_study
from tests.study.hosts import hosts, why_no_hosts
from tests.study.launch.logs import own_tracebacks
from tests.study.launch.test_slurm import ROOT, clean_environment, hosts_of_rows
from tests.study.slurm_cluster import Slurm, slurm, why_no_slurm

pytestmark = [pytest.mark.ray, pytest.mark.whole, pytest.mark.timeout(1800)]

# Two side by side for three seconds each.
SPEC: dict[str, Any] = {
    "name": "queued",
    "methods": ["ce"],
    "tasks": [
        {
            "dataset": "digits",
            "model": "mlp",
            "epochs": 3,
            "budget": "seconds",
            "seconds": 3,
        }
    ],
    "imratios": [0.1],
    "search": {"trials": 60, "sampler": "random", "pruner": "none"},
    "confirm": {"seeds": 2},
}


@pytest.fixture
def queue() -> Iterator[Slurm]:
    """Two nodes; in a folder with a short path, as sockets want it."""
    if why := why_no_slurm() or why_no_hosts():
        pytest.skip(why)
    env = clean_environment(Path("/nowhere"))
    env = {name: value for name, value in env.items() if not name.startswith("SLURM_")}
    with tempfile.TemporaryDirectory(prefix="slurm-") as folder:
        place = Path(folder)
        with hosts(place) as up, slurm(place / "s", up, env) as made:
            yield made


def test_the_printed_job_stops_requeues_and_finishes(queue: Slurm, tmp_path: Path) -> None:
    spec = tmp_path / "spec.yaml"
    spec.write_text(yaml.safe_dump({**SPEC, "directory": str(tmp_path / "out")}))
    words = [sys.executable, "-m", "study", "launch", "slurm", str(spec), "--trials-per-node", "1"]
    words += ["--partition", "short", "--time", "30", "--constraint", "small"]
    printed = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=True)
    script = tmp_path / "job.sbatch"
    script.write_text(printed.stdout)
    log = tmp_path / "job.log"

    def tell() -> str:
        return log.read_text() if log.exists() else "(the job has not begun)"

    job = queue.run("sbatch", "--parsable", f"--output={log}", str(script)).strip()
    asked = queue.job(job)
    assert (asked["Partition"], asked["TimeLimit"], asked["Features"]) == (
        "short",
        "00:30:00",
        "small",
    )
    until(lambda: hosts_of_rows(tmp_path / "out") == {"node0", "node1"}, tell)
    # The limit comes nearer: two minutes before it, which is now, SLURM sends the signal.
    hours, minutes, _ = map(int, queue.job(job)["RunTime"].split(":"))
    queue.run("scontrol", "update", f"JobId={job}", f"TimeLimit={60 * hours + minutes + 2}")
    until(lambda: queue.job(job)["Reason"] == "BeginTime", tell)
    assert queue.job(job)["Restarts"] == "1"
    assert "Stopped (SIGUSR1)" in tell()
    assert "Stopped before the time limit" in tell()
    before = ended(tmp_path / "out")
    assert 0 < len(before) < 60
    # It waits for two minutes; now it has time enough.
    queue.run("scontrol", "update", f"JobId={job}", "StartTime=now", "TimeLimit=30")
    until(lambda: queue.job(job)["JobState"] not in ("PENDING", "RUNNING", "COMPLETING"), tell)
    assert queue.job(job)["JobState"] == "COMPLETED", tell()
    (cell,) = read_study(tmp_path / "out").cells
    assert cell.standing.finished
    assert len(cell.search) == 60
    rows = [row for row in (*cell.search, *cell.confirm) if row.state == "COMPLETE"]
    assert len(rows) == 62
    assert {row.host for row in rows} == {"node0", "node1"}
    # What the first life finished stands as it was.
    assert before.items() <= ended(tmp_path / "out").items()
    assert (tmp_path / "out" / "report" / "report.html").is_file()
    assert not own_tracebacks(tell())


def ended(directory: Path) -> dict[int, float | None]:
    """Values of the search trials that have come to their end."""
    (cell,) = read_study(directory).cells
    return {row.number: row.value for row in cell.search if row.state == "COMPLETE"}


def until(there: Callable[[], bool], tell: Callable[[], str]) -> None:
    deadline = time.monotonic() + 600
    while not there():
        assert time.monotonic() < deadline, tell()
        time.sleep(1)
