"""What the printed files share: templates, quoting, notes and the names of secrets."""

import json
import shlex
import textwrap
from collections.abc import Callable, Mapping
from importlib.resources import files

from jinja2 import Environment, StrictUndefined

from study.database_url import VARIABLE
from study.errors import SpecError
from study.spec import StudySpec

__all__ = [
    "Verbatim",
    "check_path",
    "comment",
    "render",
    "secret_names",
    "shell",
    "storage_note",
    "yaml_scalar",
]


class Verbatim(str):
    """A text that goes into a template as it is, unquoted."""


Value = str | int | list[str]


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
    return (
        [Verbatim(""), *(Verbatim(f" {line}") for line in textwrap.wrap(text, 96))] if text else []
    )


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
        quote: makes a value harmless where it stands; ``Verbatim`` is not asked.
        values: by the template's names.
    """
    environment = Environment(
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,
        finalize=lambda value: value if isinstance(value, Verbatim) else quote(value),
    )
    text = files("study.launch").joinpath("templates", template).read_text(encoding="utf-8")
    return environment.from_string(text).render(values)
