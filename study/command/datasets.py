"""What ``aucstudy list`` says of data sets, without reading any."""

import inspect
import re
from collections.abc import Callable, Iterator
from typing import Any

from rich.console import RenderableType
from rich.text import Text

from study.command.tables import text_table
from study.spec.model import default_data_root
from study.words import setting
from trainables.datasets import (
    ABOUT,
    DATASETS,
)
from trainables.datasets.sets.about import About
from trainables.options import options_of

__all__ = ["NEEDED", "dataset_data", "dataset_details", "datasets_table", "meanings"]

GENERAL = {
    "positives": "classes that count as positive, by id or name",
    "negatives": "classes that count as negative; images of the others are left out",
    "labels": "labels to train, of a set with several",
}
"""Options of every data set (``trainables.datasets.options.GENERAL``)."""

NEEDED = inspect.Parameter.empty
"""In place of a default."""


def datasets_table(title: str, entries: list[dict[str, Any]]) -> RenderableType:
    """A line a data set, from its "name", "summary" and ``dataset_data``."""
    columns = ("name", "what it is", "options", "needs", "found")
    rows = [
        (each["name"], each["summary"], ", ".join(each["options"]), each["needs"], _found(each))
        for each in entries
    ]
    return text_table(f"{title}, looked for below {default_data_root()}", columns, rows)


def dataset_data(name: str) -> dict[str, Any]:
    """What can be said of one of ``DATASETS`` by the names of files alone.

    Returns:
        "needs": its files, in words; "found": their folder below the data root, or None;
        "classes", "positives" (by default) and "labels": names, [] where only the files tell them;
        "options": name to default, None where there is none.
    """
    about = ABOUT.get(name, About(name))
    place = about.place(default_data_root()) if about.files else None
    return {
        "needs": about.needs if name in ABOUT else "a path of your own",
        "found": None if place is None else str(place),
        "classes": list(about.classes),
        "positives": _positives(about),
        "labels": list(about.labels),
        "options": {
            option: None if each.default is NEEDED else each.default
            for option, each in options_of(DATASETS[name]).items()
        },
    }


def dataset_details(entry: dict[str, Any]) -> Iterator[RenderableType]:
    """All of a data set, from its "name", "text" and ``dataset_data``."""
    yield Text(f"{entry['name']}: {entry['text']}")
    found = f"; found in {entry['found']}" if entry["found"] else ""
    yield Text(f"Needs {entry['needs']}{found}.")
    if entry["classes"]:
        classes = ", ".join(f"{id_}: {name!r}" for id_, name in enumerate(entry["classes"]))
        positives = ", ".join(map(repr, entry["positives"]))
        yield Text(f"Classes {classes}. Positive by default: {positives}.")
    if entry["labels"]:
        yield Text(f"Labels {', '.join(map(repr, entry['labels']))}.")
    known = GENERAL | meanings(DATASETS[entry["name"]])
    own = {
        name: "needed" if each.default is NEEDED else setting(each.default)
        for name, each in options_of(DATASETS[entry["name"]]).items()
    }
    defaults = own | {name: setting(None) for name in GENERAL if name not in own}
    rows = [(name, default, known.get(name, "")) for name, default in defaults.items()]
    yield text_table("", ("option", "default", "meaning"), rows)


def _found(entry: dict[str, Any]) -> str:
    return "yes" if entry["found"] else "no" if ABOUT.get(entry["name"], About("")).files else ""


def _positives(about: About) -> list[str]:
    """As ``trainables.datasets.choice.sides`` has them."""
    every = range(len(about.classes))
    ids = every[len(every) // 2 :] if about.positives is None else about.positives
    return [about.classes[each] for each in ids]


def meanings(maker: Callable[..., Any]) -> dict[str, str]:
    """What the docstring of a reader or builder says under "Args:", by parameter."""
    _, _, section = (inspect.getdoc(maker) or "").partition("\nArgs:\n")
    section = re.split(r"\n\n", section, maxsplit=1)[0]
    found = re.findall(r"^    (\w+(?:, \w+)*): (.*(?:\n        .*)*)", section, re.MULTILINE)
    return {name: " ".join(text.split()) for names, text in found for name in names.split(", ")}
