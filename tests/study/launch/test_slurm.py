"""The printed batch script, run for real on two hosts; only srun and scontrol are stand-ins."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
import yaml

from study.reader import read_study
from tests.study.hosts import Host, hosts, why_no_hosts
from tests.study.launch.logs import own_tracebacks

pytestmark = [pytest.mark.ray, pytest.mark.whole, pytest.mark.timeout(900)]

ROOT = Path(__file__).parents[3]
BIN = Path(sys.executable).parent

SPEC: dict[str, Any] = {
    "name": "s",
    "methods": ["ce", "auc_m"],
    "tasks": [{"dataset": "digits", "model": "mlp", "epochs": 30, "intervals": 6}],
    "imratios": [0.1],
    "search": {"trials": 200, "sampler": "random", "pruner": "none"},
    "confirm": {"seeds": 1},
}

# srun asks the test, which plays slurmd, to start its command on the nodes.
SRUN = """#!{python}
import json, os, pathlib, sys, time
folder = pathlib.Path({folder!r})
asked = folder / "asked.part"
asked.write_text(json.dumps({{"words": sys.argv[1:], "env": dict(os.environ)}}))
asked.rename(folder / "asked")
time.sleep(1000)
"""
SCONTROL = """#!/bin/sh
case "$1" in
    show) echo node0; echo node1 ;;
    requeue) echo "$2" >> {folder}/requeued ;;
esac
"""


@pytest.fixture
def two_hosts(tmp_path: Path) -> Iterator[list[Host]]:
    if why := why_no_hosts():
        pytest.skip(why)
    with hosts(tmp_path) as up:
        yield up


def stand_ins(folder: Path) -> Path:
    """A folder with srun and scontrol."""
    folder.mkdir()
    (folder / "srun").write_text(SRUN.format(python=sys.executable, folder=str(folder)))
    (folder / "scontrol").write_text(SCONTROL.format(folder=folder))
    for file in folder.iterdir():
        file.chmod(0o755)
    return folder


def clean_environment(slurm: Path) -> dict[str, str]:
    """As after ``sbatch``: nothing of this process's Ray."""
    return {
        "PATH": f"{slurm}:{BIN}:{os.environ['PATH']}",
        "HOME": os.environ["HOME"],
        "PYTHONPATH": str(ROOT),
        "OMP_NUM_THREADS": "1",
        "OMP_WAIT_POLICY": "PASSIVE",
        "RAY_AUTH_TOKEN": "0123456789abcdef" * 4,
        "SLURM_JOB_ID": "77",
        "SLURM_JOB_NODELIST": "node[0-1]",
        "SLURM_JOB_NUM_NODES": "2",
    }


def test_the_job_stops_before_its_time_limit_and_requeues_itself(
    two_hosts: list[Host], tmp_path: Path
) -> None:
    spec = tmp_path / "a $(touch broken) 'spec'; touch broken.yaml"
    spec.write_text(yaml.safe_dump({**SPEC, "directory": str(tmp_path / "out")}))
    slurm = stand_ins(tmp_path / "slurm")
    # As batch systems set it: too long for Ray's sockets.
    scratch = tmp_path / "scratch-of-the-job-of-this-user"
    scratch.mkdir()
    env = clean_environment(slurm) | {"TMPDIR": str(scratch)}
    script = tmp_path / "job.sbatch"
    words = [sys.executable, "-m", "study", "launch", "slurm", str(spec), "--trials-per-node", "1"]
    printed = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=True)
    script.write_text(printed.stdout)

    def tell() -> str:
        return "\n".join(file.read_text() for file in sorted(tmp_path.glob("*.log")))

    with (tmp_path / "job.log").open("w") as log:
        batch = subprocess.Popen(
            two_hosts[0].words(["bash", str(script)]), env=env, stdout=log, stderr=log
        )
    tasks: list[subprocess.Popen[bytes]] = []
    try:
        wait_for(slurm / "asked", batch, tell)
        asked = json.loads((slurm / "asked").read_text())
        assert asked["words"][0] == "--kill-on-bad-exit=0"
        for host in two_hosts:
            with (tmp_path / f"{host.name}.log").open("w") as log:
                command = host.words(asked["words"][1:])
                tasks.append(subprocess.Popen(command, env=asked["env"], stdout=log, stderr=log))

        deadline = time.monotonic() + 150
        while hosts_of_rows(tmp_path / "out") != {"node0", "node1"}:
            assert all(task.poll() is None for task in tasks), tell()
            assert time.monotonic() < deadline, tell()
            time.sleep(0.5)
        (shell,) = psutil.Process(batch.pid).children()
        shell.send_signal(signal.SIGUSR1)
        # The job is over with the study; srun and the nodes end with it.
        assert batch.wait(timeout=100) == 0, tell()
    finally:
        for process in (batch, *tasks):
            process.kill()
            process.wait()
    assert (slurm / "requeued").read_text() == "77\n"
    assert "Stopped (SIGUSR1)" in tell()
    assert not own_tracebacks(tell())
    rows = [row for cell in read_study(tmp_path / "out").cells for row in cell.search]
    assert {row.state for row in rows} <= {"COMPLETE", "RUNNING"}
    assert not list(tmp_path.rglob("broken"))
    assert not (ROOT / "broken").exists()


def test_the_job_wants_a_token(tmp_path: Path) -> None:
    words = [sys.executable, "-m", "study", "launch", "slurm", "quickstart"]
    printed = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=True)
    slurm = stand_ins(tmp_path / "slurm")
    env = clean_environment(slurm)
    del env["RAY_AUTH_TOKEN"]
    done = subprocess.run(
        ["bash"], input=printed.stdout, env=env, capture_output=True, text=True, check=False
    )
    assert done.returncode != 0
    assert "RAY_AUTH_TOKEN: must be exported" in done.stderr
    assert not (slurm / "asked").exists()


def test_a_job_whose_head_does_not_start_ends(tmp_path: Path) -> None:
    """The other nodes would wait for it, and srun for them."""
    slurm = stand_ins(tmp_path / "slurm")
    (slurm / "srun").write_text('#!/bin/bash\nshift\nSLURM_PROCID=0 "$@"\nsleep 1000\n')
    (slurm / "ray").write_text('#!/bin/sh\necho "$1" >> "$TOLD"\n[ "$1" = stop ] || exit 3\n')
    (slurm / "ray").chmod(0o755)
    words = [sys.executable, "-m", "study", "launch", "slurm", "quickstart"]
    printed = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=True)
    env = clean_environment(slurm) | {"TOLD": str(tmp_path / "told")}
    batch = subprocess.Popen(
        ["bash", "-c", printed.stdout], env=env, stdout=subprocess.DEVNULL, start_new_session=True
    )
    try:
        assert batch.wait(timeout=60) == 3
    finally:
        os.killpg(batch.pid, signal.SIGKILL)
    # What an earlier life left is ended first.
    assert (tmp_path / "told").read_text().split() == ["stop", "symmetric-run"]


def hosts_of_rows(directory: Path) -> set[str | None]:
    if not (directory / "provenance.json").exists():
        return set()
    rows = [row for cell in read_study(directory).cells for row in cell.search]
    return {row.host for row in rows if row.state == "COMPLETE"}


def wait_for(file: Path, process: subprocess.Popen[Any], tell: Any) -> None:
    deadline = time.monotonic() + 60
    while not file.exists():
        assert process.poll() is None, tell()
        assert time.monotonic() < deadline, tell()
        time.sleep(0.1)
