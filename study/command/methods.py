"""What ``aucstudy list`` says of methods: by family, what each takes, costs and keeps."""

import re
from collections.abc import Iterator
from typing import Any

from rich.console import RenderableType
from rich.text import Text

from study.command.tables import text_table
from study.errors import SpecError
from study.plan.steps import passes_and_numbers
from study.spec.space import default_space, space_entry
from study.words import searched
from trainables.errors import in_one_line
from trainables.hyperparameters import hyperparameters
from trainables.method import Method
from trainables.methods import METHODS
from trainables.names import resolve

__all__ = ["hyperparameters_data", "method_data", "method_details", "methods_tables"]

TARGETS = ("binary", "multi-label", "classes")
"""In the order in which they are shown."""


def method_data(name: str) -> dict[str, Any]:
    """What is so of a method at its defaults.

    Args:
        name: of ``METHODS``, or ``package.module:object``.

    Returns:
        "family" and "source", as the class says them; "targets": which it takes; "soft_labels":
        these may lie between 0 and 1; "passes": images forward and backward a step, by those of a
        batch; "state": numbers that it keeps of each training image and label; "budget": the unit
        in which equal budgets are equal costs beside CE, whose steps have one pass.

    Raises:
        SpecError: a method of one's own fails in a step.
    """
    method = _method(name)
    try:
        taken, kept = passes_and_numbers(method())
    except Exception as error:
        raise SpecError(
            f"Every method must be able to train a step; {name} fails in one with "
            f"{in_one_line(error)}."
        ) from error
    return {
        "family": method.FAMILY,
        "source": method.SOURCE,
        "targets": [each for each in TARGETS if each in method.TARGETS],
        "soft_labels": method.SOFT,
        "passes": taken,
        "state": kept,
        "budget": "epochs" if taken == 1 else "gradient_evaluations",
    }


def hyperparameters_data(name: str) -> list[dict[str, Any]]:
    """Each hyperparameter of a method, and where it is searched."""
    space = default_space(name)
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
        for known in hyperparameters(_method(name)).values()
    ]


def methods_tables(title: str, entries: list[dict[str, Any]]) -> Iterator[RenderableType]:
    """Methods by family, from their "name", "summary" and ``method_data``."""
    columns = ("name", "what it is", ">passes", ">state", "targets", "soft")
    table = text_table(title, columns, ())
    for family in dict.fromkeys(each["family"] for each in entries):
        table.add_section()
        table.add_row("", Text(family, style="bold"))
        for each in entries:
            if each["family"] == family:
                targets = "\n".join(each["targets"])
                row = (each["name"], _what(each), *_counts(each), targets, _soft(each))
                table.add_row(*row)
    yield table
    yield Text(
        "passes: images forward and backward a step, by those of a batch. Methods that differ in "
        "them have equal budgets by `budget: gradient_evaluations`; where all have 1, `epochs` is "
        "the same. state: numbers kept of each training image and label. soft: labels may lie "
        "between 0 and 1. All at the methods' defaults."
    )


def method_details(entry: dict[str, Any]) -> Iterator[RenderableType]:
    """All of a method, from its "name", "text", "hyperparameters" and ``method_data``."""
    yield Text(f"{entry['name']}: {entry['text']}")
    yield Text(f"Family: {entry['family']}. Source: {entry['source'] or 'none'}.")
    passes_, state = _counts(entry)
    yield Text(
        f"Targets: {', '.join(entry['targets'])}; labels between 0 and 1: {_soft(entry)}. "
        f"Passes a step: {passes_}. Numbers kept of each image and label: {state or 'none'}. "
        f"Its trials cost as much as those of ce by `budget: {entry['budget']}`."
    )
    columns = ("hyperparameter", "default", "allowed", "searched", "meaning", "source")
    yield text_table("", columns, map(_row, entry["hyperparameters"]))


def _method(name: str) -> type[Method]:
    return resolve("method", METHODS, name)


def _what(entry: dict[str, Any]) -> Text:
    """The summary, and below it the source without what stands in brackets."""
    source = re.sub(r" \([^)]*\)", "", entry["source"])
    return Text(entry["summary"]).append(f"\n{source}" if source else "", style="dim")


def _counts(entry: dict[str, Any]) -> tuple[str, str]:
    return f"{entry['passes']:g}", str(entry["state"] or "")


def _soft(entry: dict[str, Any]) -> str:
    return "yes" if entry["soft_labels"] else "no"


def _row(known: dict[str, Any]) -> tuple[str, ...]:
    where = searched(known["searched"]) if known["searched"] else "fixed"
    unit = f" [{known['unit']}]" if known["unit"] else ""
    default = _value(known["default"])
    return (
        *(known["name"], default, known["allowed"], where),
        *(f"{known['meaning']}{unit}", known["source"]),
    )


def _value(value: object) -> str:
    if value is None or isinstance(value, bool):
        return "null" if value is None else str(value).lower()
    return f"{value:g}" if isinstance(value, float) else str(value)
