"""What the files for all platforms share: sizes of nodes, secrets, and quoting."""

import json
import math
import re
import shlex
import textwrap
from collections.abc import Callable, Mapping
from importlib.resources import files

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

from study.errors import SpecError
from study.spec import Resources, StudySpec

__all__ = [
    "check_path",
    "comment",
    "node_cpus",
    "node_gpus",
    "render",
    "secret_names",
    "shell",
    "storage_note",
    "worker_cpus",
    "yaml_scalar",
]

VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")

Value = str | int | list[str]


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


def secret_names(spec: StudySpec) -> list[str]:
    """Environment variables that the spec's storage names, as in ``${AUCSTUDY_STORAGE}``."""
    return list(dict.fromkeys(VARIABLE.findall(spec.storage or "")))


def storage_note(spec: StudySpec) -> str | None:
    """What to know before several hosts use the spec's storage; None if it is a server."""
    if spec.storage is not None and not spec.storage.startswith("sqlite"):
        return None
    return (
        "The ledger is SQLite, which several hosts must not keep on a network file system (NFS, "
        "Lustre, CephFS ...): the run would refuse it. Set storage: ${AUCSTUDY_STORAGE} in the "
        "spec; AUCSTUDY_STORAGE is to hold postgresql+psycopg://user:password@host/database."
    )


def comment(text: str | None) -> list[str]:
    """Lines for a comment, after an empty one; none for no text. The text is ours, not quoted."""
    return [Markup(""), *(Markup(f" {line}") for line in textwrap.wrap(text, 96))] if text else []


def check_path(spec: str) -> str:
    """``spec`` itself, if it can stand in a file's comments.

    Raises:
        SpecError: it holds line breaks or other characters that cannot be printed.
    """
    if not spec.isprintable():
        raise SpecError(
            f"A launch file names the spec, so its path must hold printable characters only, but "
            f"it is {spec!r}: rename it."
        )
    return spec


def shell(value: object) -> str:
    """One word of a POSIX shell."""
    return shlex.quote(str(value))


def yaml_scalar(value: object) -> str:
    """A YAML scalar: a JSON string in double quotes, or a number."""
    return json.dumps(value, ensure_ascii=False)


def render(template: str, quote: Callable[[object], str], values: Mapping[str, Value]) -> str:
    """A template of this package with its values, every one of which goes through ``quote``.

    Args:
        template: the file's name in templates/.
        quote: makes a value harmless where it stands; ``Markup`` passes as it is.
        values: by the template's names.
    """
    environment = Environment(
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,
        finalize=lambda value: value if isinstance(value, Markup) else quote(value),
    )
    text = files("study.launch").joinpath("templates", template).read_text(encoding="utf-8")
    return environment.from_string(text).render(values)
