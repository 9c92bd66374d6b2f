"""Studies on clusters of several nodes, for real: raylets of their own on this machine."""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
import ray
import yaml
from sqlalchemy import URL

from study.launch.local_cluster import LocalCluster
from study.reader import read_study
from study.records import StudyRecord
from study.spec import Resources
from study.tune.cluster import Size
from study.tune.nodes import check_nodes, hosts, strangers
from tests.study.drivers import assert_exactly_planned

pytestmark = [pytest.mark.ray, pytest.mark.whole, pytest.mark.timeout(900)]

ROOT = Path(__file__).parents[3]
MARKS = "tests.study.marking:Marks"

OWN = """
from trainables.methods.ce import CE


class Mine(CE):
    SPACE = {}
"""

SPEC: dict[str, Any] = {
    "name": "s",
    "seed": 3,
    "methods": [MARKS, "ce"],
    "tasks": [{"dataset": "digits", "model": "mlp", "epochs": 4, "batch_size": 64}],
    "imratios": [0.1],
    "search": {"trials": 5, "sampler": "random", "pruner": "none"},
    "confirm": {"seeds": 2},
}


def start(
    folder: Path, spec: dict[str, Any], *words: str, cwd: str = str(ROOT), **env: str
) -> subprocess.Popen[bytes]:
    """``aucstudy WORDS... study.yaml`` in ``cwd``, printing to driver.log."""
    file = folder / "study.yaml"
    file.write_text(yaml.safe_dump({**spec, "directory": str(folder / "out")}))
    with (folder / "driver.log").open("ab") as log:
        return subprocess.Popen(
            [sys.executable, "-m", "study", *words, str(file)],
            cwd=cwd,
            env=os.environ | env,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )


def study_of(folder: Path) -> StudyRecord | None:
    ready = (folder / "out" / "study.db").exists() and (folder / "out" / "provenance.json").exists()
    return read_study(folder / "out") if ready else None


def states(folder: Path, phase: str) -> list[str]:
    """States of the rows of a phase so far, in all cells."""
    study = study_of(folder)
    return [row.state for cell in study.cells for row in getattr(cell, phase)] if study else []


def wait_until(
    true: Callable[[], bool], driver: subprocess.Popen[bytes], folder: Path, what: str
) -> None:
    deadline = time.monotonic() + 400
    while not true():
        assert driver.poll() is None, (folder / "driver.log").read_text()
        assert time.monotonic() < deadline, f"{what}: {(folder / 'driver.log').read_text()}"
        time.sleep(0.1)


