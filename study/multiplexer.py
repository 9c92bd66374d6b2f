"""The Searcher of the one Tune run: it hands out the rows of all cells, from the ledger."""

import json
from collections import deque
from collections.abc import Callable
from typing import Any

from ray.tune.search import Searcher

from study.ledger import CellLedger, Ledger
from study.rows import Outcome, Row

__all__ = ["Multiplexer"]


class Multiplexer(Searcher):
    """Asks the cells in turn; rows that a dead driver left first, then confirm, then search.

    Every result is written to the ledger before anything follows from it.

    Args:
        ledger: the study's ledger, opened.
        job: from a row to the config that its worker gets (the fields of ``Job``).
        slots: how many rows may be under way now; asked each time, since a cluster may grow.
        on_told: called with each row that is finished.
    """

    def __init__(
        self,
        ledger: Ledger,
        job: Callable[[CellLedger, Row], dict[str, Any]],
        slots: Callable[[], int],
        on_told: Callable[[Row, Outcome], None],
    ) -> None:
        super().__init__()  # no metric: a failed trial reports none
        self._ledger = ledger
        self._job = job
        self._slots = slots
        self._on_told = on_told
        self._turn = deque(ledger.cells.values())
        # Rows that an earlier generation left under way: run again first, as the same rows.
        self._left = deque(row for cell in ledger.cells.values() for row in cell.running())
        self._live: dict[str, Row] = {}

    def __getstate__(self) -> dict[str, Any]:
        """Nothing: Tune's snapshots are not used, and the database's engine cannot travel."""
        return {}

    def suggest(  # type: ignore[override]  # Ray's own annotation forgets FINISHED
        self, trial_id: str
    ) -> dict[str, Any] | str | None:
        """The next row's config; None: wait; FINISHED: nothing is left in any cell."""
        if len(self._live) >= self._slots():
            return None
        row = self._left.popleft() if self._left else self._next()
        if row is None:
            return str(Searcher.FINISHED) if self._ledger.finished else None
        self._live[trial_id] = row
        return self._job(self._ledger.cells[row.cell], row)

    def on_trial_result(self, trial_id: str, result: dict[str, Any]) -> None:
        """Store the interval's validation."""
        row = self._live.get(trial_id)
        if row is not None and "val_auroc" in result:
            self._report(row, result)

    def on_trial_complete(
        self, trial_id: str, result: dict[str, Any] | None = None, error: bool = False
    ) -> None:
        """Finish the row: COMPLETE, PRUNED (stopped before its last interval) or FAIL."""
        row = self._live.pop(trial_id, None)
        if row is None:
            return
        if error or not result or "outcome" not in result:
            reason = "the worker died more often than a trial is started again"
            self._tell(row, "FAIL", Outcome(reason=reason, crashed=True))
            return
        outcome = Outcome(**json.loads(result["outcome"]))
        if outcome.reason is not None:
            self._tell(row, "FAIL", outcome)
            return
        self._report(row, result)
        last = self._ledger.cells[row.cell].cell.run["intervals"]
        self._tell(row, "COMPLETE" if result["interval"] >= last else "PRUNED", outcome)

    def save(self, checkpoint_path: str) -> None:
        """Nothing to save: the ledger has it all."""

    def restore(self, checkpoint_path: str) -> None:
        """Nothing to restore: a new generation opens the ledger."""

    def _next(self) -> Row | None:
        """Confirm rows before search rows, so that a cell is done as soon as it can be."""
        for cell in self._turn:
            if cell.search_over and (row := cell.next_confirm()):
                return row
        for _ in range(len(self._turn)):
            cell = self._turn[0]
            self._turn.rotate(-1)
            if row := cell.next_search():
                return row
        return None

    def _report(self, row: Row, result: dict[str, Any]) -> None:
        self._ledger.cells[row.cell].report(row, result["interval"], result["val_auroc"])

    def _tell(self, row: Row, state: str, outcome: Outcome) -> None:
        self._ledger.cells[row.cell].tell(row, state, outcome)
        self._on_told(row, outcome)
