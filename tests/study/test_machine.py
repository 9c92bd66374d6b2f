"""What this machine has, counted in containers of our own: files that say so are put there."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from study.machine import cores, fits, memory
from study.spec import Resources
from tests.study.hosts import why_no_hosts

ROOT = Path(__file__).parents[2]
COUNT = "from study.machine import cores, memory; print(cores(), memory())"


def in_a_container(limits: dict[str, str], *words: str) -> str:
    """What Python prints there, where files of /sys/fs/cgroup say ``limits``."""
    if why := why_no_hosts():
        pytest.skip(why)
    lines = ["set -e", "mount -t tmpfs tmpfs /sys/fs/cgroup"]
    for name, limit in limits.items():
        lines += [f"mkdir -p $(dirname /sys/fs/cgroup/{name})"]
        lines += [f"echo {shlex.quote(limit)} > /sys/fs/cgroup/{name}"]
    lines += [f"exec {shlex.join([sys.executable, *words])}"]
    done = subprocess.run(
        ["unshare", "--mount", "bash", "-c", "\n".join(lines)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout + done.stderr


@pytest.mark.parametrize(
    ("limits", "counted"),
    [
        ({"cpu.max": "50000 100000", "memory.max": "2000000000"}, (1, 2_000_000_000)),
        ({"cpu.max": "max 100000", "memory.max": "max"}, (cores(), memory())),
        (
            {
                "cpu/cpu.cfs_quota_us": "100000",
                "cpu/cpu.cfs_period_us": "100000",
                "memory/memory.limit_in_bytes": "3000000000",
            },
            (1, 3_000_000_000),
        ),
    ],
)
def test_a_container_has_what_its_control_group_leaves_it(
    limits: dict[str, str], counted: tuple[int, int]
) -> None:
    assert tuple(map(int, in_a_container(limits, "-c", COUNT).split())) == counted


def test_cores_are_those_that_the_process_may_use() -> None:
    one = min(os.sched_getaffinity(0))
    code = f"import os; os.sched_setaffinity(0, {{{one}}}); {COUNT}"
    counted = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert counted.stdout.split()[0] == "1"


def small(folder: Path, cpus: float) -> list[str]:
    """Words that run one trial of two epochs, which takes so many cores."""
    spec = {
        "name": "small",
        "methods": ["ce"],
        "tasks": [{"dataset": "digits", "model": "mlp", "epochs": 2}],
        "imratios": [0.1],
        "search": {"trials": 1},
        "confirm": {"seeds": 0},
        "resources": {"cpus": cpus},
        "directory": str(folder / "out"),
    }
    file = folder / "study.yaml"
    file.write_text(yaml.safe_dump(spec))
    return ["-m", "study", "run", str(file)]


HALF = {"cpu.max": "50000 100000"}


def test_a_container_of_half_a_core_runs_one_trial_at_a_time(tmp_path: Path) -> None:
    assert "1/1 trials" in in_a_container(HALF, *small(tmp_path, cpus=1))


@pytest.mark.parametrize(
    ("limits", "told"),
    [
        (HALF, "resources.cpus: .* 2 is more than the 1 that this process may use"),
        ({"memory.max": "300000000"}, "more than 1 GB of memory, .* may use 0.3 GB"),
    ],
)
def test_what_a_container_can_never_hold_is_refused(
    tmp_path: Path, limits: dict[str, str], told: str
) -> None:
    assert re.search(told, in_a_container(limits, *small(tmp_path, cpus=2)))
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("resources", "cpus", "gpus", "trials"),
    [
        ({"cpus": 2}, 1, 0, 0),
        ({"cpus": 0.1}, 1, 0, 10),
        ({"cpus": 1, "gpus": 0.4}, 16, 2, 4),  # two on each GPU, not five on two
        ({"cpus": 1, "gpus": 2}, 16, 3, 1),
        ({"cpus": 1, "gpus": 1}, 16, 0, 0),
        ({"cpus": 4, "gpus": 0.1}, 8, 1, 2),
    ],
)
def test_trials_that_fit_on_a_node(
    resources: dict[str, float], cpus: float, gpus: float, trials: int
) -> None:
    assert fits(Resources.model_validate(resources), cpus, gpus) == trials
