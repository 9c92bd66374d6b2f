"""What ``aucstudy list`` shows: our own methods, data sets, models and presets."""

import inspect
from collections.abc import Callable, Iterator
from typing import Any

from rich.console import RenderableType

from search_spaces import SPACES
from study.command.tables import text_table
from study.spec import preset_names
from study.spec.space import space_entry
from study.spec.text import preset_text
from study.words import searched
from trainables.datasets import DATASETS
from trainables.hyperparameters import Hyperparameter, hyperparameters
from trainables.methods import METHODS
from trainables.models import MODELS

__all__ = ["LISTINGS"]


def _methods() -> Iterator[RenderableType]:
    columns = ("hyperparameter", "default", "allowed", "searched", "meaning", "source")
    for method, found in METHODS.items():
        known = hyperparameters(found).values()
        yield text_table(f"{method}: {_summary(found)}", columns, [_row(method, h) for h in known])


def _row(method: str, known: Hyperparameter) -> tuple[str, ...]:
    space = SPACES[method]
    tuned = known.name in space
    where = searched(space_entry(space[known.name].distribution)) if tuned else "fixed"
    meaning = f"{known.help} [{known.unit}]" if known.unit else known.help
    return known.name, _value(known.default), known.domain, where, meaning, known.source


def _datasets() -> Iterator[RenderableType]:
    rows = [(name, _summary(reader)) for name, reader in DATASETS.items()]
    yield text_table("Data sets", ("name", "what it is"), rows)


def _models() -> Iterator[RenderableType]:
    rows = [(name, _summary(builder)) for name, builder in MODELS.items()]
    yield text_table("Models", ("name", "what it is"), rows)


def _presets() -> Iterator[RenderableType]:
    rows = [(name, _head(preset_text(name))) for name in preset_names()]
    yield text_table("Presets", ("name", "what it is"), rows)


def _summary(found: Any) -> str:
    """The first paragraph of a docstring; of a partial, that of the function inside."""
    paragraph = (inspect.getdoc(getattr(found, "func", found)) or "").partition("\n\n")[0]
    return " ".join(paragraph.split())


def _head(yaml: str) -> str:
    """The comment that a preset begins with."""
    lines = yaml.splitlines()
    comment = lines[: next(i for i, line in enumerate(lines) if not line.startswith("#"))]
    return " ".join(line.removeprefix("#").strip() for line in comment)


def _value(value: object) -> str:
    if value is None or isinstance(value, bool):
        return "null" if value is None else str(value).lower()
    return f"{value:g}" if isinstance(value, float) else str(value)


LISTINGS: dict[str, Callable[[], Iterator[RenderableType]]] = {
    "methods": _methods,
    "datasets": _datasets,
    "models": _models,
    "presets": _presets,
}
