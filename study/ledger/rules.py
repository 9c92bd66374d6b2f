"""When is a search over, what is selected, which confirm rows count, what is left: said once.

Pure, over the rows of one search; ``study.ledger.standing`` asks for all searches of a cell. The
driver has rows as ``study.ledger.rows.Row``, a reader as ``study.records.TrialRecord``; both ask
here, so that no report says what the driver does not do.
"""

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Generic, Protocol, TypeVar

from study.before import BEFORE
from study.cell import Moves

__all__ = ["FINISHED", "MAX_REPLACEMENTS", "AnyRow", "Searched", "judged_interval", "selects_by"]

FINISHED = ("COMPLETE", "PRUNED", "FAIL")
"""States of a row that has come to its end."""

MAX_REPLACEMENTS = 3
"""Rows that a phase of a search may add for crashed ones; more crashes than that are a defect."""


class AnyRow(Protocol):
    """What the rules look at; rows of the ledger and records of them both have it."""

    @property
    def number(self) -> int: ...
    @property
    def state(self) -> str: ...
    @property
    def value(self) -> float | None: ...
    @property
    def params(self) -> Mapping[str, Any]: ...
    @property
    def crashed(self) -> bool: ...
    @property
    def repeat(self) -> int: ...
    @property
    def seed(self) -> int | None: ...
    @property
    def selected_from(self) -> int | None: ...
    @property
    def moved(self) -> tuple[str, Any] | None: ...
    @property
    def warm_from(self) -> tuple[str, int] | None: ...


def selects_by(run: Mapping[str, Any]) -> str:
    """What a search selects by, a key of ``study.words.METRICS``, from what trials share."""
    return str({**BEFORE, **run}["select"])


def judged_interval(run: Mapping[str, Any], validations: Mapping[int, float]) -> int:
    """The interval whose validation a finished trial is selected by, and with whose weights it is
    tested: its last, or with ``evaluation.best`` the first of its highest.

    Args:
        run: what trials of the cell share.
        validations: by interval, one at least.
    """
    if run.get("evaluation", {}).get("best"):
        return max(validations, key=lambda interval: (validations[interval], -interval))
    return max(validations)


R = TypeVar("R", bound=AnyRow)
K = TypeVar("K", bound=Hashable)


class _Wanted(Generic[R, K]):
    """The rows that follow a search, one for each of some keys.

    A crashed row is replaced by one of the same key, until the cap is reached: then its key is
    given up.

    Args:
        keys: for which a row is wanted.
        rows: those that there are.
        key: of a row.
    """

    def __init__(self, keys: Sequence[K], rows: Sequence[R], key: Callable[[R], K]) -> None:
        self._keys = keys
        self._may_replace = sum(row.crashed for row in rows) <= MAX_REPLACEMENTS
        self._rows: dict[K, list[R]] = {}
        for row in rows:
            self._rows.setdefault(key(row), []).append(row)

    @property
    def missing(self) -> list[K]:
        """Keys for which a row is to be added now: the first, or one in place of crashed ones."""
        return [key for key in self._keys if self._lacks(self._rows.get(key, []))]

    @property
    def left(self) -> int:
        """Keys still to come to their end."""
        # By number of keys, not by key: reports of several studies give seeds new indices.
        begun = sum(self._goes_on(rows) for rows in self._rows.values())
        return begun + max(0, len(self._keys) - len(self._rows))

    @property
    def done(self) -> int:
        """Keys that have come to their end, well or not."""
        return max(0, len(self._keys) - self.left)

    @property
    def failed(self) -> int:
        """Keys that have come to their end without a COMPLETE row."""
        return sum(
            not self._goes_on(rows) and all(row.state != "COMPLETE" for row in rows)
            for rows in self._rows.values()
        )

    def _lacks(self, rows: Sequence[R]) -> bool:
        """A key with these rows is to get one more."""
        return not rows or (self._may_replace and all(row.crashed for row in rows))

    def _goes_on(self, rows: Sequence[R]) -> bool:
        """A key with these rows has not come to its end."""
        return self._lacks(rows) or any(row.state not in FINISHED for row in rows)


