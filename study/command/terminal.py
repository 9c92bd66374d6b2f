"""What commands print: for people, for programs, and where a terminal cannot show it."""

import codecs
import io
import os
import sys
from contextlib import suppress
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from rich.console import RenderableType

__all__ = ["plain_where_needed", "say", "show", "tell"]

WIDTH_OF_FILES = 160

PLAIN = {"±": "+-", "…": "..."}
"""Our own words for ASCII; of other characters the code is shown."""


def plain_where_needed() -> None:
    """Let stdout take every character, also where its encoding has only some of them."""
    codecs.register_error("plain", _plain)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="plain")


def say(text: str) -> None:
    """Print ``text``; on stderr where nobody reads stdout any more (``aucstudy run | head``)."""
    try:
        typer.echo(text)
    except OSError:
        # Python would try once more as it ends, and complain.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        with suppress(OSError):  # the terminal itself is gone
            typer.echo(text, err=True)


def tell(data: object) -> None:
    """Print ``data`` as JSON."""
    from study.command.as_json import text

    typer.echo(text(data))


def show(*parts: "RenderableType") -> None:
    """Print tables and texts."""
    from rich.console import Console

    # A pipe has no width of its own; rich would cut tables to 80 columns.
    console = Console(width=None if sys.stdout.isatty() else WIDTH_OF_FILES)
    for part in parts:
        console.print(part)


def _plain(error: UnicodeError) -> tuple[str | bytes, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    text = error.object[error.start : error.end]
    codes = (PLAIN.get(sign) or sign.encode("ascii", "backslashreplace").decode() for sign in text)
    return "".join(codes), error.end
