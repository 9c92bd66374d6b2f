"""Who watches a study goes: it stops cleanly, for real."""

import os
import pty
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from select import select
from typing import Any

import pytest
import yaml

from study.reader import read_study

pytestmark = [pytest.mark.ray, pytest.mark.whole, pytest.mark.timeout(900)]

ROOT = Path(__file__).parents[3]

SPEC: dict[str, Any] = {
    "name": "s",
    "methods": ["ce"],
    "tasks": [{"dataset": "digits", "model": "mlp", "epochs": 4000, "intervals": 400}],
    "imratios": [0.1],
    "search": {"trials": 2, "sampler": "random", "pruner": "none"},
    "confirm": {"seeds": 0},
}


def command(folder: Path) -> list[str]:
    """Words of a study that would go on for minutes."""
    file = folder / "study.yaml"
    file.write_text(yaml.safe_dump({**SPEC, "directory": str(folder / "out")}))
    return [sys.executable, "-m", "study", "run", str(file)]


def wait_for_a_validation(folder: Path, driver: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 400
    while not (folder / "out" / "provenance.json").exists() or not validations(folder):
        assert driver.poll() is None
        assert time.monotonic() < deadline, "the study does not get on"
        time.sleep(0.2)


def validations(folder: Path) -> int:
    (cell,) = read_study(folder / "out").cells
    return sum(len(row.validations) for row in cell.search)


def test_a_study_whose_output_nobody_reads_stops_and_says_so(tmp_path: Path) -> None:
    driver = subprocess.Popen(
        command(tmp_path), cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert driver.stdout is not None
    try:
        assert b"0/2 trials" in driver.stdout.readline()
        wait_for_a_validation(tmp_path, driver)
        driver.stdout.close()  # as `head` does
        told = driver.communicate(timeout=600)[1].decode()
    finally:
        driver.kill()
        driver.wait()
    assert driver.returncode == 0, told
    assert told.startswith("Stopped (nobody reads its output) with 2 trials left; to go on: ")
    assert told.count("\n") == 1, "and nothing else"


def test_a_lost_connection_stops_a_study_cleanly(tmp_path: Path) -> None:
    ours, theirs = pty.openpty()
    driver = subprocess.Popen(
        ["setsid", "--ctty", *command(tmp_path)],  # as sshd starts it
        cwd=ROOT,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        # As sshd starts it: under nohup all that a shell starts would ignore it.
        preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_DFL),
    )
    os.close(theirs)
    seen = threading.Event()

    def look() -> None:
        """A screen that nobody reads would hold the study up once it is full."""
        while not seen.is_set():
            if select([ours], [], [], 0.1)[0]:
                os.read(ours, 1_000_000)

    watcher = threading.Thread(target=look)
    watcher.start()
    try:
        wait_for_a_validation(tmp_path, driver)
        seen.set()
        watcher.join()
        os.close(ours)
        assert driver.wait(timeout=600) == 0
    finally:
        seen.set()
        driver.kill()
        driver.wait()
    ended = (tmp_path / "out" / "log.jsonl").read_text().splitlines()[-1]
    assert '"generation ended"' in ended
    assert '"stopped by": "SIGHUP"' in ended
    assert validations(tmp_path)
    assert len(list((tmp_path / "out" / "checkpoints").glob("*[0-9].pt"))) == 2
