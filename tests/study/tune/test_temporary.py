"""Where Ray's sockets lie, and what is said if they cannot."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from study.errors import ClusterError
from study.tune.temporary import LONGEST, cramped, temporary_folder

ROOT = Path(__file__).parents[3]

BEGIN = """
import sys
from pathlib import Path
from study.errors import ClusterError
from study.tune.cluster import cluster
try:
    with cluster(Path(sys.argv[1]) / "ray.log"):
        import ray
        print("started in", ray.nodes()[0]["RayletSocketName"])
except ClusterError as error:
    print(error)
"""


def begun(directory: Path, **env: str) -> str:
    """What comes of a cluster on this machine in that environment."""
    clean = {k: v for k, v in os.environ.items() if k not in ("RAY_TMPDIR", "RAY_ADDRESS")}
    words = [sys.executable, "-c", BEGIN, str(directory)]
    return subprocess.check_output(words, cwd=ROOT, env=clean | env, text=True)


def test_ray_starts_where_tmpdir_is_too_long_for_its_sockets(tmp_path: Path) -> None:
    long = tmp_path / ("scratch" * 8)
    long.mkdir()
    told = begun(tmp_path, TMPDIR=str(long))
    assert told.startswith("started in /tmp/aucstudy-")
    folder = Path(told.removeprefix("started in ").partition("/ray/")[0])
    assert not folder.exists(), "it is gone in the end"
    assert not list(long.iterdir())


def test_what_ray_could_not_write_is_named(tmp_path: Path) -> None:
    told = begun(tmp_path, TMPDIR="/proc")
    assert told.startswith("Ray could not start on this machine (/proc has 0 MB left): [Errno ")
    assert f"More is in {tmp_path / 'ray.log'}." in told


def test_a_folder_leaves_room_for_the_longest_socket() -> None:
    session = "session_2026-01-31_23-59-59_999999_4194304"
    assert len("x" * LONGEST + f"/ray/{session}/sockets/plasma_store") == 107


def test_the_folder_is_the_one_that_ray_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    def folder() -> Path:
        with temporary_folder() as found:
            return found

    monkeypatch.delenv("RAY_TMPDIR", raising=False)
    monkeypatch.setenv("TMPDIR", "")
    assert folder() == Path("/tmp")
    monkeypatch.setenv("TMPDIR", "/var/tmp")
    assert folder() == Path("/var/tmp")
    monkeypatch.setenv("RAY_TMPDIR", "/scratch")
    assert folder() == Path("/scratch")
    monkeypatch.setenv("RAY_TMPDIR", "/" + "x" * LONGEST)
    with pytest.raises(ClusterError, match=r"RAY_TMPDIR must have at most 39 bytes.*has 40"):
        folder()


def test_places_without_room_are_named() -> None:
    assert cramped(Path("/proc/not/there")) == " (/proc has 0 MB left)"
    assert cramped(Path("/tmp")) == ""
