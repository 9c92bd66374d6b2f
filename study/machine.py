"""Where trials run: on the cluster that RAY_ADDRESS names, or on this machine with what it has."""

import os
from typing import TYPE_CHECKING

from trainables.host_memory import memory

if TYPE_CHECKING:
    from study.spec.model import Resources

__all__ = ["cluster_address", "cores", "fits", "memory"]


def cluster_address() -> str | None:
    """What ``RAY_ADDRESS`` says; None if it is not set or empty: trials run on this machine."""
    return os.environ.get("RAY_ADDRESS") or None


def cores() -> int:
    """CPU cores that this process may use, at least 1.

    A container, a batch job or ``taskset`` may leave fewer than the machine has; a part of a core
    counts as one. Ray by itself counts half a core as none, so it is told this number.
    """
    from joblib import cpu_count

    return int(cpu_count())


def fits(resources: "Resources", cpus: float, gpus: float) -> int:
    """Trials that run side by side on one node with so many CPUs and GPUs; 0 if not one.

    None spans two nodes, nor does a share of a GPU span two GPUs.
    """
    trials = int(cpus / resources.cpus + 1e-9)
    if resources.gpus >= 1:
        return min(trials, int(gpus) // int(resources.gpus))
    return min(trials, int(gpus) * int(1 / resources.gpus + 1e-9)) if resources.gpus else trials
