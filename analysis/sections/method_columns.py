"""Tables with a column a method, in parts where there are many."""

from collections.abc import Mapping, Sequence

import pandas as pd

from analysis import labels
from analysis.columns import Row
from analysis.read.traces import Trace, trace
from analysis.write.blocks import Table, TableCell, TableColumn

__all__ = ["MAX_METHODS", "Line", "measured_cell", "method_tables"]

MAX_METHODS = 6
"""Methods side by side; more of them go into further tables."""

Line = tuple[Sequence[TableCell], Mapping[str, TableCell]]
"""The cells that head a row, and by method those that follow."""


def method_tables(
    name: str,
    caption: str,
    heads: Sequence[TableColumn],
    lines: Sequence[Line],
    methods: Sequence[str],
    data: pd.DataFrame,
) -> list[Table]:
    """One table, or several of at most ``MAX_METHODS`` methods each.

    Args:
        name: of the table; of several, with a number behind it.
        caption: of each.
        heads: columns that head a row.
        lines: the rows.
        methods: in order.
        data: what the files hold; it has a column method.
    """
    parts = [methods[i : i + MAX_METHODS] for i in range(0, len(methods), MAX_METHODS)]
    return [
        Table(
            name if len(parts) == 1 else f"{name}-{number}",
            caption,
            [*heads, *(TableColumn(method, True) for method in part)],
            [
                [*own, *(cells.get(method, TableCell(labels.MISSING)) for method in part)]
                for own, cells in lines
            ],
            data[data["method"].isin(part)],
        )
        for number, part in enumerate(parts, start=1)
    ]


def measured_cell(row: Row) -> TableCell:
    """Mean with its interval, from a row with cell, rows, mean, low, high and, perhaps, marks."""
    mark = "best" if row.get("best") else "near" if row.get("near") else ""
    low, high = row["low"], row["high"]
    note = labels.interval(low, high, "{:.3f}".format) if low <= high else ""
    title: Trace = trace(row["cell"], "confirm", row["rows"])
    return TableCell(labels.auroc(row["mean"]), row["mean"], title, mark, note)
