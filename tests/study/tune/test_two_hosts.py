"""A run on two hosts of our own that do not share the study's directory."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.study.hosts import Host, hosts, why_no_hosts

pytestmark = [pytest.mark.ray, pytest.mark.whole, pytest.mark.timeout(900)]

ROOT = Path(__file__).parents[3]
RAY = str(Path(sys.executable).parent / "ray")

SPEC: dict[str, Any] = {
    "name": "s",
    "methods": ["ce"],
    "tasks": [{"dataset": "digits", "model": "mlp", "epochs": 2}],
    "imratios": [0.1],
    "search": {"trials": 2},
}
ENVIRONMENT = {
    "PATH": os.environ["PATH"],
    "HOME": os.environ["HOME"],
    "PYTHONPATH": str(ROOT),
    "RAY_AUTH_MODE": "token",
    "RAY_AUTH_TOKEN": "0123456789abcdef" * 4,
    "RAY_USAGE_STATS_ENABLED": "0",
}


def on(host: Host, *command: str, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        host.words(command),
        env=ENVIRONMENT | env,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )


def test_a_directory_that_a_host_does_not_see_is_refused(tmp_path: Path) -> None:
    if why := why_no_hosts():
        pytest.skip(why)
    directory = tmp_path / "local" / "s"
    directory.parent.mkdir()
    spec = tmp_path / "study.yaml"
    spec.write_text(yaml.safe_dump({**SPEC, "directory": str(directory)}))
    with hosts(tmp_path) as (first, second):
        # A disk of its own, under the same path.
        assert on(second, "mount", "-t", "tmpfs", "tmpfs", str(directory.parent)).returncode == 0
        node = ("--num-cpus=1", "--object-store-memory=100000000")
        head = on(first, RAY, "start", "--head", "--node-ip-address=10.77.0.1", *node)
        assert head.returncode == 0, head.stderr
        worker = on(second, RAY, "start", "--address=10.77.0.1:6379", *node)
        assert worker.returncode == 0, worker.stderr
        address = "10.77.0.1:6379"
        done = on(first, sys.executable, "-m", "study", "run", str(spec), RAY_ADDRESS=address)
    assert done.returncode == 2, done.stdout + done.stderr
    assert f"{directory}, but node1 does not see it" in done.stderr
    assert "Traceback" not in done.stderr
    assert not list(directory.glob(".seen-*"))
