"""What is wrong with a spec, each as one sentence that names the place."""

import re
import reprlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ValidationError

from study.errors import SpecError
from study.spec.entries import Choices, Grid, Span
from study.spec.evaluation import Evaluation
from study.spec.model import Confirm, Profile, Resources, Search, StudySpec, Task, Variant
from study.spec.text import Document, did_you_mean

__all__ = ["Problem", "problems_of", "spec_error"]

Path = tuple[str | int, ...]


@dataclass(frozen=True)
class Problem:
    """``path``: keys and indices down to the place; ``sentence``: what is wrong with it there."""

    path: Path
    sentence: str


def spec_error(document: Document, problems: Iterable[Problem]) -> SpecError:
    """One error for all problems, one line each."""
    return SpecError("\n".join(_line(document, problem) for problem in problems))


def _line(document: Document, problem: Problem) -> str:
    line = document.line(problem.path)
    where = f"{document.title}, line {line}" if line else document.title
    dotted = _dotted(problem.path)
    return f"{where}: {dotted + ': ' if dotted else ''}{problem.sentence.rstrip('.')}."


def _dotted(path: Sequence[str | int]) -> str:
    words = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path)
    return words.removeprefix(".")


def problems_of(error: ValidationError) -> list[Problem]:
    """Pydantic's findings as our sentences."""
    problems: dict[Path, Problem] = {}
    for found in error.errors(include_url=False):
        path = _plain_path(found["loc"])
        if found["type"] != "default_factory_not_called" and path not in problems:
            problems[path] = Problem(path, _sentence(found, path))
    return list(problems.values())


def _plain_path(loc: tuple[str | int, ...]) -> Path:
    # space.<method>.<name> is a union, for which pydantic adds a tag and a type to the place.
    if len(loc) > 3 and loc[0] == "space":
        return (*loc[:3], *(loc[4:] if loc[3] != "value" else ()))
    if len(loc) > 3 and loc[:2] == ("profile", "values"):
        return (*loc[:3], *(loc[4:5]))
    if len(loc) > 4 and loc[0] == "methods" and loc[2] == "set":
        return loc[:4]
    return loc


def _sentence(found: Any, path: Path) -> str:
    kind, arrived = found["type"], _arrived(found["input"], path)
    if kind == "extra_forbidden":
        allowed = list(_model_at(found["loc"][:-1]).model_fields)
        hint = did_you_mean(str(path[-1]), allowed)
        return f"is not a known key{hint}: allowed here are {', '.join(allowed)}"
    if kind == "missing":
        return "is missing, and it is needed"
    if kind == "value_error":
        message = str(found["ctx"]["error"])
        return message if isinstance(found["input"], dict) else f"{message}, not {arrived}"
    if path[:1] == ("space",) and len(path) == 3:
        return f"must be a value, {{low: ..., high: ...}} or {{choices: [...]}}, not {arrived}"
    rule = _RULES.get(kind)
    return f"{rule(found.get('ctx', {})) if rule else found['msg']}, not {arrived}"


def _arrived(value: object, path: Path) -> str:
    """The value as a message may show it: without a password."""
    if path == ("storage",) and isinstance(value, str):
        from study.database_url import masked

        value = masked(value)
    return reprlib.repr(value)


def _lower(found: re.Match[str]) -> str:
    return found.group().lower()


_RULES: dict[str, Callable[[dict[str, Any]], str]] = {
    "bool_parsing": lambda _: "must be true or false",
    "bool_type": lambda _: "must be true or false",
    "dict_type": lambda _: "must be a mapping (key: value)",
    "finite_number": lambda _: "must be a finite number",
    "float_parsing": lambda _: "must be a number",
    "float_type": lambda _: "must be a number",
    "greater_than": lambda ctx: f"must be above {ctx['gt']:g}",
    "greater_than_equal": lambda ctx: f"must be at least {ctx['ge']:g}",
    "int_from_float": lambda _: "must be a whole number",
    "int_parsing": lambda _: "must be a whole number",
    "int_type": lambda _: "must be a whole number",
    "less_than_equal": lambda ctx: f"must be at most {ctx['le']:g}",
    "list_type": lambda _: "must be a list, such as [a, b]",
    "literal_error": lambda ctx: f"must be {re.sub('True|False', _lower, ctx['expected'])}",
    "model_type": lambda _: "must be a mapping (key: value)",
    "path_type": lambda _: "must be a path",
    "string_type": lambda _: "must be text (in quotes, if YAML reads it as something else)",
    "too_short": lambda _: "must not be empty",
}

_SECTIONS: dict[str | int, type[BaseModel]] = {
    "methods": Variant,
    "search": Search,
    "confirm": Confirm,
    "profile": Profile,
    "grid": Grid,
    "resources": Resources,
    "evaluation": Evaluation,
    "tasks": Task,
    "span": Span,
    "choices": Choices,
}


def _model_at(loc: Path) -> type[BaseModel]:
    """What stands at pydantic's place: a section, a task in a list, or the tag of a space entry."""
    named = [step for step in loc if not isinstance(step, int)]
    return _SECTIONS[named[-1]] if named else StudySpec
