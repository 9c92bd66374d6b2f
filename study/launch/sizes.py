"""How big a node must be."""

import math

from study.errors import SpecError
from study.spec import Resources

__all__ = ["node_cpus", "node_gpus", "worker_cpus"]


def node_cpus(resources: Resources, trials: int) -> int:
    """CPU cores of a node that runs so many trials side by side."""
    return math.ceil(trials * resources.cpus)


def node_gpus(resources: Resources, trials: int) -> int:
    """GPUs of a node that runs so many trials side by side; shares of one GPU do not span two."""
    if resources.gpus == 0:
        return 0
    if resources.gpus >= 1:
        return math.ceil(trials * resources.gpus)
    return math.ceil(trials / math.floor(1 / resources.gpus + 1e-9))


def worker_cpus(resources: Resources, wanted: int | None) -> int:
    """CPUs of a worker on this machine: as ``wanted``; None: those of one trial.

    Raises:
        SpecError: no trial would ever fit on a worker.
    """
    if resources.gpus:
        raise SpecError(
            f"The nodes of a cluster on one machine have no GPUs, but a trial of this study takes "
            f"{resources.gpus:g}: set resources.gpus to 0, or use aucstudy run."
        )
    least = math.ceil(resources.cpus)
    if wanted is not None and wanted < least:
        raise SpecError(
            f"A node must hold a trial, which takes {resources.cpus:g} CPUs here (resources.cpus), "
            f"but --cpus-per-node is {wanted}: raise it."
        )
    return wanted or least
