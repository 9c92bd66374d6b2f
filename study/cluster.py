"""The Ray cluster that a study runs on: one of its own on this machine, or one that is there."""

import os
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

# Ray reads these when it is imported or started.
os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # no report to any server
os.environ.setdefault("RAY_CHDIR_TO_TRIAL_DIR", "0")  # relative paths mean what the user wrote
os.environ.setdefault("TUNE_DISABLE_AUTO_CALLBACK_LOGGERS", "1")  # 5 files instead of 1,005
os.environ.setdefault("TUNE_DISABLE_SIGINT_HANDLER", "1")  # see study.stop
os.environ.setdefault("TUNE_GLOBAL_CHECKPOINT_S", "3600")  # the ledger is the truth
os.environ.setdefault("TUNE_MAX_PENDING_TRIALS_PG", "1000000")  # the multiplexer limits itself
os.environ.setdefault("TUNE_RESULT_BUFFER_LENGTH", "2")  # above 1: see train_buffered
os.environ.setdefault("RAY_AIR_NEW_OUTPUT", "0")  # prints even if verbose is 0
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # two busy-waiting threads: 3 to 6 x slower
os.environ.setdefault("OMP_NUM_THREADS", "1")
if not os.environ.get("RAY_ADDRESS"):
    # All of Ray's ports on loopback; _node_ip_address="127.0.0.1" does not do it (2.60).
    os.environ.setdefault("RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER", "0")
    # A cluster of our own that dies is not waited for: the driver ends, and a new one goes on.
    os.environ.setdefault("RAY_gcs_rpc_server_reconnect_timeout_s", "5")

import ray

from study.quiet import quiet
from study.spec import Resources

__all__ = ["RAY_LOG", "Size", "cluster"]

RAY_LOG = "ray.log"
SIZE_SECONDS = 2.0
"""How old the known size of the cluster may be."""


@contextmanager
def cluster(directory: Path) -> Iterator[None]:
    """Connect to the cluster of ``RAY_ADDRESS``, or start one on this machine's loopback.

    What Ray prints goes to a file in ``directory``.
    """
    address = os.environ.get("RAY_ADDRESS")
    log = directory / RAY_LOG
    with quiet(log):
        if address:
            ray.init(address=address, log_to_driver=False)
        else:
            # Clusters want a token by default; a private one is as good as any for our own.
            os.environ.setdefault("RAY_AUTH_TOKEN", secrets.token_hex(32))
            with _group_of_its_own():
                ray.init(
                    include_dashboard=False, log_to_driver=False, object_store_memory=200_000_000
                )
    try:
        yield
    finally:
        with quiet(log):
            ray.shutdown()


class Size:
    """How many trials the cluster can run side by side; nodes may join and leave.

    Args:
        resources: of one trial.
    """

    def __init__(self, resources: Resources) -> None:
        self._wanted = (("CPU", resources.cpus), ("GPU", resources.gpus))
        self._asked = float("-inf")
        self._slots = 0

    def __call__(self) -> int:
        """Slots, at least 1; asked again when the answer is old."""
        if time.monotonic() - self._asked > SIZE_SECONDS:
            total = ray.cluster_resources()
            fits = [int(total.get(n, 0.0) / amount + 1e-9) for n, amount in self._wanted if amount]
            self._slots = max(1, min(fits))
            self._asked = time.monotonic()
        return self._slots


@contextmanager
def _group_of_its_own() -> Iterator[None]:
    """Processes started meanwhile stay together, outside this process's group.

    Ctrl-C in a terminal and `timeout` signal the whole group: Ray's processes must live on while
    the study finishes its intervals. If this process dies, the kernel ends them.
    """
    before = os.getpgid(0)
    try:
        os.setpgid(0, 0)
    except PermissionError:  # a session's leader has its group for good
        yield
        return
    try:
        yield
    finally:
        os.setpgid(0, before)
