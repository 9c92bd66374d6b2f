"""Which configurations a search takes over from that of its neighbour, and when.

The neighbour is the cell of the same method and task at the next larger imratio, so that both have
the same search space. Search r takes from search r: repeated searches stay independent of one
another. All searches of a task with the same r cut the same images for validation
(``study.cell.search_seeds``), so that what is taken over was chosen by these images alone; test
images, and the fresh splits of confirm rows, chose nothing. Such a configuration's validation value
may still be a little too good, having been chosen twice by the same images, as that of any selected
row is; it is the confirm rows that are reported.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from study.cell import Cell
from study.ledger.rows import Row
from study.ledger.rules import Searched

__all__ = ["MOST", "draws", "may_draw_meanwhile", "next_taken"]

MOST = 3
"""Configurations that a search takes over; at most half of its trials."""


def draws(rows: Sequence[Row]) -> int:
    """How many of a search's rows were not taken over.

    They are numbered by themselves, so that a draw and its seeds are the same whenever the others
    come, or if they never do.
    """
    return sum(row.warm_from is None for row in rows)


def next_taken(cell: Cell, found: Searched[Row], rows: Sequence[Row]) -> Row | None:
    """The row of the neighbour's search whose configuration is to be tried next; None: no more.

    Args:
        cell: the one that is searched.
        found: the neighbour's search. One that is not over, or failed, gives nothing; one that
            went on gives what it has found since.
        rows: those of the search at hand.
    """
    tried: list[Mapping[str, Any]] = [row.params for row in rows if row.warm_from is not None]
    best: list[Row] = []
    for row in found.ranked:
        if len(best) < _most(cell) and row.params not in [other.params for other in best]:
            best.append(row)
    return next((row for row in best if row.params not in tried), None)


def may_draw_meanwhile(cell: Cell, rows: Sequence[Row]) -> bool:
    """A search that waits for its neighbour's may make a random draw, so that no worker idles."""
    return draws(rows) < min(cell.random_trials, cell.trials - _most(cell))


def _most(cell: Cell) -> int:
    return min(MOST, cell.trials // 2)
