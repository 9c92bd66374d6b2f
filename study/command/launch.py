"""The commands ``aucstudy launch ...``. Each imports what it needs itself."""

import os
import signal
import sys
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from study.spec import StudySpec

__all__ = ["launch"]

Spec = Annotated[
    str, typer.Argument(metavar="SPEC", help="A YAML file, a preset, or a study's directory.")
]
Nodes = Annotated[int, typer.Option(min=1, help="Nodes; the first also runs the driver.")]
Workers = Annotated[int, typer.Option(min=1, help="Nodes beside that of the driver.")]
Trials = Annotated[int, typer.Option(min=1, help="Trials side by side on each node.")]

launch = typer.Typer(
    no_args_is_help=True,
    help="Print what a platform needs to run SPEC, or start nodes on this machine.",
)


@launch.command()
def slurm(
    spec: Spec,
    nodes: Nodes = 2,
    trials_per_node: Trials = 4,
    partition: Annotated[str | None, typer.Option(help="As sbatch takes it.")] = None,
    account: Annotated[str | None, typer.Option(help="As sbatch takes it.")] = None,
    limit: Annotated[
        str | None, typer.Option("--time", help="Of a job, which then goes on in the next: 1-0.")
    ] = None,
    gpus_per_node: Annotated[
        str | None, typer.Option(help="Such as 4 or a100:4; default: what the trials take.")
    ] = None,
    constraint: Annotated[str | None, typer.Option(help="As sbatch takes it.")] = None,
    mps: Annotated[
        bool,
        typer.Option("--mps", help="Start CUDA MPS on every node: its trials share GPUs."),
    ] = False,
) -> None:
    """Print a script for sbatch; what is not said of the queue stands there to be edited."""
    from study.launch.slurm import Queue
    from study.launch.slurm import slurm as script

    study = _load(spec)
    queue = Queue(partition, account, limit, gpus_per_node, constraint)
    _print(script(spec, study, nodes, trials_per_node, queue, mps=mps), study, hosts=nodes)


@launch.command()
def kuberay(
    spec: Spec,
    image: Annotated[
        str, typer.Option(help="A container image with aucstudy and ray[default].", metavar="IMAGE")
    ],
    workers: Workers = 2,
    trials_per_worker: Trials = 4,
) -> None:
    """Print a RayJob for kubectl apply (Kubernetes with the KubeRay operator)."""
    from study.launch.kuberay import kuberay as manifest

    study = _load(spec)
    _print(manifest(spec, study, workers, trials_per_worker, image), study, hosts=1 + workers)


@launch.command("ray-up")
def ray_up(
    spec: Spec,
    hosts: Annotated[
        str, typer.Option(metavar="HEAD,HOST,...", help="Names or addresses, the head's first.")
    ],
) -> None:
    """Print a file for ray up (hosts that ssh reaches) and how to submit the study."""
    from study.launch.ray_up import check_hosts
    from study.launch.ray_up import ray_up as manifest

    try:
        names = check_hosts(hosts)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--hosts") from None
    study = _load(spec)
    _print(manifest(spec, study, names), study, hosts=len(names))


@launch.command("local-cluster")
def local_cluster(
    spec: Spec,
    workers: Workers = 2,
    cpus_per_node: Annotated[
        int | None,
        typer.Option(min=1, help="CPUs that each worker claims to have; default: one trial's."),
    ] = None,
) -> None:
    """Run SPEC on a head and workers that start on this machine, and stop with the study.

    The head has no CPUs: trials run on the workers.
    """
    from study.command.run import run
    from study.launch.sizes import worker_cpus

    cpus = worker_cpus(_load(spec).resources, cpus_per_node)
    # Outside of the run itself SIGTERM must not leave the nodes' folder behind.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    os.environ.pop("RAY_ADDRESS", None)  # another cluster's
    from study.launch.local_cluster import LocalCluster

    with LocalCluster(workers, cpus) as cluster:
        os.environ.update(cluster.environment)
        run(spec)


def _load(spec: str) -> "StudySpec":
    from study.spec import load_spec

    return load_spec(spec)


def _print(text: str, study: "StudySpec", hosts: int) -> None:
    from study.launch.printing import storage_note

    typer.echo(text, nl=False)
    if hosts > 1 and (note := storage_note(study)):
        typer.echo(note, err=True)
