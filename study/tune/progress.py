"""What a person sees while a study runs: a live table in a terminal, plain lines elsewhere."""

import time
from collections.abc import Callable
from typing import IO, Protocol

from rich.console import Console, Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from study.ledger.cell_ledger import CellLedger
from study.ledger.ledger import Ledger
from study.ledger.phases import PHASES
from study.ledger.rows import Row
from study.ledger.rules import selects_by
from study.tune.time_left import TimeLeft
from study.words import METRICS, duration

__all__ = ["PlainProgress", "Progress", "TableProgress", "progress_for", "stage"]

PLAIN_SECONDS = 10.0
PLAIN_SHARE = 0.01
"""Of the time since the start, between two lines, so that a log of days stays short."""

TABLE_SECONDS = 0.5


class Progress(Protocol):
    """What a run tells its watcher."""

    def start(self, ledger: Ledger, slots: Callable[[], int]) -> None:
        """The ledger is open. ``slots``: how many trials can run side by side; asked each time,
        since a cluster may grow."""

    def told(self, row: Row) -> None:
        """A row is finished."""

    def tick(self, waits_for: str | None) -> None:
        """Some time has passed. ``waits_for``: no trial can run before that is there."""

    def stop(self) -> None:
        """The generation is over."""


def stage(cell: CellLedger) -> str:
    """ "search", "confirm", "profile", "done" or "failed" (it has come to its end without a
    result)."""
    standing = cell.standing
    if not standing.search_over:
        return "search"
    if standing.confirm_left:
        return "confirm"
    if standing.profile_left:
        return "profile"
    return "failed" if standing.failed else "done"


class _Watcher:
    """What both kinds of progress share: the ledger, the time left and a clock."""

    def __init__(self, console: Console, period: float, share: float = 0.0) -> None:
        self._console = console
        self._period, self._share = period, share
        self._time_left: TimeLeft | None = None
        self._ledger: Ledger | None = None
        self._slots: Callable[[], int] = lambda: 1
        self._waits_for: str | None = None
        self._shown = 0.0
        self._began = 0.0
        self._told = 0

    def start(self, ledger: Ledger, slots: Callable[[], int]) -> None:
        self._ledger, self._slots = ledger, slots
        self._time_left = TimeLeft(ledger)
        self._shown = self._began = time.monotonic()

    def told(self, row: Row) -> None:
        if self._time_left is not None:
            self._time_left.told(row)
        self._told += 1

    def say(self, line: str) -> None:
        """Show something else that the watcher should read."""
        self._console.print(line, highlight=False, markup=False, soft_wrap=True)

    def _due(self, waits_for: str | None) -> bool:
        news, self._waits_for = waits_for != self._waits_for, waits_for
        now = time.monotonic()
        pause = max(self._period, self._share * (now - self._began))
        if not news and now - self._shown < pause:
            return False
        self._shown = now
        return True

    def _headline(self) -> str:
        if self._ledger is None or self._time_left is None:
            return ""
        done, total = _totals(self._ledger)
        if self._waits_for:
            return f"{done}/{total} trials, waiting for {self._waits_for}"
        slots = self._slots()
        seconds = self._time_left.seconds(slots)
        eta = "time left: measuring" if seconds is None else f"about {duration(seconds)} left"
        parts = [f"{done}/{total} trials", self._rate(), eta, _under_way(self._ledger, slots)]
        return ", ".join(part for part in parts if part)

    def _rate(self) -> str:
        """Trials finished in this run, for each minute or hour of it; "" before the first."""
        minutes = (time.monotonic() - self._began) / 60
        if not self._told or minutes <= 0:
            return ""
        rate = self._told / minutes
        return f"{rate:.1f} a minute" if rate >= 1 else f"{60 * rate:.1f} an hour"


