"""How long a study will still take, from the trials that are finished and those under way."""

import time
from collections.abc import Iterable
from dataclasses import dataclass
from statistics import fmean

from study.ledger.ledger import Ledger
from study.ledger.rows import Row

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


class _Trials:
    """Finished trials whose seconds are known: phase, seconds and intervals of each, by cell."""

    def __init__(self) -> None:
        self._by_cell: dict[str, list[tuple[str, float, int]]] = {}

    def add(self, row: Row) -> None:
        if row.seconds and row.validations:
            known = self._by_cell.setdefault(row.cell, [])
            known.append((row.phase, row.seconds, len(row.validations)))

    def seconds(self, cell: str, phase: str | None = None) -> list[float]:
        """Of each trial of the cell, of one phase or of all."""
        return [
            seconds
            for its, seconds, _ in self._by_cell.get(cell, ())
            if phase is None or its == phase
        ]

    def of_all(self) -> list[float]:
        return [seconds for each in self._by_cell.values() for _, seconds, _ in each]

    def of_an_interval(self, cell: str) -> list[float]:
        """Seconds an interval of each trial of the cell, pruned or not."""
        return [seconds / intervals for _, seconds, intervals in self._by_cell.get(cell, ())]


class TimeLeft:
    """Knows the seconds of a trial, by cell and phase, and takes the rest to be like them.

    Trials of hours are judged by their intervals, long before the first of them ends. What this
    run has not come to yet is judged by the trials of earlier runs of the study, slower or faster
    as the cells are that both have trained: the machine may be another.

    Args:
        ledger: of the study, as the run finds it.
    """

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._earlier, self._finished = _Trials(), _Trials()
        self._under_way: dict[str, _Reports] = {}
        for cell in ledger.cells.values():
            for rows in cell.rows.values():
                for row in rows:
                    self._earlier.add(row)

    def told(self, row: Row) -> None:
        """A row is finished."""
        self._under_way.pop(row.name, None)
        self._finished.add(row)

    def seconds(self, slots: int) -> float | None:
        """Until the study is done; None while nothing tells how long a trial takes.

        To be asked now and then: each time it notes how far the rows under way are.

        Args:
            slots: trials that run side by side.
        """
        cells = self._ledger.cells
        running = {name: cell.running() for name, cell in cells.items()}
        self._note(row for rows in running.values() for row in rows)
        intervals = {name: self._intervals(rows) for name, rows in running.items()}
        pace = self._pace(intervals)
        expected = {
            name: [seconds * cells[name].cell.run["intervals"] for seconds in each]
            for name, each in intervals.items()
        }
        total = longest = 0.0
        for name, cell in cells.items():
            standing = cell.standing
            left = {
                "search": standing.search_left,
                "confirm": standing.confirm_left,
                "profile": standing.profile_left,
            }
            for phase, rows in left.items():
                if not rows:
                    continue
                trial = self._trial(name, phase, expected, pace)
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

    def _trial(
        self, cell: str, phase: str, expected: dict[str, list[float]], pace: float
    ) -> float | None:
        """Mean seconds of a trial of the cell's phase, else of the cell, else of all."""
        finished, earlier = self._finished, self._earlier
        known = (
            finished.seconds(cell, phase)
            or [pace * seconds for seconds in earlier.seconds(cell, phase)]
            or finished.seconds(cell)
            or expected[cell]
            or [pace * seconds for seconds in earlier.seconds(cell)]
            or [*finished.of_all(), *(s for each in expected.values() for s in each)]
            or earlier.of_all()
        )
        return fmean(known) if known else None

    def _intervals(self, running: Iterable[Row]) -> list[float]:
        """Seconds an interval of those rows that have told two or more."""
        return [
            (each.at - each.since) / (each.last - each.first)
            for each in (self._under_way[row.name] for row in running)
            if each.since is not None and each.last > each.first
        ]

    def _pace(self, under_way: dict[str, list[float]]) -> float:
        """An interval's seconds in this run over those in earlier ones; 1 if it is not known."""
        both = [
            (fmean(now), fmean(then))
            for cell, each in under_way.items()
            if (now := self._finished.of_an_interval(cell) or each)
            and (then := self._earlier.of_an_interval(cell))
        ]
        return sum(now for now, _ in both) / sum(then for _, then in both) if both else 1.0
