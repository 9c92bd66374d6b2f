"""``aucstudy status --watch``: a table that is drawn anew on a terminal, lines elsewhere."""

import sys
import time
from collections.abc import Callable
from pathlib import Path

import typer
from rich.console import Console, Group
from rich.live import Live

from study.command.tables import status_tables
from study.errors import LedgerError
from study.places import Places
from study.reader import read_study
from study.records import StudyRecord
from study.tune.log import last_wait
from study.words import plural

__all__ = ["line", "watch"]

SECONDS = 2.0
"""From one look to the next: the study in its database is read anew each time."""


def watch(directory: Path, sleep: Callable[[float], None] = time.sleep) -> None:
    """Show the study in ``directory`` until it is finished; Ctrl-C ends it, too.

    It may begin before anybody works on the study, and outlives a stop of its driver.

    Args:
        directory: the study's.
        sleep: waits so many seconds.

    Raises:
        LedgerError: there is no study to begin with.
    """
    try:
        if sys.stdout.isatty():
            _drawn(directory, sleep)
        else:
            _told(directory, sleep)
    except KeyboardInterrupt:
        raise typer.Exit(0) from None


def _drawn(directory: Path, sleep: Callable[[float], None]) -> None:
    seen = read_study(directory)
    with Live(console=Console(), auto_refresh=False, vertical_overflow="ellipsis") as live:
        while True:
            waits_for = last_wait(Places(directory).events)
            live.update(Group(*status_tables(seen, waits_for)), refresh=True)
            if _finished(seen):
                return
            sleep(SECONDS)
            seen = _again(directory) or seen


def _told(directory: Path, sleep: Callable[[float], None]) -> None:
    """A line whenever it says something new."""
    seen, said = read_study(directory), ""
    while True:
        now = line(seen, last_wait(Places(directory).events))
        if now != said:
            typer.echo(now)
            said = now
        if _finished(seen):
            return
        sleep(SECONDS)
        seen = _again(directory) or seen


def _again(directory: Path) -> StudyRecord | None:
    """None if it cannot be read just now, such as a database that is away for a while."""
    try:
        return read_study(directory)
    except LedgerError:
        return None


def _finished(study: StudyRecord) -> bool:
    return bool(study.cells) and all(cell.standing.finished for cell in study.cells)


def line(study: StudyRecord, waits_for: str | None = None) -> str:
    """How far a study is, in one line."""
    done = sum(cell.standing.done for cell in study.cells)
    planned = sum(cell.standing.planned for cell in study.cells)
    running = sum(len(cell.running) for cell in study.cells)
    finished = sum(cell.standing.finished for cell in study.cells)
    said = f"{done} of {planned} trials and {finished} of {len(study.cells)} cells are finished"
    if _finished(study):
        return f"{said}."
    if study.driver is None:
        return f"{said}; nobody works on it."
    return f"{said}, {plural(running, 'trial')} under way" + (
        f"; it waits for {waits_for}." if waits_for else "."
    )
