"""What ``aucstudy list`` shows: our own methods, data sets, models and presets."""

import inspect
import re
from collections.abc import Callable, Iterator
from typing import Any

from rich.console import RenderableType
from rich.text import Text

from search_spaces import SPACES
from study.command.datasets import dataset_data, dataset_details, datasets_table
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
from study.spec.space import space_entry
from study.spec.text import did_you_mean, preset_text
from study.words import searched
from trainables.datasets import (
    DATASETS,
)
from trainables.hyperparameters import Hyperparameter, hyperparameters
from trainables.methods import METHODS
from trainables.models import LIBRARIES, MODELS, builder

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
        else:
            rows = [(entry["name"], entry["summary"]) for entry in entries]
            yield text_table(KINDS[each], ("name", "what it is"), rows)
    yield Text("`aucstudy list NAME` shows all of one.")


def overview_data(kind: str | None) -> dict[str, list[dict[str, Any]]]:
    """By kind: {"name", "summary"} of each; ``kind``: of one alone. Of a data set, all of it."""
    return {
        each: [
            {"name": name, "summary": _first(summary(name))}
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
        if "hyperparameters" in found:
            columns = ("hyperparameter", "default", "allowed", "searched", "meaning", "source")
            known = hyperparameters(METHODS[name]).values()
            yield text_table(f"{name}: {found['text']}", columns, [_row(name, h) for h in known])
        elif found["kind"] == "datasets":
            yield from dataset_details(found)
        elif found["kind"] == "models":
            yield from model_details(found)
        else:
            yield Text(found["text"] if found["kind"] == "presets" else f"{name}: {found['text']}")


def details_data(name: str, images: Images) -> list[dict[str, Any]]:
    """{"name", "kind", "text"} of whatever is called ``name``, and of all but presets the rest.

    Args:
        name: of what ``overview_data`` has, or of a library's network.
        images: for which a network is counted.

    Raises:
        SpecError: nothing is.
        UnknownNameError: the library has none of that name, or is not installed.
    """
    kinds = [kind for kind, (names, _) in _KINDS.items() if name in names()]
    if name.partition(":")[0] in LIBRARIES:
        kinds = ["models"]
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
        | ({"hyperparameters": _hyperparameters(name)} if kind == "methods" else {})
        | (dataset_data(name) if kind == "datasets" else {})
        | (model_data(name, images) if kind == "models" else {})
        for kind in kinds
    ]


def _hyperparameters(method: str) -> list[dict[str, Any]]:
    space = SPACES[method]
    return [
        {
            "name": known.name,
            "default": known.default,
            "allowed": known.domain,
            "searched": space_entry(space[known.name].distribution)
            if known.name in space
            else None,
            "meaning": known.help,
            "unit": known.unit,
            "source": known.source,
        }
        for known in hyperparameters(METHODS[method]).values()
    ]


def _row(method: str, known: Hyperparameter) -> tuple[str, ...]:
    space = SPACES[method]
    tuned = known.name in space
    where = searched(space_entry(space[known.name].distribution)) if tuned else "fixed"
    meaning = f"{known.help} [{known.unit}]" if known.unit else known.help
    return known.name, _value(known.default), known.domain, where, meaning, known.source


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


def _value(value: object) -> str:
    if value is None or isinstance(value, bool):
        return "null" if value is None else str(value).lower()
    return f"{value:g}" if isinstance(value, float) else str(value)


_KINDS: dict[str, tuple[Callable[[], list[str]], Callable[[str], str]]] = {
    "methods": (lambda: list(METHODS), lambda name: _summary(METHODS[name])),
    "datasets": (lambda: list(DATASETS), lambda name: _summary(DATASETS[name])),
    "models": (lambda: list(MODELS), _model),
    "presets": (lambda: list(preset_names()), _head),
}
"""By kind: its names, and what each is in words."""
