"""How long a study will still take, from the trials that are finished and those under way."""

import time
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from study.ledger.ledger import Ledger
from study.ledger.rows import Row
from trainables.config import Outcome

__all__ = ["TimeLeft"]


@dataclass
class _Reports:
    """Intervals that a row under way has reported, first and last.

    Attributes:
        last: at the last look.
        first, since: at the first look that found more of them than the one before, and its time:
            what a trial does before its first interval is not timed. None: there was none yet.
        at: when ``last`` was found.
    """

    last: int
    first: int = 0
    since: float | None = None
    at: float = 0.0


class TimeLeft:
    """Knows the seconds of a trial, by cell and phase, and takes the rest to be like them.

    Trials of hours are judged by their intervals, long before the first of them ends.
    """

    def __init__(self) -> None:
        self._finished: dict[tuple[str, str], list[float]] = defaultdict(list)
        self._under_way: dict[str, _Reports] = {}

    def told(self, row: Row, outcome: Outcome) -> None:
        """A row is finished."""
        self._under_way.pop(row.name, None)
        if outcome.seconds:
            self._finished[row.cell, row.phase].append(outcome.seconds)

    def seconds(self, ledger: Ledger, slots: int) -> float | None:
        """Until the study is done; None while nothing tells how long a trial takes.

        To be asked now and then: each time it notes how far the rows under way are.

        Args:
            ledger: of the study.
            slots: trials that run side by side.
        """
        running = {name: cell.running() for name, cell in ledger.cells.items()}
        self._note(row for rows in running.values() for row in rows)
        expected = {
            name: self._expected(rows, ledger.cells[name].cell.run["intervals"])
            for name, rows in running.items()
        }
        total = longest = 0.0
        for name, cell in ledger.cells.items():
            standing = cell.standing
            left = {
                "search": standing.search_left,
                "confirm": standing.confirm_left,
                "profile": standing.profile_left,
            }
            for phase, rows in left.items():
                trial = self._trial(name, phase, expected)
                if trial is None:
                    return None
                done = [
                    len(row.validations) / cell.cell.run["intervals"]
                    for row in running[name]
                    if row.phase == phase
                ]
                total += (rows - sum(done)) * trial
                longest = max([longest, *(trial * (1 - share) for share in done)])
        return max(total / max(1, slots), longest)

    def _note(self, running: Iterable[Row]) -> None:
        now = time.monotonic()
        for row in running:
            count = len(row.validations)
            reports = self._under_way.setdefault(row.name, _Reports(count))
            if count > reports.last:
                if reports.since is None:
                    reports.first, reports.since = count, now
                reports.last, reports.at = count, now

    def _trial(self, cell: str, phase: str, expected: dict[str, list[float]]) -> float | None:
        """Mean seconds of a trial of the cell's phase, else of the cell, else of all."""
        finished = self._finished
        known = (
            finished.get((cell, phase))
            or [s for (name, _), each in finished.items() if name == cell for s in each]
            or expected[cell]
            or [s for each in (*finished.values(), *expected.values()) for s in each]
        )
        return sum(known) / len(known) if known else None

    def _expected(self, running: Iterable[Row], intervals: int) -> list[float]:
        """Seconds of whole trials, by those rows that have told two intervals or more."""
        return [
            (each.at - each.since) / (each.last - each.first) * intervals
            for each in (self._under_way[row.name] for row in running)
            if each.since is not None and each.last > each.first
        ]
