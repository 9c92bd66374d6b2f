"""Where a cell stands: the answers of ``study.ledger.rules``, over all its searches."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Generic, TypeVar

from study.cell import Moves
from study.ledger.rules import AnyRow, Searched

__all__ = ["Standing"]

R = TypeVar("R", bound=AnyRow)


@dataclass(frozen=True)
class Standing(Generic[R]):
    """Where a cell stands, over all its searches.

    Attributes:
        rows: all of the cell's rows, by phase.
        trials: search rows that the plan asks of each search.
        seeds: confirm rows that it asks for, over all searches.
        repeats: searches.
        moves: the cell's profile; None: there is none.
    """

    rows: Mapping[str, Sequence[R]]
    trials: int
    seeds: int
    repeats: int = 1
    moves: Moves | None = None

    @cached_property
    def searches(self) -> tuple[Searched[R], ...]:
        """Each by itself."""
        profile_seeds = 0 if self.moves is None else self.moves.seeds // self.repeats
        return tuple(
            Searched(
                {phase: self._of(repeat, rows) for phase, rows in self.rows.items()},
                self.trials,
                self.seeds // self.repeats,
                self.moves,
                profile_seeds,
            )
            for repeat in range(self.repeats)
        )

    @cached_property
    def search_over(self) -> bool:
        """All searches are over."""
        return all(each.search_over for each in self.searches)

    @cached_property
    def selected(self) -> list[R]:
        """The selected configurations, of each search that has one."""
        return [each.selected for each in self.searches if each.selected is not None]

    @cached_property
    def settled(self) -> bool:
        """Something is confirmed in the end: one search at least gives a configuration."""
        return any(each.settled for each in self.searches)

    @cached_property
    def current(self) -> list[R]:
        """Confirm rows that count, see ``Searched.current``, as are the next ones."""
        return self._rows(lambda each: each.current)

    @cached_property
    def profiled(self) -> list[R]:
        """Profile rows that count."""
        return self._rows(lambda each: each.profiled)

    @cached_property
    def superseded(self) -> list[R]:
        """Confirm and profile rows that do not."""
        return self._rows(lambda each: each.superseded)

    @property
    def search_left(self) -> int:
        """Rows of all searches, see ``Searched.search_left``, as are the next ones."""
        return sum(each.search_left for each in self.searches)

    @property
    def search_done(self) -> int:
        """Planned search rows that have come to their end."""
        return sum(each.search_done for each in self.searches)

    @property
    def confirm_left(self) -> int:
        """Confirm seeds still to come to their end."""
        return sum(each.confirm_left for each in self.searches)

    @property
    def confirm_done(self) -> int:
        """Confirm seeds that have come to their end."""
        return sum(each.confirm_done for each in self.searches)

    @property
    def confirm_failed(self) -> int:
        """Confirm seeds that have come to their end without a COMPLETE row."""
        return sum(each.confirm_failed for each in self.searches)

    @property
    def profile_left(self) -> int:
        """Profile rows still to come to their end."""
        return sum(each.profile_left for each in self.searches)

    @property
    def profile_done(self) -> int:
        """Profile rows that have come to their end."""
        return sum(each.profile_done for each in self.searches)

    @property
    def left(self) -> int:
        """Rows still to come to their end, as far as is known (crashes may add some)."""
        return self.search_left + self.confirm_left + self.profile_left

    @property
    def done(self) -> int:
        """Planned rows that have come to their end."""
        return self.search_done + self.confirm_done + self.profile_done

    @property
    def planned(self) -> int:
        """Rows that the plan asks for in all."""
        return self.repeats * self.trials + self.seeds + self.profile_done + self.profile_left

    @property
    def finished(self) -> bool:
        """Nothing is left to do."""
        return all(each.finished for each in self.searches)

    @property
    def failed(self) -> bool:
        """Nothing is left to do, and no search led to a result."""
        return self.finished and all(each.failed for each in self.searches)

    def _of(self, repeat: int, rows: Sequence[R]) -> Sequence[R]:
        return rows if self.repeats == 1 else [row for row in rows if row.repeat == repeat]

    def _rows(self, of: Callable[[Searched[R]], list[R]]) -> list[R]:
        return [row for each in self.searches for row in of(each)]
