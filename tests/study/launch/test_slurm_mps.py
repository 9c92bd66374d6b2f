"""The batch script with --mps, run for real; SLURM's, Ray's and NVIDIA's commands are stand-ins."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import pytest
import yaml
from typer.testing import CliRunner

from study.cli import app

STUDY = {
    "name": "s",
    "methods": ["ce"],
    "tasks": [{"dataset": "digits", "model": "mlp", "epochs": 1}],
    "imratios": [0.1],
    "search": {"trials": 1},
}

PROGRAMS = {
    "scontrol": "echo node0\n",
    "srun": 'shift\nexport SLURM_PROCID=0\necho $$ > "$STAGE/node"\nexec "$@"\n',
    # Of `ray symmetric-run ... -- COMMAND` the command alone.
    "ray": '[ "$1" = stop ] && exit\nuntil [ "$1" = -- ]; do shift; done\nshift\nexec "$@"\n',
    # What a trial's process would see.
    "aucstudy": 'ls "$CUDA_MPS_PIPE_DIRECTORY" >> "$STAGE/told"\n'
    'echo "run, GPUs $CUDA_VISIBLE_DEVICES" >> "$STAGE/told"\n'
    'if [ -e "$STAGE/long" ]; then sleep 1000; fi\n',
    "nvidia-cuda-mps-control": """
daemon=$CUDA_MPS_PIPE_DIRECTORY/control
if [ "$1" = -d ]; then
    [ ! -e "$STAGE/broken" ] || exit 1
    [ "$CUDA_MPS_LOG_DIRECTORY" = "$CUDA_MPS_PIPE_DIRECTORY" ] || exit 2
    echo "start, GPUs ${CUDA_VISIBLE_DEVICES-all}" >> "$STAGE/told"
    exec touch "$daemon"
fi
[ -e "$daemon" ] || exit 1
read -r asked
echo "$asked" >> "$STAGE/told"
""",
}


class Job(NamedTuple):
    """A job that was started, and the folder in which its programs tell what they did."""

    batch: subprocess.Popen[bytes]
    folder: Path
    pipes: Path

    def told(self, last: str) -> list[str]:
        """All that was told, once ``last`` was."""
        file = self.folder / "told"
        while not file.exists() or last not in file.read_text():
            time.sleep(0.02)
        return file.read_text().splitlines()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """With the programs in bin/ and the spec."""
    (tmp_path / "bin").mkdir()
    for name, text in PROGRAMS.items():
        program = tmp_path / "bin" / name
        program.write_text(f"#!/bin/bash\n{text}")
        program.chmod(0o755)
    study = {**STUDY, "resources": {"gpus": 0.25}, "directory": str(tmp_path / "out")}
    (tmp_path / "spec.yaml").write_text(yaml.safe_dump(study))
    return tmp_path


@pytest.fixture
def pipes() -> Iterator[Path]:
    """Of a job with an id of its own."""
    folder = Path(f"/tmp/aucstudy-mps-test-{os.getpid()}")
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def job(folder: Path, pipes: Path) -> Iterator[Job]:
    """Started as SLURM would."""
    script = script_of(folder, "--mps")
    environment = {
        "PATH": f"{folder / 'bin'}:{Path(sys.executable).parent}:{os.environ['PATH']}",
        "STAGE": str(folder),
        "RAY_AUTH_TOKEN": "token",
        "SLURM_JOB_ID": pipes.name.removeprefix("aucstudy-mps-"),
        "SLURM_JOB_NODELIST": "node0",
        "SLURM_JOB_NUM_NODES": "1",
        "CUDA_VISIBLE_DEVICES": "2,3",
    }
    batch = subprocess.Popen(["bash", "-c", script], env=environment, start_new_session=True)
    try:
        yield Job(batch, folder, pipes)
    finally:
        with suppress(ProcessLookupError):
            os.killpg(batch.pid, signal.SIGKILL)
        batch.wait()


def script_of(folder: Path, *options: str) -> str:
    words = ["launch", "slurm", str(folder / "spec.yaml"), "--nodes", "1", *options]
    done = CliRunner().invoke(app, words, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.stdout


@pytest.fixture
def long(folder: Path) -> None:
    (folder / "long").touch()


@pytest.fixture
def left(pipes: Path) -> None:
    pipes.mkdir()
    (pipes / "control").touch()


@pytest.fixture
def broken(folder: Path) -> None:
    (folder / "broken").touch()


def test_the_daemon_is_there_before_the_run_and_ends_after_it(job: Job) -> None:
    assert job.batch.wait() == 0
    told = job.told("quit")
    assert told == ["start, GPUs all", "control", "run, GPUs 2,3", "quit -t 5"]
    while job.pipes.exists():
        time.sleep(0.02)


def test_it_ends_with_a_job_that_is_taken_away(long: None, job: Job) -> None:  # noqa: ARG001
    """As SLURM does it: SIGTERM to each process of the step."""
    job.told("run")
    node = int((job.folder / "node").read_text())
    os.kill(node, signal.SIGTERM)
    assert job.told("quit")[-1] == "quit -t 5"
    while job.pipes.exists():
        time.sleep(0.02)


def test_what_an_earlier_life_of_the_job_left_is_ended_first(left: None, job: Job) -> None:  # noqa: ARG001
    job.told("run")
    told = job.told("quit")
    assert told[:2] == ["quit -t 5", "start, GPUs all"]


def test_a_job_whose_daemon_does_not_start_ends(broken: None, job: Job) -> None:  # noqa: ARG001
    assert job.batch.wait() == 1
    assert not (job.folder / "told").exists()


def test_without_the_option_nothing_is_said_of_it(folder: Path) -> None:
    assert "MPS" not in script_of(folder)


@pytest.mark.parametrize("gpus", [0, 1])
def test_trials_that_share_no_gpu_have_no_use_for_it(folder: Path, gpus: int) -> None:
    study = {**STUDY, "resources": {"gpus": gpus}, "directory": str(folder / "out")}
    (folder / "spec.yaml").write_text(yaml.safe_dump(study))
    words = ["launch", "slurm", str(folder / "spec.yaml"), "--mps", "--gpus-per-node", "4"]
    done = CliRunner().invoke(app, words)
    assert done.exit_code == 2
    assert done.stdout == ""
    assert f"a trial of this study takes {gpus}: set resources.gpus" in done.stderr
