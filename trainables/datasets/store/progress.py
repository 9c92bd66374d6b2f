"""How far a long preparation is: a bar on a terminal, elsewhere a line now and then."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

__all__ = ["beat", "beating", "progress"]

LINE_SECONDS = 15.0
"""From one line to the next, where nobody sees a bar."""

_beat: ContextVar[Callable[[], None]] = ContextVar("beat", default=lambda: None)


@contextmanager
def beating(told: Callable[[], None]) -> Iterator[None]:
    """Within it ``told`` is called again and again while images are prepared or waited for."""
    token = _beat.set(told)
    try:
        yield
    finally:
        _beat.reset(token)


def beat() -> None:
    """Tell whoever watches this process that it is alive."""
    _beat.get()()


@contextmanager
def progress(what: str, total: int) -> Iterator[Callable[[int], None]]:
    """Show on stderr how far a piece of work is; gives what is called with each part that is done.

    Args:
        what: is done, for people.
        total: images in all.
    """
    show = _bar if sys.stderr.isatty() else _lines
    with show(what, total) as told:

        def done(images: int) -> None:
            beat()
            told(images)

        yield done


@contextmanager
def _bar(what: str, total: int) -> Iterator[Callable[[int], None]]:
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(what, total=total)
        yield lambda images: bar.advance(task, images)


@contextmanager
def _lines(what: str, total: int) -> Iterator[Callable[[int], None]]:
    done, said = 0, time.monotonic()

    def told(images: int) -> None:
        nonlocal done, said
        done += images
        if time.monotonic() - said >= LINE_SECONDS:
            said = time.monotonic()
            print(f"{what}: {done:,} of {total:,}", file=sys.stderr, flush=True)

    yield told
