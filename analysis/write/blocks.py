"""What a section is made of. Each kind names the template that shows it; text is plain text.

Whatever is a plain ``str`` is escaped when it is shown. Markup made with ``Markup.format``
escapes what it is given.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import ClassVar

import pandas as pd
import plotly.graph_objects as go

from analysis.read.traces import Trace

__all__ = [
    "Block",
    "Code",
    "Figure",
    "Heading",
    "Note",
    "Panels",
    "Prose",
    "Section",
    "Table",
    "TableCell",
    "TableColumn",
]


@dataclass(frozen=True)
class Prose:
    """A paragraph."""

    text: str
    template: ClassVar[str] = "blocks/prose.html"


@dataclass(frozen=True)
class Heading:
    """A heading below the section's own, with a swatch of ``colour`` ("#rrggbb") if given."""

    text: str
    colour: str | None = None
    template: ClassVar[str] = "blocks/heading.html"


@dataclass(frozen=True)
class Note:
    """Something that the reader must not miss.

    Attributes:
        items: one or more sentences.
    """

    items: Sequence[str]
    template: ClassVar[str] = "blocks/note.html"


@dataclass(frozen=True)
class Figure:
    """A figure with its caption.

    Attributes:
        name: unique in the report; letters, digits and hyphens.
        figure: as ``analysis.write.figures`` makes it.
        caption: what is drawn, how, over how many rows.
    """

    name: str
    figure: go.Figure
    caption: str
    template: ClassVar[str] = "blocks/figure.html"


@dataclass(frozen=True)
class Panels:
    """Small figures side by side, as many in a row as fit, under one caption.

    Attributes:
        name: as of a figure.
        panels: (title, figure), in order.
        caption: of all.
    """

    name: str
    panels: Sequence[tuple[str, go.Figure]]
    caption: str
    template: ClassVar[str] = "blocks/panels.html"


@dataclass(frozen=True)
class TableColumn:
    """A column of a table: its heading, whether it holds numbers, and a longer explanation."""

    label: str
    numeric: bool = False
    title: str = ""


@dataclass(frozen=True)
class TableCell:
    """A cell of a table.

    Attributes:
        text: what is shown.
        sort: what the column is sorted by: a number in numeric columns; None sorts last.
        title: shown on hover; a ``Trace`` makes the number open a panel with its trial ids.
        mark: "best", "near", "absent", "flag", "key" (a name, kept on
            one line if it is short), "row" (a name that heads its row) or "".
        note: small text after ``text``.
    """

    text: str
    sort: float | str | None = None
    title: str = ""
    mark: str = ""
    note: str = ""


@dataclass(frozen=True)
class Table:
    """A table, shown in the report and kept as CSV, Markdown and LaTeX beside it.

    Attributes:
        name: unique in the report; its file name.
        caption: what is shown.
        columns: headings.
        rows: cells, one for each column.
        data: the numbers behind it in full precision, with the trial rows they come from.
        groups: (label, columns spanned) above the headings; they span all columns.
        sources: where the numbers of each row come from, for cells whose title is no ``Trace``.
    """

    name: str
    caption: str
    columns: Sequence[TableColumn]
    rows: Sequence[Sequence[TableCell]]
    data: pd.DataFrame
    groups: Sequence[tuple[str, int]] = ()
    sources: Sequence[Trace | None] = ()
    template: ClassVar[str] = "blocks/table.html"

    def source(self, row: int) -> Trace | None:
        """Where the numbers of a row come from, if their cells do not say."""
        return self.sources[row] if self.sources else None

    def trace(self, row: int, column: int) -> Trace | None:
        """Where a number comes from; None for what is no number, or is not traced."""
        cell = self.rows[row][column]
        if isinstance(cell.title, Trace):
            return cell.title
        number = self.columns[column].numeric and cell.sort is not None
        return self.source(row) if number else None

    @property
    def full_labels(self) -> list[str]:
        """Each column's heading behind its group's."""
        groups = self.groups or [("", len(self.columns))]
        above = [label for label, span in groups for _ in range(span)]
        return [
            f"{group}, {column.label}" if group else column.label
            for group, column in zip(above, self.columns, strict=True)
        ]


@dataclass(frozen=True)
class Code:
    """Text as it stands in a file."""

    caption: str
    text: str
    template: ClassVar[str] = "blocks/code.html"


Block = Prose | Heading | Note | Figure | Panels | Table | Code


@dataclass(frozen=True)
class Section:
    """A section of the report.

    Attributes:
        key: anchor; letters, digits and hyphens.
        title: heading, and entry in the contents list.
        blocks: in order.
        finding: one phrase for the contents list, what the section found or that it found nothing
            ("1 failure", "nothing failed"); "" where it only shows.
        found: whether that is something that a reader should not miss: it stands out.
        folds: whether it is a chapter that folds; what does not stands before all that do.
    """

    key: str
    title: str
    blocks: Sequence[Block] = field(default_factory=tuple)
    finding: str = ""
    found: bool = False
    folds: bool = True

    def tables(self) -> Iterable[Table]:
        """The section's tables."""
        return (block for block in self.blocks if isinstance(block, Table))
