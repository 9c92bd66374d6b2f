"""Tables and the whole report as Markdown (pipe tables)."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from analysis.write.blocks import (
    Block,
    Code,
    Figure,
    Heading,
    Note,
    Panels,
    Prose,
    Section,
    Table,
    TableCell,
)

__all__ = ["document", "table"]


def table(block: Table) -> str:
    """A pipe table under its caption."""
    heads = [_plain(label) for label in block.full_labels]
    rule = ["---:" if column.numeric else "---" for column in block.columns]
    lines = [heads, rule, *([_shown(cell) for cell in row] for row in block.rows)]
    body = "\n".join("| " + " | ".join(line) + " |" for line in lines)
    return f"{_paragraph(block.caption)}\n\n{body}\n"


def document(
    title: str, remarks: Sequence[str], sections: Sequence[Section], pictures: Mapping[str, str]
) -> str:
    """The whole report.

    Args:
        title: its heading.
        remarks: sentences that a reader must see first.
        sections: in order.
        pictures: address of a picture by the name of the figure that it stands for; a figure
            without one is named with its caption.
    """
    parts = [f"# {_plain(title)}", *(f"> {_paragraph(remark)}" for remark in remarks)]
    for section in sections:
        finding = f": {section.finding}" if section.finding else ""
        parts.append(f"## {_plain(section.title + finding)}")
        parts += [_block(block, pictures) for block in section.blocks]
    return "\n\n".join(part.rstrip("\n") for part in parts) + "\n"


def _block(block: Block, pictures: Mapping[str, str]) -> str:
    if isinstance(block, Figure | Panels):
        caption = _plain(block.caption)
        if block.name in pictures:
            return f"![{caption}]({pictures[block.name]})"
        return f"*Figure {block.name}, drawn in report.html.* {caption}"
    return str(_WRITERS[type(block)](block))


_WRITERS: dict[type, Any] = {
    Prose: lambda block: _paragraph(_unmarked(block.text)),
    Heading: lambda block: f"### {_plain(block.text)}",
    Note: lambda block: "\n>\n".join(f"> {_paragraph(_unmarked(item))}" for item in block.items),
    Table: table,
    Code: lambda block: _fenced(block),
}


def _fenced(block: Code) -> str:
    # A fence is longer than any run of backticks inside.
    fence = "`" * max(3, 1 + max(map(len, re.findall("`+", block.text)), default=0))
    return f"{_paragraph(block.caption)}\n\n{fence}\n{block.text.rstrip()}\n{fence}"


def _unmarked(text: str) -> str:
    """Text as a reader sees it: ``Markup`` without its tags."""
    return text.striptags() if hasattr(text, "striptags") else text


def _shown(cell: TableCell) -> str:
    text = _plain(cell.text)
    text = f"**{text}**" if cell.mark == "best" else text
    sign = " \u2248" if cell.mark == "near" else ""
    return text + sign + (f" ({_plain(cell.note)})" if cell.note else "")


def _paragraph(text: str) -> str:
    """Text that does not begin a heading, a list, a quotation or a fence."""
    line = _plain(text)
    line = re.sub(r"^([#>+=~-])", r"\\\1", line)
    return re.sub(r"^(\d+)([.)])(?= |$)", r"\1\\\2", line)


def _plain(text: str) -> str:
    """Text that Markdown shows as it is within a line or a table's cell."""
    escaped = text.replace("&", "&amp;").replace("<", "&lt;").replace("\\", "\\\\")
    for sign in "|*_`[":
        escaped = escaped.replace(sign, "\\" + sign)
    return " ".join(escaped.split())
