"""The Ray cluster that a study runs on: one of its own on this machine, or one that is there."""

import os
import secrets
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

from study.machine import cluster_address, cores, fits

# Ray reads these when it is imported or started.
os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # no report to any server
os.environ.setdefault("RAY_CHDIR_TO_TRIAL_DIR", "0")  # relative paths mean what the user wrote
os.environ.setdefault("TUNE_DISABLE_AUTO_CALLBACK_LOGGERS", "1")  # 5 files instead of 1,005
os.environ.setdefault("TUNE_DISABLE_SIGINT_HANDLER", "1")  # see study.tune.stop
os.environ.setdefault("TUNE_GLOBAL_CHECKPOINT_S", "3600")  # the ledger is the truth
os.environ.setdefault("TUNE_MAX_PENDING_TRIALS_PG", "1000000")  # the multiplexer limits itself
os.environ.setdefault("TUNE_RESULT_BUFFER_LENGTH", "2")  # above 1: see train_buffered
os.environ.setdefault("RAY_AIR_NEW_OUTPUT", "0")  # prints even if verbose is 0
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # two busy-waiting threads: 3 to 6 x slower
os.environ.setdefault("OMP_NUM_THREADS", "1")
if cluster_address() is None:
    # All of Ray's ports on loopback; _node_ip_address="127.0.0.1" does not do it (2.60).
    os.environ.setdefault("RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER", "0")
    # A cluster of our own that dies is not waited for: the driver ends, and a new one goes on.
    os.environ.setdefault("RAY_gcs_rpc_server_reconnect_timeout_s", "5")

import ray
from ray.job_config import JobConfig

from study.errors import ClusterError
from study.spec import Resources
from study.tune.address import check_address
from study.tune.quiet import quiet
from study.tune.temporary import cramped, temporary_folder
from trainables.names import OWN_CODE, own_code

__all__ = ["Size", "cluster", "own_group"]

SIZE_SECONDS = 2.0
"""How old the known size of the cluster may be."""


@contextmanager
def cluster(log: Path) -> Iterator[None]:
    """Connect to the cluster of ``RAY_ADDRESS``, or start one on this machine's loopback.

    What Ray prints goes to ``log``.

    Raises:
        ClusterError: nothing answers at ``RAY_ADDRESS``, it wants another token, or Ray fails.
    """
    address = cluster_address()
    with nullcontext() if address else temporary_folder() as folder:
        with quiet(log):
            if address:
                check_address(address)
            try:
                _start(folder) if folder else _connect(address)
            except Exception as error:  # where a node does not start, Ray raises no more than that
                where = f"connect to the cluster at {address}"
                if folder:
                    where = f"start on this machine{cramped(folder)}"
                first = str(error).strip().splitlines()[0].rstrip(".")
                raise ClusterError(f"Ray could not {where}: {first}. More is in {log}.") from error
        try:
            yield
        finally:
            with quiet(log):
                ray.shutdown()


def _connect(address: str | None) -> None:
    # The workers of that cluster do not have this process's environment.
    variables = {name: os.environ[name] for name in ("OMP_NUM_THREADS", "OMP_WAIT_POLICY")}
    ray.init(
        address=address,
        job_config=_job(),
        log_to_driver=False,
        runtime_env={"env_vars": variables | {OWN_CODE: own_code()}},
    )


def _start(folder: Path) -> None:
    # Clusters want a token by default; a private one is as good as any for our own.
    os.environ.setdefault("RAY_AUTH_TOKEN", secrets.token_hex(32))
    with own_group():
        ray.init(
            address="local",  # not one that happens to run on this machine
            job_config=_job(),
            num_cpus=cores(),
            include_dashboard=False,
            log_to_driver=False,
            object_store_memory=200_000_000,
            _temp_dir=str(folder / "ray"),
        )


def _job() -> JobConfig:
    """Ray puts the working directory first on its workers' path, unless a driver is a client of
    elsewhere: a file there would shadow a library. In a checkout the program itself lies there.
    """
    return JobConfig(_client_job=Path.cwd() != Path(__file__).parents[2])


class Size:
    """How many trials the cluster can run side by side; nodes may join and leave.

    Args:
        resources: of one trial.
    """

    def __init__(self, resources: Resources) -> None:
        self._resources = resources
        self._asked = float("-inf")
        self._nodes: Counter[tuple[float, float]] = Counter()

    def __call__(self) -> int:
        """Slots, at least 1: a trial that waits is what makes a cluster grow."""
        return max(1, self._fit())

    def waits_for(self) -> str | None:
        """The node that is waited for, and those that are there; None if one of them will do."""
        if self._fit():
            return None
        shares = self._resources
        there = ", ".join(f"{n} x {_node(*node)}" for node, n in sorted(self._nodes.items()))
        return f"a node with {_node(shares.cpus, shares.gpus)} for one trial (there: {there})"

    def _fit(self) -> int:
        """Trials that the nodes hold; they are asked again when the answer is old."""
        if time.monotonic() - self._asked > SIZE_SECONDS:
            alive = [node["Resources"] for node in ray.nodes() if node["Alive"]]
            self._nodes = Counter((node.get("CPU", 0.0), node.get("GPU", 0.0)) for node in alive)
            self._asked = time.monotonic()
        return sum(n * fits(self._resources, *node) for node, n in self._nodes.items())


def _node(cpus: float, gpus: float) -> str:
    return f"{cpus:g} CPUs, {gpus:g} GPUs"


@contextmanager
def own_group() -> Iterator[None]:
    """Processes started meanwhile stay together, outside this process's group.

    Ctrl-C in a terminal and `timeout` signal the whole group: Ray's processes must live on while
    the study finishes its intervals. If this process dies, the kernel ends them.
    """
    if os.getsid(0) == os.getpid():  # a session's leader cannot leave its group
        yield
        return
    before = os.getpgid(0)
    # A group needs a process: one to begin the new one, and one to keep the old one meanwhile.
    with (
        subprocess.Popen(["cat"], stdin=subprocess.PIPE, process_group=0) as first,
        subprocess.Popen(["cat"], stdin=subprocess.PIPE),
    ):
        os.setpgid(0, first.pid)
        try:
            yield
        finally:
            os.setpgid(0, before)
