"""Where trials run: on the cluster that RAY_ADDRESS names, or on this machine with what it has."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

if TYPE_CHECKING:
    from study.spec.model import Resources

__all__ = ["cluster_address", "cores", "fits", "memory"]

MEMORY_LIMITS = ("memory.max", "memory/memory.limit_in_bytes")
"""Of control groups 2 and 1, where Ray looks, too."""


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


def memory() -> int:
    """Bytes that this machine, or the container around this process, has in all."""
    limits = [psutil.virtual_memory().total]
    for name in MEMORY_LIMITS:
        file = Path("/sys/fs/cgroup") / name
        limit = file.read_text().strip() if file.is_file() else ""
        limits += [int(limit)] if limit.isdecimal() else []  # "max": no limit
    return min(limits)


def fits(resources: "Resources", cpus: float, gpus: float) -> int:
    """Trials that run side by side on one node with so many CPUs and GPUs; 0 if not one.

    None spans two nodes, nor does a share of a GPU span two GPUs.
    """
    trials = int(cpus / resources.cpus + 1e-9)
    if resources.gpus >= 1:
        return min(trials, int(gpus) // int(resources.gpus))
    return min(trials, int(gpus) * int(1 / resources.gpus + 1e-9)) if resources.gpus else trials
