"""When is a search over, what is selected, which confirm rows count, what is left: said once.

Pure, over the rows of one cell. The driver has them as ``study.ledger.rows.Row``, a reader as
``study.records.TrialRecord``; both ask here, so that no report says what the driver does not do.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Generic, Protocol, TypeVar

__all__ = ["FINISHED", "MAX_REPLACEMENTS", "AnyRow", "Standing"]

FINISHED = ("COMPLETE", "PRUNED", "FAIL")
"""States of a row that has come to its end."""

MAX_REPLACEMENTS = 3
"""Rows that a phase of a cell may add for crashed ones; more crashes than that are a defect."""


class AnyRow(Protocol):
    """What the rules look at; rows of the ledger and records of them both have it."""

    @property
    def number(self) -> int: ...
    @property
    def state(self) -> str: ...
    @property
    def value(self) -> float | None: ...
    @property
    def crashed(self) -> bool: ...
    @property
    def seed(self) -> int | None: ...
    @property
    def selected_from(self) -> int | None: ...


R = TypeVar("R", bound=AnyRow)


@dataclass(frozen=True)
class Standing(Generic[R]):
    """Where a cell stands. Each answer is sought when it is first asked for, and kept: a standing
    is of rows that do not change meanwhile.

    Attributes:
        search, confirm: the cell's rows, all of them.
        trials, seeds: search rows and confirm rows that the plan asks for.
    """

    search: Sequence[R]
    confirm: Sequence[R]
    trials: int
    seeds: int

    @cached_property
    def lacks_search(self) -> bool:
        """A search row is still to be added: a planned one, or one in place of a crashed one."""
        # The driver asks before every trial: as long as planned rows lack, it costs nothing.
        return len(self.search) < self.trials or len(self.search) < self._wanted

    @cached_property
    def search_over(self) -> bool:
        """All search rows are there and have come to their end."""
        return not self.lacks_search and all(row.state in FINISHED for row in self.search)

    @cached_property
    def search_left(self) -> int:
        """Search rows still to come to their end, as far as is known (crashes may add some)."""
        ended = sum(row.state in FINISHED for row in self.search)
        return max(self._wanted, len(self.search)) - ended

    @cached_property
    def search_done(self) -> int:
        """Planned search rows that have come to their end; a crashed and replaced one has not."""
        return max(0, self.trials - self.search_left)

    @cached_property
    def selected(self) -> R | None:
        """The COMPLETE search row with the best validation AUROC, the earlier one of equals; None
        while the search goes on, if every row failed, or if there was no search."""
        if not self.search_over:
            return None
        complete = [row for row in self.search if row.state == "COMPLETE" and row.value is not None]
        return max(complete, key=lambda row: (row.value, -row.number), default=None)

    @cached_property
    def settled(self) -> bool:
        """It is known what is confirmed: the selected configuration, or the only one."""
        return self.search_over and (self.trials == 0 or self.selected is not None)

    @cached_property
    def current(self) -> list[R]:
        """Confirm rows of the configuration that is confirmed; none before that is known."""
        return [row for row in self.confirm if self._is_current(row)]

    @cached_property
    def superseded(self) -> list[R]:
        """The other confirm rows: of configurations that more search replaced, or may replace."""
        return [row for row in self.confirm if not self._is_current(row)]

    @cached_property
    def missing_seeds(self) -> list[int]:
        """Confirm seeds for which a row is to be added now: the first, or one in place of crashed
        ones. A seed whose rows crashed is given up once the cap is reached."""
        if not self.settled:
            return []
        return [seed for seed in range(self.seeds) if self._lacks(self._by_seed.get(seed, []))]

    @cached_property
    def confirm_left(self) -> int:
        """Confirm seeds still to come to their end. All, while the search goes on; none if it
        gave nothing to confirm."""
        if not self.settled:
            return 0 if self.search_over else self.seeds
        # By number of seeds, not by seed: reports of several studies give them new indices.
        begun = sum(self._goes_on(rows) for rows in self._by_seed.values())
        return begun + max(0, self.seeds - len(self._by_seed))

    @cached_property
    def confirm_done(self) -> int:
        """Planned confirm seeds that have come to their end, well or not."""
        return max(0, self.seeds - self.confirm_left) if self.settled else 0

    @cached_property
    def confirm_failed(self) -> int:
        """Confirm seeds that have come to their end without a COMPLETE row."""
        return sum(
            not self._goes_on(rows) and all(row.state != "COMPLETE" for row in rows)
            for rows in self._by_seed.values()
        )

    @cached_property
    def finished(self) -> bool:
        """Nothing is left to do."""
        return self.search_over and not self.confirm_left

    @cached_property
    def failed(self) -> bool:
        """Nothing is left to do, and there is no result: every search row failed, or every confirm
        row of what the search gave."""
        confirmed = not self.seeds or any(row.state == "COMPLETE" for row in self.current)
        return self.finished and not (self.settled and confirmed)

    @cached_property
    def _wanted(self) -> int:
        """Search rows that there must be: the planned ones, and replacements of crashed ones."""
        return self.trials + min(MAX_REPLACEMENTS, sum(row.crashed for row in self.search))

    def _is_current(self, row: R) -> bool:
        number = None if self.selected is None else self.selected.number
        return self.settled and row.selected_from == number

    @cached_property
    def _by_seed(self) -> dict[int | None, list[R]]:
        found: dict[int | None, list[R]] = {}
        for row in self.current:
            found.setdefault(row.seed, []).append(row)
        return found

    @cached_property
    def _may_replace(self) -> bool:
        return sum(row.crashed for row in self.current) <= MAX_REPLACEMENTS

    def _lacks(self, rows: Sequence[R]) -> bool:
        """A confirm seed with these rows is to get one more."""
        return not rows or (self._may_replace and all(row.crashed for row in rows))

    def _goes_on(self, rows: Sequence[R]) -> bool:
        """A confirm seed with these rows has not come to its end."""
        return self._lacks(rows) or any(row.state not in FINISHED for row in rows)
