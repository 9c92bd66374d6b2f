"""What ``aucstudy data`` finds: images read once, counted by class or label, part and group."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.console import RenderableType
from rich.text import Text

from study.command.tables import text_table
from study.errors import SpecError
from study.spec.model import StudySpec, data_root
from trainables.errors import TrainableError, in_one_line

if TYPE_CHECKING:
    from torch import Tensor

    from trainables.datasets.source import Source

__all__ = ["Examined", "Table", "examined", "tables"]


@dataclass(frozen=True)
class Table:
    """Counts for people.

    Attributes:
        columns: headings; one that begins with ">" is over numbers.
        rows: as many texts each.
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Examined:
    """A data set, read.

    Attributes:
        name: as the spec has it, with its options.
        source: what its reader gave.
        counts: images by class or label, and by part.
        facts: sentences on sizes, patients, metadata and what could not be decoded.
    """

    name: str
    source: "Source"
    counts: Table
    facts: tuple[str, ...]


def examined(spec: StudySpec) -> Iterator[Examined]:
    """Each data set of ``spec``, one after the other.

    Raises:
        TrainableError: one is missing, or not as it must be.
        SpecError: a reader of the user's own fails.
    """
    from trainables.datasets.cache import read_source

    done = []
    for task in spec.tasks:
        if task.dataset in done:
            continue
        done.append(task.dataset)
        name, options = task.dataset.name, task.dataset.options
        try:
            source = read_source(name, data_root(spec), spec.download, options)
        except TrainableError as error:
            raise type(error)(f"{task.dataset.shown}: {error}") from error
        except Exception as error:
            raise SpecError(
                f"{name} cannot be read ({in_one_line(error)}): a reader takes (root, download) "
                "and gives a trainables.datasets.source.Source."
            ) from error
        yield Examined(task.dataset.shown, source, _counts(source), tuple(_facts(source)))


def tables(found: Examined) -> Iterator[RenderableType]:
    """What a terminal shows of it."""
    yield text_table(found.name, found.counts.columns, found.counts.rows)
    yield Text("\n".join(found.facts) + "\n")


def _parts(source: "Source") -> "dict[str, Tensor]":
    """Labels of the training part, of validation if the set has its own, and of the test."""
    own, labels = source.validation, source.train_labels
    if own is None:
        return {"train": labels, "test": source.test_labels}
    return {"train": labels[~own], "validation": labels[own], "test": source.test_labels}


def _counts(source: "Source") -> Table:
    parts = _parts(source).values()
    headings = tuple(f">{part}" for part in _parts(source))
    every = ("all", "", *(f"{len(part):,}" for part in parts))
    if source.labels:
        rows = [
            (name, value, *(f"{int(test(part[:, column]).sum()):,}" for part in parts))
            for column, name in enumerate(source.labels)
            for value, test in (
                ("positive", lambda label: label == 1),
                ("negative", lambda label: label == 0),
                ("uncertain", lambda label: (label > 0) & (label < 1)),
                ("missing", lambda label: label.isnan()),
            )
        ]
        return Table(("label", "", *headings), (*_met(rows), every))
    from trainables.datasets.choice import names, sides
    from trainables.datasets.source import LEFT_OUT

    positives = sides(source)[1]
    rows = [
        (
            name,
            "positive" if name in positives else "negative",
            *(f"{int((part == number).sum()):,}" for part in parts),
        )
        for number, name in enumerate(names(source))
    ]
    left = ("left out", "", *(f"{int((part == LEFT_OUT).sum()):,}" for part in parts))
    return Table(("class", "", *headings), (*rows, *_met([left]), every))


def _met(rows: list[tuple[str, ...]]) -> list[tuple[str, ...]]:
    """Those that are not 0 everywhere."""
    return [row for row in rows if {*row[2:]} != {"0"}]


def _facts(source: "Source") -> Iterator[str]:
    channels, *size = source.train_images.shape[1:]
    total = source.train_images.nbytes + source.test_images.nbytes
    kind = {1: "grey", 3: "colour"}.get(channels, f"{channels} channels")
    yield f"Images: {'x'.join(map(str, size))} pixels, {kind}, {total / 1e6:,.1f} MB in all."
    if source.validation is None:
        yield (
            f"Validation: {float(source.validation_share):.3g} of the training images, drawn anew "
            "for every data seed."
        )
    if source.train_groups is not None and source.test_groups is not None:
        groups = [len(each.unique()) for each in (source.train_groups, source.test_groups)]
        yield f"Groups: {groups[0]:,} in training and validation, {groups[1]:,} in the test."
    if source.train_metadata is not None:
        yield f"Metadata: {', '.join(_column(*each) for each in _columns(source))}."
    yield f"Files: {len(source.files):,}."
    yield from source.notes


def _columns(source: "Source") -> "Iterator[tuple[str, int, int]]":
    """Name, and how many of how many training images have it."""
    from trainables.datasets.cut.columns import is_missing

    if source.train_metadata is not None:
        for name, column in source.train_metadata.columns.items():
            yield name, int((~is_missing(column)).sum()), len(column)


def _column(name: str, known: int, images: int) -> str:
    return name if known == images else f"{name} (known of {known:,} of {images:,} images)"
