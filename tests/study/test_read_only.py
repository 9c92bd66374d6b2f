"""A study that lies where nothing can be written is read all the same."""

import os
import sqlite3
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from study.ledger.storage import reading_url, storage_url
from tests.study.hosts import why_no_hosts

ROOT = Path(__file__).parents[2]
BEFORE = Path(__file__).parent / "data" / "before-inner.tar.xz"
READ_ONLY = 'mount --bind "$0" "$0" && mount -o remount,ro,bind "$0" && exec "$@"'


@pytest.fixture
def directory(tmp_path: Path) -> Iterator[Path]:
    """A study that was finished, under a name that a URL cannot hold as it is."""
    folder = tmp_path / "archive 100 %7e ü?#"
    folder.mkdir()
    with tarfile.open(BEFORE) as archive:
        archive.extractall(folder, filter="data")
    (found,) = (file.parent for file in folder.rglob("study.db"))
    yield found
    found.chmod(0o755)


def aucstudy(directory: Path, *words: str) -> str:
    """What the command says to the directory, in which nothing can be written."""
    command = [sys.executable, "-m", "study", *words]
    if os.geteuid() == 0:  # whom no mode of a folder keeps from writing
        if why := why_no_hosts():
            pytest.skip(why)
        command = ["unshare", "--mount", "bash", "-c", READ_ONLY, str(directory), *command]
    else:
        directory.chmod(0o555)
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    return done.stdout + done.stderr


def test_a_read_only_study_is_reported_and_exported_elsewhere(
    directory: Path, tmp_path: Path
) -> None:
    there = sorted(directory.rglob("*"))
    reported, exported = tmp_path / "reported", tmp_path / "exported"
    told = aucstudy(directory, "report", str(directory), "--out", str(reported))
    assert told == f"Report: {reported / 'report.html'}\n"
    told = aucstudy(directory, "export", str(directory), "--out", str(exported))
    assert told == f"Frames: {exported}\n"
    assert (reported / "report.html").exists()
    assert (exported / "trials.csv").exists()
    told = aucstudy(directory, "report", str(directory))
    assert "Read-only" in told or "Permission denied" in told
    assert "name another with --out" in told
    assert sorted(directory.rglob("*")) == there


def test_what_a_living_driver_has_not_moved_into_the_file_is_read_too(directory: Path) -> None:
    driver = sqlite3.connect(directory / "study.db")
    try:
        driver.execute("PRAGMA journal_mode=WAL")
        driver.execute("UPDATE trial_values SET value = 0.1234")
        driver.commit()
        assert "0.1234" in aucstudy(directory, "status", str(directory))
    finally:
        driver.close()


def test_where_something_can_be_written_the_url_stays(directory: Path) -> None:
    url = storage_url(directory, None)
    assert reading_url(url) == url
