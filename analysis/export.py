"""Tables as files: CSV with full numbers and trial rows, Markdown as shown."""

import os
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pandas as pd

from analysis.blocks import Cell, Table
from analysis.labels import params_text

__all__ = ["csv", "markdown", "write_tables", "write_text"]


def write_tables(tables: Iterable[Table], folder: Path) -> None:
    """Write ``<name>.csv`` and ``<name>.md`` for each table.

    Files of those kinds that an earlier report left in ``folder`` and this one does not have
    are removed: they would contradict it.
    """
    written = set()
    for table in tables:
        for suffix, content in ((".csv", csv(table.data)), (".md", markdown(table))):
            path = folder / (table.name + suffix)
            write_text(path, content)
            written.add(path.name)
    for path in folder.glob("*"):
        if path.suffix in (".csv", ".md") and path.name not in written:
            path.unlink()


def csv(data: pd.DataFrame) -> str:
    """CSV in full precision; row numbers are joined by semicolons."""
    return str(data.map(_field).to_csv(index=False))


def _field(value: Any) -> Any:
    if isinstance(value, dict):
        return params_text(value)
    return ";".join(map(str, value)) if isinstance(value, tuple) else value


def markdown(table: Table) -> str:
    """A pipe table under its caption."""
    heads = _full_labels(table)
    rule = ["---:" if column.numeric else "---" for column in table.columns]
    lines = [heads, rule, *([_shown(cell) for cell in row] for row in table.rows)]
    body = "\n".join("| " + " | ".join(line) + " |" for line in lines)
    return f"{_plain(table.caption)}\n\n{body}\n"


def write_text(path: Path, content: str) -> None:
    """Write to a temporary name in the same folder, then rename."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            stream.write(content)
        Path(temporary).chmod(0o644)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def _full_labels(table: Table) -> list[str]:
    above = [label for label, span in table.groups for _ in range(span)] or [""] * len(
        table.columns
    )
    return [
        _plain(f"{group}, {column.label}" if group else column.label)
        for group, column in zip(above, table.columns, strict=True)
    ]


def _shown(cell: Cell) -> str:
    text = _plain(cell.text)
    text = f"**{text}**" if cell.mark == "best" else text
    sign = " \u2248" if cell.mark == "near" else ""
    return text + sign + (f" ({_plain(cell.note)})" if cell.note else "")


def _plain(text: str) -> str:
    """Text that Markdown shows as it is, in one cell."""
    escaped = text.replace("&", "&amp;").replace("<", "&lt;").replace("\\", "\\\\")
    for sign in "|*_`[":
        escaped = escaped.replace(sign, "\\" + sign)
    return " ".join(escaped.split())