@pytest.fixture(scope="module")
def marks(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("marks")


@pytest.fixture(scope="module")
def cluster(marks: Path) -> Iterator[LocalCluster]:
    """A head and two workers of one CPU each, which know the folder of the marks."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AUCSTUDY_TEST_MARKS", str(marks))
        patch.setenv("PYTHONPATH", str(ROOT))
        with LocalCluster(workers=2) as running:
            yield running


@pytest.fixture
def connected(cluster: LocalCluster) -> Iterator[None]:
    """This process as a driver."""
    ray.init(address=cluster.environment["RAY_ADDRESS"], log_to_driver=False)
    yield
    ray.shutdown()


def test_trials_follow_nodes_that_join_and_die(
    cluster: LocalCluster, marks: Path, tmp_path: Path
) -> None:
    def at_work() -> set[int]:
        """Raylets on which a step was under way in the last second."""
        times = {mark.name: mark.stat().st_mtime for mark in marks.iterdir()}
        return {int(name) for name, at in times.items() if at > time.time() - 1 and name != "hold"}

    def in_flight() -> int:
        return states(tmp_path, "search").count("RUNNING")

    hold = marks / "hold"
    hold.touch()
    driver = start(tmp_path, SPEC, "run", **cluster.environment)
    # One row more than run waits for the first free worker.
    wait_until(lambda: len(at_work()) == 2 and in_flight() == 2 + 1, driver, tmp_path, "no two")
    two = at_work()
    third = cluster.add_worker()
    wait_until(lambda: at_work() == two | {third}, driver, tmp_path, "the new node does not work")
    wait_until(lambda: in_flight() == 3 + 1, driver, tmp_path, "none waits")
    dead = min(two)
    cluster.kill_worker(dead)
    wait_until(lambda: at_work() == {max(two), third}, driver, tmp_path, "not these two")
    last = (marks / str(dead)).stat().st_mtime
    hold.unlink()
    assert driver.wait(timeout=400) == 0, (tmp_path / "driver.log").read_text()
    assert (marks / str(dead)).stat().st_mtime == last, "the dead node works"
    assert all((marks / str(node)).stat().st_mtime > last for node in (max(two), third))

    study = study_of(tmp_path)
    assert study is not None
    assert_exactly_planned(study, trials=SPEC["search"]["trials"], seeds=2)
    assert not list((tmp_path / "out" / "checkpoints").glob("*"))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"RAY_AUTH_TOKEN": "0" * 64}, "RAY_AUTH_TOKEN"),
        ({"RAY_ADDRESS": "127.0.0.1:1"}, "127.0.0.1:1 gave"),
    ],
)
def test_a_cluster_that_cannot_be_reached_is_told_in_a_sentence(
    cluster: LocalCluster, tmp_path: Path, changes: dict[str, str], words: str
) -> None:
    driver = start(tmp_path, SPEC, "run", **cluster.environment | changes)
    driver.wait(timeout=200)
    told = (tmp_path / "driver.log").read_text()
    assert driver.returncode == 2, told
    assert words in told
    assert "Traceback" not in told


@pytest.mark.usefixtures("connected")
def test_slots_are_counted_node_by_node() -> None:
    # Two nodes of one CPU: 2 CPUs in all hold three shares of 0.6, but no node holds two.
    assert Size(Resources(cpus=0.6))() == 2
    assert Size(Resources(cpus=0.5))() == 4


@pytest.mark.usefixtures("connected")
def test_a_cluster_on_one_host_passes(tmp_path: Path) -> None:
    assert sum(node["Alive"] for node in ray.nodes()) == 3
    assert list(hosts(ray.nodes())) == [os.uname().nodename]
    check_nodes(tmp_path, URL.create("sqlite", database=str(tmp_path / "study.db")))


@pytest.mark.usefixtures("connected")
def test_nodes_that_do_not_see_the_directory_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    alive = [node["NodeID"] for node in ray.nodes() if node["Alive"]]
    nodes = {f"host{number}": node for number, node in enumerate(alive)}
    assert strangers(tmp_path, nodes) == {}
    # A path that means another folder in each process, as a local disk's does on each host.
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("study.tune.nodes.SEE_SECONDS", 0.5)
    blind = strangers(Path("/proc/self/cwd"), nodes)
    assert blind == dict.fromkeys(nodes, "does not see it")
    assert not list(tmp_path.iterdir()), "the marker is removed"


def test_a_study_waits_for_a_node_that_is_big_enough_and_says_so(
    cluster: LocalCluster, tmp_path: Path
) -> None:
    def status() -> str:
        words = [sys.executable, "-m", "study", "status", str(tmp_path / "out")]
        done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=True)
        return " ".join(done.stdout.split())

    # The user's own module lies where the driver stands, which the nodes do not.
    (tmp_path / "of_the_driver.py").write_text(OWN)
    small = {"methods": ["of_the_driver:Mine"], "search": {"trials": 0}, "confirm": {"seeds": 1}}
    spec = {**SPEC, **small, "resources": {"cpus": 2}}
    driver = start(tmp_path, spec, "run", cwd=str(tmp_path), **cluster.environment)
    wanted = "a node with 2 CPUs, 0 GPUs for one trial (there: 1 x 0 CPUs, 0 GPUs, "
    log = tmp_path / "driver.log"
    told = lambda: f"0/1 trials, waiting for {wanted}" in log.read_text()  # noqa: E731
    wait_until(told, driver, tmp_path, "it does not say what it waits for")
    assert f"It waits for {wanted}" in status()
    cluster.add_worker(cpus=2)
    assert driver.wait(timeout=400) == 0, log.read_text()
    assert states(tmp_path, "confirm") == ["COMPLETE"]
    assert "It waits" not in status()


def folder_of(family: list[psutil.Process]) -> Path:
    """Where Ray keeps the sockets of these processes."""
    raylet = next(process for process in family if process.name() == "raylet")
    found = re.search(r"/tmp/aucstudy-\w+", " ".join(raylet.cmdline()))
    assert found is not None
    return Path(found[0])


def test_local_cluster_takes_its_nodes_along(tmp_path: Path) -> None:
    words = ("launch", "local-cluster", "--workers", "2")
    spec = {**SPEC, "methods": ["ce"]}
    spec["tasks"] = [{**SPEC["tasks"][0], "epochs": 40, "intervals": 40}]

    driver = start(tmp_path, spec, *words)
    wait_until(lambda: "COMPLETE" in states(tmp_path, "search"), driver, tmp_path, "no trial")
    family = psutil.Process(driver.pid).children(recursive=True)
    names = {process: process.name() for process in family}
    assert list(names.values()).count("raylet") == 3
    left = folder_of(family)
    driver.kill()
    driver.wait(timeout=10)
    # Ray's agents want to tell the dead head first, and give up after a minute.
    nodes = [process for process in family if "Agent" not in names[process]]
    assert not psutil.wait_procs(nodes, timeout=30)[1]
    shutil.rmtree(left)

    driver = start(tmp_path, spec, *words)
    done = states(tmp_path, "search").count("COMPLETE")
    more = lambda: states(tmp_path, "search").count("COMPLETE") > done  # noqa: E731
    wait_until(more, driver, tmp_path, "no more trials")
    family = psutil.Process(driver.pid).children(recursive=True)
    folder = folder_of(family)
    assert folder.exists()
    os.killpg(driver.pid, signal.SIGINT)  # a terminal sends it to the whole group
    driver.wait(timeout=200)
    told = (tmp_path / "driver.log").read_text()
    assert driver.returncode == 0, told
    assert "to go on: aucstudy run" in told
    assert "Traceback" not in told
    assert not psutil.wait_procs(family, timeout=30)[1]
    assert not folder.exists()
