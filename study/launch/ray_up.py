"""A file for Ray's cluster launcher: hosts that ssh reaches."""

import re
from collections.abc import Sequence
from importlib.metadata import version

from study.errors import SpecError
from study.launch.printing import (
    Verbatim,
    check_path,
    comment,
    render,
    secret_names,
    shell,
    storage_note,
    yaml_scalar,
)
from study.spec import StudySpec

__all__ = ["check_hosts", "ray_up"]

HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._:-]*[A-Za-z0-9])?")


def check_hosts(text: str) -> list[str]:
    """Addresses from ``10.0.0.1,10.0.0.2``.

    Raises:
        ValueError: fewer than two, one twice, or something that is no host's name or address.
    """
    hosts = [host.strip() for host in text.split(",")]
    if len(hosts) < 2 or len(set(hosts)) < len(hosts) or not all(map(HOST.fullmatch, hosts)):
        raise ValueError(
            "must be two or more different host names or addresses with commas between them, the "
            f"head first, as in 10.0.0.1,10.0.0.2, not {text!r}"
        )
    return hosts


def ray_up(path: str, spec: StudySpec, hosts: Sequence[str]) -> str:
    """YAML for ``ray up`` with the words that start the study.

    Args:
        path: the spec, as the user named it.
        spec: the same, loaded.
        hosts: from ``check_hosts``; the first is the head, where the driver runs.

    Raises:
        SpecError: the path cannot stand in a file, or the spec's directory is not absolute.
    """
    if spec.directory is None or not spec.directory.is_absolute():
        raise SpecError(
            "A submitted job runs in a copy of this folder, which Ray deletes: the spec's "
            "directory must be absolute, on a file system that all hosts share, but it is "
            f"{'not given' if spec.directory is None else spec.directory}."
        )
    data = None if spec.data_root else spec.directory.parent / "data"
    secrets = secret_names(spec)
    return render(
        "ray-up.yaml",
        yaml_scalar,
        {
            "title": Verbatim(spec.name),
            "path": Verbatim(check_path(path)),
            "word": Verbatim(shell(path)),
            "directory": Verbatim(check_path(str(spec.directory))),
            "data": Verbatim(shell(data) if data else ""),
            "name": spec.name,
            "ray": Verbatim(version("ray")),
            "secrets": secrets,
            "names": Verbatim(", ".join(secrets)),
            "workers": len(hosts) - 1,
            "head": hosts[0],
            "hosts": list(hosts[1:]),
            "note": comment(storage_note(spec)),
        },
    )
