"""What ``aucstudy list`` shows: our own methods, data sets, models and presets."""

import inspect
import re
from collections.abc import Callable, Iterator
from typing import Any

from rich.console import RenderableType
from rich.text import Text

from study.command.datasets import dataset_data, dataset_details, datasets_table
from study.command.methods import (
    hyperparameters_data,
    method_data,
    method_details,
    methods_tables,
)
from study.command.models import (
    MEASURED,
    Images,
    extras,
    model_data,
    model_details,
    models_tables,
    names_of,
)
from study.command.tables import text_table
from study.errors import SpecError
from study.spec import preset_names
from study.spec.own_method import flaws
from study.spec.text import did_you_mean, preset_text
from trainables.datasets import (
    DATASETS,
)
from trainables.methods import METHODS
from trainables.models import LIBRARIES, MODELS, builder
from trainables.names import resolve

__all__ = [
    "KINDS",
    "details",
    "details_data",
    "models",
    "models_data",
    "overview",
    "overview_data",
]

KINDS = {
    "methods": "Methods",
    "datasets": "Data sets",
    "models": "Models",
    "presets": "Presets",
}
"""What can be listed, by the word for it: its heading."""


def overview(kind: str | None) -> Iterator[RenderableType]:
    """A table a kind (``KINDS``), or of one alone, with a line a name."""
    for each, entries in overview_data(kind).items():
        if each == "datasets":
            yield datasets_table(KINDS[each], entries)
        elif each == "methods":
            yield from methods_tables(KINDS[each], entries)
        else:
            rows = [(entry["name"], entry["summary"]) for entry in entries]
            yield text_table(KINDS[each], ("name", "what it is"), rows)
    yield Text("`aucstudy list NAME` shows all of one.")


def overview_data(kind: str | None) -> dict[str, list[dict[str, Any]]]:
    """By kind: {"name", "summary"} of each; ``kind``: of one alone. Of a data set all of it, of a
    method all but its hyperparameters.
    """
    return {
        each: [
            {"name": name, "summary": _first(summary(name))}
            | (method_data(name) if each == "methods" else {})
            | (dataset_data(name) if each == "datasets" else {})
            for name in names()
        ]
        for each, (names, summary) in _KINDS.items()
        if kind in (None, each)
    }


def models(pattern: str | None, images: Images) -> Iterator[RenderableType]:
    """A table of networks with their sizes; see ``models_data``."""
    found = models_data(pattern, images)
    yield from models_tables(KINDS["models"], found["models"], found["extras"])
    yield Text("`aucstudy list NAME` shows all of one.")


def models_data(pattern: str | None, images: Images) -> dict[str, list[dict[str, Any]]]:
    """ "models": {"name", "summary"} of each whose name matches, and ``model_data``; "extras".

    Raises:
        SpecError: no name matches.
        UnknownNameError: they are of a library that is not installed.
    """
    names = names_of(pattern)
    counted = len(names) <= max(MEASURED, len(MODELS))
    return {
        "models": [
            {"name": name, "summary": _first(_model(name))}
            | model_data(name, images, counted=counted)
            for name in names
        ],
        "extras": extras(),
    }


def details(name: str, images: Images) -> Iterator[RenderableType]:
    """All that is known of what is called ``name``.

    Raises:
        SpecError: nothing is.
    """
    for found in details_data(name, images):
        if found["kind"] == "methods":
            yield from method_details(found)
        elif found["kind"] == "datasets":
            yield from dataset_details(found)
        elif found["kind"] == "models":
            yield from model_details(found)
        else:
            yield Text(found["text"] if found["kind"] == "presets" else f"{name}: {found['text']}")


def details_data(name: str, images: Images) -> list[dict[str, Any]]:
    """{"name", "kind", "text"} of whatever is called ``name``, and of all but presets the rest.

    Args:
        name: of what ``overview_data`` has, of a library's network or of a method of one's own.
        images: for which a network is counted.

    Raises:
        SpecError: nothing is.
        UnknownNameError: the library has none of that name, or is not installed; or there is no
            such method.
    """
    kinds = [kind for kind, (names, _) in _KINDS.items() if name in names()]
    if name.partition(":")[0] in LIBRARIES:
        kinds = ["models"]
    elif ":" in name:
        kinds = ["methods"]
        for flaw in flaws(resolve("method", METHODS, name)):
            raise SpecError(f"The method {name} {flaw}.")
    if not kinds:
        every = [known for names, _ in _KINDS.values() for known in names()]
        raise SpecError(
            f"`aucstudy list` takes {', '.join(KINDS)} or a name that it shows, not {name!r}"
            f"{did_you_mean(name, every)}."
        )
    return [
        {
            "name": name,
            "kind": kind,
            "text": preset_text(name) if kind == "presets" else _KINDS[kind][1](name),
        }
        | (
            method_data(name) | {"hyperparameters": hyperparameters_data(name)}
            if kind == "methods"
            else {}
        )
        | (dataset_data(name) if kind == "datasets" else {})
        | (model_data(name, images) if kind == "models" else {})
        for kind in kinds
    ]


def _summary(found: Any) -> str:
    """The first paragraph of a docstring; of a partial, that of the function inside."""
    paragraph = (inspect.getdoc(getattr(found, "func", found)) or "").partition("\n\n")[0]
    return " ".join(paragraph.split())


def _model(name: str) -> str:
    return _summary(builder(name))


def _head(name: str) -> str:
    """The comment that a preset begins with."""
    lines = preset_text(name).splitlines()
    comment = lines[: next(i for i, line in enumerate(lines) if not line.startswith("#"))]
    return " ".join(line.removeprefix("#").strip() for line in comment)


def _first(text: str) -> str:
    """The first sentence."""
    return re.split(r"(?<!et al\.)(?<=\.) ", text, maxsplit=1)[0]


_KINDS: dict[str, tuple[Callable[[], list[str]], Callable[[str], str]]] = {
    "methods": (lambda: list(METHODS), lambda name: _summary(resolve("method", METHODS, name))),
    "datasets": (lambda: list(DATASETS), lambda name: _summary(DATASETS[name])),
    "models": (lambda: list(MODELS), _model),
    "presets": (lambda: list(preset_names()), _head),
}
"""By kind: its names, and what each is in words."""
