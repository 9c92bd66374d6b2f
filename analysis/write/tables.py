"""The report's tables as files: CSV in full precision, Markdown and LaTeX as shown."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pandas as pd

from analysis.files import remove_others, write_text
from analysis.labels import params_text
from analysis.write.blocks import Table
from analysis.write.latex import latex
from analysis.write.markdown import table as markdown

__all__ = ["NUMBERS", "csv", "numbers", "write_tables"]

NUMBERS = "numbers"
"""Name of the table of all numbers and the trials behind them."""


def write_tables(tables: Iterable[Table], folder: Path) -> None:
    """Write ``<name>.csv``, ``.md`` and ``.tex`` for each table, and ``numbers.csv``.

    Files of those kinds that an earlier report left in ``folder`` are removed.
    """
    tables = list(tables)
    forms: dict[str, Callable[[Table], str]] = {
        ".csv": lambda table: csv(table.data),
        ".md": markdown,
        ".tex": latex,
    }
    texts = {
        folder / (table.name + suffix): form(table)
        for table in tables
        for suffix, form in forms.items()
    }
    texts[folder / f"{NUMBERS}.csv"] = csv(numbers(tables))
    for path, text in texts.items():
        write_text(path, text)
    remove_others(folder, forms, texts)


def csv(data: pd.DataFrame) -> str:
    """CSV in full precision; several values in one field are joined by semicolons."""
    return str(data.map(_field).to_csv(index=False))


def numbers(tables: Iterable[Table]) -> pd.DataFrame:
    """Every number that stands in a table and is traced, with the trials behind it.

    Returns:
        One row a number: table, row (what heads its row), column, shown (text), trials (ids
        drawn together: ``<cell>/<phase>/0-4,7`` are rows 0 to 4 and 7; parts end with ";").
    """
    rows = [
        (table.name, line[0].text, label, line[column].text, tuple(trace.packed.splitlines()))
        for table in tables
        for row, line in enumerate(table.rows)
        for column, label in enumerate(table.full_labels)
        if (trace := table.trace(row, column))
    ]
    return pd.DataFrame(rows, columns=["table", "row", "column", "shown", "trials"])


def _field(value: Any) -> Any:
    if isinstance(value, dict):
        return params_text(value)
    return ";".join(map(str, value)) if isinstance(value, tuple) else value