@dataclass(frozen=True)
class Searched(Generic[R]):
    """Where one search of a cell stands, and what follows from it. Each answer is sought when it
    is first asked for, and kept: it is of rows that do not change meanwhile.

    Attributes:
        rows: all of its rows, by phase.
        trials, seeds: search rows and confirm rows that the plan asks of it.
        moves: the cell's profile; None: there is none.
        profile_seeds: of the confirm seeds, those on which the profile is trained (the first).
    """

    rows: Mapping[str, Sequence[R]]
    trials: int
    seeds: int
    moves: Moves | None = None
    profile_seeds: int = 0

    @property
    def search(self) -> Sequence[R]:
        """Its search rows."""
        return self.rows["search"]

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
    def ranked(self) -> list[R]:
        """The COMPLETE search rows, the best value first, of equals the earlier one; none while
        the search goes on."""
        if not self.search_over:
            return []
        complete = [row for row in self.search if row.state == "COMPLETE" and row.value is not None]

        def place(row: R) -> tuple[float, bool, int]:
            # When warm-started rows came among the draws hangs on how busy the workers were.
            return -(row.value or 0.0), row.warm_from is not None, row.number

        return sorted(complete, key=place)

    @property
    def selected(self) -> R | None:
        """The best of them; None while the search goes on, if every row failed, or if there was no
        search."""
        return self.ranked[0] if self.ranked else None

    @cached_property
    def settled(self) -> bool:
        """It is known what is confirmed: the selected configuration, or the only one."""
        return self.search_over and (self.trials == 0 or self.selected is not None)

    @cached_property
    def current(self) -> list[R]:
        """Confirm rows of the configuration that is confirmed; none before that is known."""
        return [row for row in self.rows["confirm"] if self._is_current(row)]

    @cached_property
    def profiled(self) -> list[R]:
        """Profile rows around that configuration; none before it is known.

        An earlier version also moved what does nothing in the method as it is set; what is left
        of such rows is neither to be trained nor shown.
        """
        moves = self.moves.values if self.moves else ()
        return [
            row
            for row in self.rows["profile"]
            if self._is_current(row) and row.moved is not None and row.moved[0] in moves
        ]

    @cached_property
    def superseded(self) -> list[R]:
        """The other confirm and profile rows: of configurations that more search replaced, or may
        replace."""
        return [
            row
            for row in (*self.rows["confirm"], *self.rows["profile"])
            if not self._is_current(row)
        ]

    @property
    def missing_seeds(self) -> list[int]:
        """Confirm seeds for which a row is to be added now."""
        return [seed for seed in self._confirms.missing if seed is not None] if self.settled else []

    @property
    def missing_moves(self) -> list[tuple[str, Any, int]]:
        """Hyperparameter, value and confirm seed of profile rows that are to be added now."""
        return self._moved.missing if self.settled else []

    @cached_property
    def confirm_left(self) -> int:
        """Confirm seeds still to come to their end. All, while the search goes on; none if it
        gave nothing to confirm."""
        return self._left(self._confirms)

    @cached_property
    def confirm_done(self) -> int:
        """Planned confirm seeds that have come to their end, well or not."""
        return self._confirms.done if self.settled else 0

    @cached_property
    def confirm_failed(self) -> int:
        """Confirm seeds that have come to their end without a COMPLETE row."""
        return self._confirms.failed

    @cached_property
    def profile_left(self) -> int:
        """Profile rows still to come to their end, as ``confirm_left``."""
        return self._left(self._moved)

    @cached_property
    def profile_done(self) -> int:
        """Profile rows that have come to their end, well or not."""
        return self._moved.done if self.settled else 0

    @cached_property
    def finished(self) -> bool:
        """Nothing is left to do."""
        return self.search_over and not self.confirm_left and not self.profile_left

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
    def _confirms(self) -> _Wanted[R, int | None]:
        return _Wanted([*range(self.seeds)], self.current, lambda row: row.seed)

    @cached_property
    def _moved(self) -> _Wanted[R, Any]:
        own = {} if self.selected is None else self.selected.params
        moves = [] if self.moves is None else self.moves.around(own)
        keys = [(*move, seed) for move in moves for seed in range(self.profile_seeds)]
        return _Wanted(keys, self.profiled, lambda row: (*(row.moved or ()), row.seed))

    def _left(self, wanted: _Wanted[R, Any]) -> int:
        return wanted.left if self.settled or not self.search_over else 0
