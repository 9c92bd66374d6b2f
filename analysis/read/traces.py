"""Which trials of the ledger a number comes from, in words and as ids that can be run again."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

__all__ = ["Trace", "Trials", "joined", "ranges", "trace"]


class Trials(NamedTuple):
    """Trials of one cell and phase.

    Attributes:
        cell: id of the cell.
        phase: "search" or "confirm".
        numbers: within that cell and phase, rising.
    """

    cell: str
    phase: str
    numbers: tuple[int, ...]


class Trace(str):
    """The words that say where a number comes from; ``sources`` holds the trials themselves.

    As the title of a table's cell it makes the number open a panel with its trial ids.
    """

    sources: tuple[Trials, ...]
    __slots__ = ("sources",)

    def __new__(cls, sources: Sequence[Trials]) -> "Trace":
        """One line a source."""
        self = super().__new__(cls, "\n".join(map(_words, sources)))
        self.sources = tuple(sources)
        return self

    @property
    def packed(self) -> str:
        """One line a source: ``<cell>/<phase>/0-4,7``."""
        # A cell's id has no blanks; one from a ledger that is not ours must not become two lines.
        return "\n".join(
            f"{' '.join(s.cell.split())}/{s.phase}/{_short(s.numbers)}" for s in self.sources
        )


def trace(cell: str, phase: str, numbers: Sequence[int]) -> Trace:
    """Trials of one cell and phase."""
    return Trace([Trials(cell, phase, tuple(sorted(numbers)))])


def joined(traces: Iterable[Trace]) -> Trace:
    """Of a number that comes from several cells or phases."""
    return Trace([source for trace in traces for source in trace.sources])


def ranges(numbers: Sequence[int]) -> str:
    """Rising numbers with runs drawn together: (0, 1, 2, 5) -> "0 to 2, 5"."""
    # Two in a row read better apart.
    return ", ".join(
        f"{run[0]} to {run[-1]}" if len(run) > 2 else ", ".join(map(str, run))
        for run in _runs(numbers)
    )


def _words(source: Trials) -> str:
    noun = "trial" if len(source.numbers) == 1 else "trials"
    return f"{source.cell}: {source.phase} {noun} {ranges(source.numbers)}"


def _short(numbers: Sequence[int]) -> str:
    runs = _runs(numbers)
    return ",".join(f"{run[0]}-{run[-1]}" if len(run) > 1 else str(run[0]) for run in runs)


def _runs(numbers: Sequence[int]) -> list[list[int]]:
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number == runs[-1][-1] + 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    return runs
