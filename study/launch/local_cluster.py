"""A Ray cluster of several nodes on this machine's loopback: a head and workers."""

import os
import secrets
import shutil
import signal
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Self

from ray._private import ray_constants
from ray._private.node import Node
from ray._raylet import Config  # type: ignore[attr-defined]  # compiled
from ray.cluster_utils import Cluster

from study.tune.cluster import own_group

__all__ = ["LocalCluster"]

OBJECT_STORE_BYTES = 100_000_000
"""Of each node; Ray's own default takes 30 % of the machine's memory, for each."""


class LocalCluster:
    """A head without CPUs, on which the driver runs, and workers on which trials run.

    Every node is a raylet of its own, as on as many hosts; all listen on loopback only and want a
    token, which is in this process's environment alone. Leaving the ``with`` block stops the
    nodes; if this process dies, the kernel ends them (PR_SET_PDEATHSIG; on Linux), and what is left
    of them ends within a minute. Other clusters on this machine are left alone.

    Args:
        workers: nodes to begin with, beside the head.
        cpus: CPUs that each worker claims to have, whatever the machine has.
    """

    def __init__(self, workers: int, cpus: int = 1) -> None:
        self._workers = workers
        self._cpus = cpus
        self._before: dict[str, str | None] = {}
        self._folder = ""
        self._cluster: Cluster | None = None

    @property
    def environment(self) -> dict[str, str]:
        """Variables with which a driver finds the cluster and is let in."""
        assert self._cluster is not None, "only within the with block"
        names = ("RAY_AUTH_MODE", "RAY_AUTH_TOKEN", "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER")
        return {name: os.environ[name] for name in names} | {"RAY_ADDRESS": self._cluster.address}

    def __enter__(self) -> Self:
        # Ray keeps sockets here, whose paths may have 107 bytes.
        self._folder = tempfile.mkdtemp(prefix="aucstudy-", dir="/tmp")
        # All ports on loopback. Ray reads this when it is imported, which may be long ago.
        self._set("RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER", "0")
        ray_constants.ENABLE_RAY_CLUSTER = False
        # One token a process: Ray reads it once.
        os.environ.setdefault("RAY_AUTH_TOKEN", secrets.token_hex(32))
        self._set("RAY_AUTH_MODE", "token")
        Config.initialize("")
        # Also keeps the address out of the file where others look for "the" cluster.
        self._set("RAY_TMPDIR", self._folder)
        try:
            self._cluster = Cluster(shutdown_at_exit=True)
            self._add(0)
            for _ in range(self._workers):
                self.add_worker()
        except BaseException:
            self._stop()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stop()

    def add_worker(self, cpus: int | None = None) -> int:
        """Let one more node join; return the process id of its raylet. None: as the others are."""
        return self._add(self._cpus if cpus is None else cpus)

    def kill_worker(self, raylet: int) -> None:
        """SIGKILL a worker's raylet, as if its host lost power; its trials die with it."""
        assert self._cluster is not None, "only within the with block"
        for node in self._cluster.worker_nodes:
            process = _raylet(node)
            if process.pid == raylet:
                process.kill()
                process.wait()

    def _add(self, cpus: int) -> int:
        assert self._cluster is not None, "only within the with block"
        with own_group(), _own_sigterm():
            node = self._cluster.add_node(
                num_cpus=cpus,
                num_gpus=0,
                object_store_memory=OBJECT_STORE_BYTES,
                include_dashboard=False,
                dashboard_agent_listen_port=0,
                include_log_monitor=False,  # drivers do not ask for the output of workers
                no_monitor=True,  # it would start nodes by itself
            )
        return _raylet(node).pid

    def _stop(self) -> None:
        if self._cluster is not None:
            self._cluster.shutdown()
            self._cluster = None
        for name, value in self._before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
        shutil.rmtree(self._folder, ignore_errors=True)

    def _set(self, name: str, value: str) -> None:
        self._before[name] = os.environ.get(name)
        os.environ[name] = value


@contextmanager
def _own_sigterm() -> Iterator[None]:
    """Keep this process's way to take SIGTERM: Ray's would drain each node for up to 30 s."""
    before = signal.getsignal(signal.SIGTERM)
    try:
        yield
    finally:
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGTERM, before)


def _raylet(node: Node) -> subprocess.Popen[bytes]:
    process: subprocess.Popen[bytes] = node.all_processes[ray_constants.PROCESS_TYPE_RAYLET][
        0
    ].process
    return process