class PlainProgress(_Watcher):
    """Lines, ever fewer, and one for each cell that is done; for logs and pipes."""

    def __init__(self, console: Console) -> None:
        super().__init__(console, PLAIN_SECONDS, PLAIN_SHARE)
        self._stages: dict[str, str] = {}

    def start(self, ledger: Ledger, slots: Callable[[], int]) -> None:
        super().start(ledger, slots)
        self._stages = {name: stage(cell) for name, cell in ledger.cells.items()}
        self.say(self._headline())

    def told(self, row: Row) -> None:
        super().told(row)
        if self._ledger is None:
            return
        cell = self._ledger.cells[row.cell]
        now = stage(cell)
        if now != self._stages[row.cell]:
            self._stages[row.cell] = now
            best = f", best validation {_by(cell)} {_best(cell)}" if cell.cell.trials else ""
            self.say(f"{row.cell}: {now}{best}")

    def tick(self, waits_for: str | None) -> None:
        if self._due(waits_for):
            self.say(self._headline())

    def stop(self) -> None:
        self.say(self._headline())


class TableProgress(_Watcher):
    """A live table of cells with the whole study's bar below."""

    def __init__(self, console: Console) -> None:
        super().__init__(console, TABLE_SECONDS)
        self._live = Live(console=console, auto_refresh=False, vertical_overflow="ellipsis")

    def start(self, ledger: Ledger, slots: Callable[[], int]) -> None:
        super().start(ledger, slots)
        self._live.start()
        self._draw()

    def tick(self, waits_for: str | None) -> None:
        if self._due(waits_for):
            self._draw()

    def stop(self) -> None:
        self._draw()
        self._live.stop()

    def _draw(self) -> None:
        if self._ledger is None:
            return
        # The bar stays on the screen: cells that are done make room for those under way.
        room = max(4, self._console.height - 8)
        table = Table(box=None, pad_edge=False, header_style="bold")
        for name in ("cell", "stage"):
            table.add_column(name, no_wrap=True)
        profiles = any(cell.cell.moves is not None for cell in self._ledger.cells.values())
        phases = PHASES if profiles else PHASES[:-1]
        by = _by(next(iter(self._ledger.cells.values())))
        for name in (*phases, f"best validation {by}"):
            table.add_column(name, justify="right", no_wrap=True)
        cells = sorted(self._ledger.cells.values(), key=lambda cell: cell.finished)
        for cell in cells[:room]:
            standing = cell.standing
            profiled = standing.profile_done
            shown = {
                "search": (standing.search_done, standing.repeats * standing.trials),
                "confirm": (standing.confirm_done, standing.seeds),
                "profile": (profiled, profiled + standing.profile_left),
            }
            table.add_row(
                Text(cell.cell.id),
                stage(cell),
                *("{}/{}".format(*shown[phase]) for phase in phases),
                _best(cell),
            )
        parts: list[Table | Text | ProgressBar] = [table]
        if len(cells) > room:
            done = sum(cell.finished for cell in cells)
            parts.append(Text(f"... and {len(cells) - room} more cells; {done} are done"))
        done, total = _totals(self._ledger)
        parts += [
            ProgressBar(total=max(1, total), completed=done, width=60),
            Text(self._headline()),
        ]
        self._live.update(Group(*parts), refresh=True)


def progress_for(stream: IO[str]) -> PlainProgress | TableProgress:
    """A live table where ``stream`` is a terminal, plain lines where it is not."""
    console = Console(file=stream)
    return TableProgress(console) if console.is_terminal else PlainProgress(console)


def _totals(ledger: Ledger) -> tuple[int, int]:
    """Planned rows of the whole study that have come to their end, and all of them."""
    standings = [cell.standing for cell in ledger.cells.values()]
    done = sum(standing.done for standing in standings)
    return done, sum(standing.planned for standing in standings)


def _under_way(ledger: Ledger, slots: int) -> str:
    """The cell of the trial that is furthest, how far that is, and how many more cells.

    Rows beyond ``slots`` are handed out, but wait for a worker.
    """
    cells = ledger.cells
    running = [
        (len(row.validations), cells[name].cell.run["intervals"], name)
        for name, cell in cells.items()
        for row in cell.running()
    ]
    running.sort(key=lambda row: -row[0] / row[1])
    if not running[:slots]:
        return ""
    done, intervals, cell = running[0]
    far = f" ({done}/{intervals})" if done else ""
    more = len({name for _, _, name in running[:slots]}) - 1
    return f"at {cell}{far}" + (f" and {more} more" if more else "")


def _by(cell: CellLedger) -> str:
    return METRICS[selects_by(cell.cell.run)]


def _best(cell: CellLedger) -> str:
    values = [row.value for row in cell.rows["search"] if row.value is not None]
    return f"{max(values):.4f}" if values else "-"
