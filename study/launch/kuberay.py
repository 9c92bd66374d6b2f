"""A RayJob for Kubernetes with the KubeRay operator."""

import hashlib
import re
import textwrap
from importlib.metadata import version

from study.launch.printing import (
    Verbatim,
    check_path,
    comment,
    render,
    secret_names,
    storage_note,
    yaml_scalar,
)
from study.launch.sizes import node_cpus, node_gpus
from study.spec import StudySpec, dump

__all__ = ["kuberay"]

NAME_LENGTH = 40
"""The operator takes 47 characters for a RayJob."""


def kuberay(path: str, spec: StudySpec, workers: int, trials_per_worker: int, image: str) -> str:
    """A ConfigMap with the spec and a RayJob that runs it, for ``kubectl apply``.

    Args:
        path: the spec, as the user named it.
        spec: the same, loaded; it travels in the file, without secrets.
        workers: pods on which trials run, at least 1; the driver has a pod of its own.
        trials_per_worker: trials side by side on each of them, at least 1.
        image: with aucstudy and ray[default], of the same version of Ray as here.

    Raises:
        SpecError: the path cannot stand in a file.
    """
    secrets = secret_names(spec)
    name = _resource_name(spec.name)
    return render(
        "kuberay.yaml",
        yaml_scalar,
        {
            "title": Verbatim(spec.name),
            "path": Verbatim(check_path(path)),
            "label": Verbatim(name),
            "name": name,
            "spec": Verbatim(textwrap.indent(dump(spec), 4 * " ").strip()),
            "secret": f"{name}-storage",
            "secrets": secrets,
            "literals": Verbatim(" ".join(f'--from-literal={one}="${one}"' for one in secrets)),
            "image": image,
            "ray": version("ray"),
            "workers": workers,
            "cpus": node_cpus(spec.resources, trials_per_worker),
            "gpus": node_gpus(spec.resources, trials_per_worker),
            "memory": f"{4 * trials_per_worker}Gi",
            "note": comment(storage_note(spec)),
        },
    )


def _resource_name(name: str) -> str:
    """A study's name as a Kubernetes name (RFC 1035 label); other names give other results."""
    plain = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
    if not plain[:1].isalpha():
        plain = f"study-{plain}"
    if plain != name or len(plain) > NAME_LENGTH:
        mark = hashlib.sha256(name.encode()).hexdigest()[:6]
        plain = f"{plain[: NAME_LENGTH - 7].rstrip('-')}-{mark}"
    return plain
