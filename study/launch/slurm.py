"""A batch script for SLURM."""

from study.launch.printing import (
    check_path,
    comment,
    render,
    secret_names,
    shell,
    storage_note,
)
from study.launch.sizes import node_cpus, node_gpus
from study.spec import StudySpec
from study.tune.temporary import LONGEST

__all__ = ["slurm"]


def slurm(path: str, spec: StudySpec, nodes: int, trials_per_node: int) -> str:
    """A script for ``sbatch`` that runs the study on ``nodes`` nodes and requeues itself.

    Args:
        path: the spec, as the user named it; seen by all nodes.
        spec: the same, loaded.
        nodes: at least 1; the first one also runs the driver.
        trials_per_node: trials side by side on each node, at least 1.

    Raises:
        SpecError: the path cannot stand in a script.
    """
    return render(
        "slurm.sbatch",
        shell,
        {
            "name": spec.name,
            "spec": check_path(path),
            "nodes": nodes,
            "cpus": node_cpus(spec.resources, trials_per_node),
            "gpus": node_gpus(spec.resources, trials_per_node),
            "longest_tmpdir": LONGEST,
            "secrets": secret_names(spec),
            "note": comment(storage_note(spec) if nodes > 1 else None),
        },
    )
