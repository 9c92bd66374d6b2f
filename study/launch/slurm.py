"""A batch script for SLURM."""

import re
from dataclasses import dataclass, fields

from study.errors import SpecError
from study.launch.printing import (
    Verbatim,
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

__all__ = ["Queue", "slurm"]

WORD = re.compile(r"[\w.,:;&|*!()\[\]@/%+=-]+")
"""What an option of sbatch may be, one word: ``a100:4``, ``gpu&ib``, ``1-12:00:00``."""

TIME = re.compile(r"\d+(:\d+){0,2}|\d+-\d+(:\d+){0,2}|UNLIMITED|INFINITE", re.IGNORECASE)
"""Minutes (and seconds), hours:minutes:seconds, days-hours (and so on), or no limit."""


@dataclass(frozen=True)
class Queue:
    """Where and how long a job runs, as options of sbatch of these names; None: not said.

    Raises:
        SpecError: a value is no word, or no time.
    """

    partition: str | None = None
    account: str | None = None
    time: str | None = None
    gpus_per_node: str | None = None
    constraint: str | None = None

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if value is not None and not WORD.fullmatch(value):
                raise SpecError(
                    f"--{field.name.replace('_', '-')} must be one word, as sbatch takes it, not "
                    f"{value!r}."
                )
        if self.time is not None and not TIME.fullmatch(self.time):
            raise SpecError(
                "--time must be as sbatch takes it, such as 90 (minutes), 12:00:00 or 1-0 (a day), "
                f"not {self.time!r}."
            )

    @property
    def gpus(self) -> int | None:
        """GPUs of a node: 4 of ``4``, ``a100:4`` and ``gpu:a100:4``."""
        if self.gpus_per_node is None:
            return None
        count = self.gpus_per_node.rpartition(":")[2]
        if not count.isdecimal():
            raise SpecError(
                f"--gpus-per-node must end with a number, as 4 or a100:4 do, not "
                f"{self.gpus_per_node!r}."
            )
        return int(count)


def slurm(
    path: str,
    spec: StudySpec,
    nodes: int,
    trials_per_node: int,
    queue: Queue | None = None,
    *,
    mps: bool = False,
) -> str:
    """A script for ``sbatch`` that runs the study on ``nodes`` nodes and requeues itself.

    Args:
        path: the spec, as the user named it; seen by all nodes.
        spec: the same, loaded.
        nodes: at least 1; the first one also runs the driver.
        trials_per_node: trials side by side on each node, at least 1.
        queue: what is known of the queue; the rest stands there to be edited.
        mps: start CUDA MPS on every node first, and end it at the end.

    Raises:
        SpecError: the path cannot stand in a script, the GPUs are no number, or MPS is wanted and
            no trials share a GPU.
    """
    if mps and not 0 < spec.resources.gpus < 1:
        raise SpecError(
            f"--mps is for trials that share a GPU, and a trial of this study takes "
            f"{spec.resources.gpus:g}: set resources.gpus to a part of one, such as 0.25, or leave "
            "--mps out."
        )
    queue = queue or Queue()
    least = node_gpus(spec.resources, trials_per_node)
    gpus = least if queue.gpus is None else queue.gpus
    if gpus < least:
        raise SpecError(
            f"A node with {trials_per_node} trials side by side takes {least} GPUs "
            f"(resources.gpus is {spec.resources.gpus:g}), and --gpus-per-node is {gpus}: lower "
            "--trials-per-node, or ask for more."
        )
    asked = {
        "partition": queue.partition,
        "account": queue.account,
        **({"constraint": queue.constraint} if queue.constraint else {}),
    }
    lines: list[str] = [
        Verbatim(f"#SBATCH --{name}={shell(value)}" if value else f"##SBATCH --{name}=...")
        for name, value in asked.items()
    ]
    to_edit = [name for name, value in {"time": queue.time, **asked}.items() if value is None]
    return render(
        "slurm.sbatch",
        shell,
        {
            "name": spec.name,
            "spec": check_path(path),
            "nodes": nodes,
            "cpus": node_cpus(spec.resources, trials_per_node),
            "gpus": gpus,
            "gpus_per_node": queue.gpus_per_node or gpus,
            "time": queue.time or "",
            "asked": lines,
            "mps": int(mps),
            "to_edit": Verbatim(", ".join(to_edit)),
            "longest_tmpdir": LONGEST,
            "secrets": secret_names(spec),
            "note": comment(storage_note(spec) if nodes > 1 else None),
        },
    )
