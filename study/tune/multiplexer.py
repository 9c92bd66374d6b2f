"""The Searcher of the one Tune run: it hands out the rows of all cells, from the ledger."""

import json
from collections import deque
from collections.abc import Callable, Collection
from typing import Any

from ray.tune.search import Searcher

from study.errors import StudyError
from study.ledger.cell_ledger import CellLedger
from study.ledger.ledger import Ledger
from study.ledger.rows import Row
from study.tune.stop import Stop
from trainables.config import Outcome

__all__ = ["MAX_DEATHS", "Multiplexer"]

MAX_DEATHS = 3
"""Deaths of its workers that a row may have between two validations before it is given up."""

GO_ON = "then run the study again: it goes on where it was."


class Multiplexer(Searcher):
    """Asks the cells in turn; rows that a dead driver left first, then confirm, then search,
    then profile.

    Every result is written to the ledger before anything follows from it. What keeps the ledger
    from being written, or a trial from being run anywhere, stops the study: the rows under way
    stay as they are and are run again.

    Args:
        ledger: the study's ledger, opened.
        job: from a row to the config that its worker gets (of a ``Job``).
        slots: how many rows may be under way now; asked each time, since a cluster may grow.
        on_told: called with each row that is finished.
        on_died: called with each row whose worker died, and why.
        stop: whether the study is to stop; no row is handed out then.
        interrupted: Tune's ids of trials that ended only because the study is to stop.
        why_died: from Tune's id of a trial whose worker died to the reason, in words.
    """

    def __init__(
        self,
        ledger: Ledger,
        job: Callable[[CellLedger, Row], dict[str, Any]],
        slots: Callable[[], int],
        on_told: Callable[[Row, Outcome], None],
        on_died: Callable[[Row, str], None],
        stop: Stop,
        interrupted: Collection[str],
        why_died: Callable[[str], str],
    ) -> None:
        super().__init__()  # no metric: a failed trial reports none
        self._ledger = ledger
        self._job = job
        self._slots = slots
        self._on_told = on_told
        self._on_died = on_died
        self._stop = stop
        self._interrupted = interrupted
        self._why_died = why_died
        self._turn = deque(ledger.cells.values())
        # Rows that an earlier generation left under way: run again first, as the same rows.
        self._left = deque(row for cell in ledger.cells.values() for row in cell.running())
        self._live: dict[str, Row] = {}
        self._unwritten: dict[str, dict[int, float]] = {}

    def __getstate__(self) -> dict[str, Any]:
        """Nothing: Tune's snapshots are not used, and the database's engine cannot travel."""
        return {}

    def row(self, trial_id: str) -> Row | None:
        """The row that Tune's trial runs; None once it is finished."""
        return self._live.get(trial_id)

    def suggest(  # type: ignore[override]  # Ray's own annotation forgets FINISHED
        self, trial_id: str
    ) -> dict[str, Any] | str | None:
        """The next row's config; None: wait; FINISHED: nothing is left in any cell."""
        if self._stop.reason:
            return str(Searcher.FINISHED)
        if len(self._live) >= self._slots():
            return None
        try:
            row = self._left.popleft() if self._left else self._next()
        except StudyError as error:
            self._stop.fail(error)
            return str(Searcher.FINISHED)
        if row is None:
            return str(Searcher.FINISHED) if self._ledger.finished else None
        self._live[trial_id] = row
        return self._job(self._ledger.cells[row.cell], row)

    def on_trial_result(self, trial_id: str, result: dict[str, Any]) -> None:
        """Note the interval's validation; ``flush`` stores those that came together."""
        if trial_id in self._live and "value" in result:
            noted = self._unwritten.setdefault(trial_id, {})
            noted[result["interval"]] = result["value"]

    def flush(self) -> None:
        """Store the validations that were noted; stop the study if its lease was lost."""
        if self._ledger.trouble is not None:
            self._stop.fail(self._ledger.trouble)
        for trial_id in list(self._unwritten):
            self._report(trial_id)

    def on_trial_complete(
        self, trial_id: str, result: dict[str, Any] | None = None, error: bool = False
    ) -> None:
        """Finish the row: COMPLETE, PRUNED (stopped before its last interval) or FAIL.

        A row that was interrupted, or that could run nowhere, stays under way. One whose worker
        died is handed out again, unless it dies again and again without getting on.
        """
        if trial_id not in self._live:
            return
        row = self._live[trial_id]
        if error or not result:
            self._report(trial_id)
            self._write(lambda: self._died(row, self._why_died(trial_id)))
        elif "stuck" in result:
            self._report(trial_id)
            self._stop.fail(StudyError(f"{result['stuck']}. Mend that, {GO_ON}"))
        elif trial_id in self._interrupted:
            self.on_trial_result(trial_id, result)
            self._report(trial_id)
        else:
            self._unwritten.pop(trial_id, None)  # the outcome has them all
            self._write(lambda: self._finish(row, result))
        del self._live[trial_id]

    def save(self, checkpoint_path: str) -> None:
        """Nothing to save: the ledger has it all."""

    def restore(self, checkpoint_path: str) -> None:
        """Nothing to restore: a new generation opens the ledger."""

    def _next(self) -> Row | None:
        """Confirm rows before search rows, so that a cell has its result as soon as it can; the
        cell with the fewest first, so that a study that is stopped has equal seeds of all.
        Profiles, which decide nothing, come after them, rows that could wait last."""
        for cell in sorted(self._turn, key=_confirmed):
            if row := cell.next_confirm():
                return row
        for _ in range(len(self._turn)):
            cell = self._turn[0]
            self._turn.rotate(-1)
            if row := cell.next_search():
                return row
        for cell in self._turn:
            if row := cell.next_profile():
                return row
        for cell in self._turn:
            if row := cell.next_meanwhile():
                return row
        return None

    def _died(self, row: Row, reason: str) -> None:
        self._ledger.cells[row.cell].died(row, reason)
        self._on_died(row, reason)
        if row.deaths_in_place <= MAX_DEATHS:
            self._left.append(row)
            return
        words = f"its worker died {row.deaths_in_place} times without getting on: {reason}"
        self._tell(row, "FAIL", Outcome(reason=words, crashed=True))

    def _finish(self, row: Row, result: dict[str, Any]) -> None:
        outcome = Outcome.from_json(json.loads(result["outcome"]))
        if outcome.reason is not None:
            self._tell(row, "FAIL", outcome)
            return
        last = self._ledger.cells[row.cell].cell.run["intervals"]
        self._tell(row, "COMPLETE" if result["interval"] >= last else "PRUNED", outcome)

    def _report(self, trial_id: str) -> None:
        row, validations = self._live[trial_id], self._unwritten.pop(trial_id, {})
        if validations:
            self._write(lambda: self._ledger.cells[row.cell].report(row, validations))

    def _tell(self, row: Row, state: str, outcome: Outcome) -> None:
        self._ledger.cells[row.cell].tell(row, state, outcome)
        self._on_told(row, outcome)

    def _write(self, change: Callable[[], None]) -> None:
        """Change the ledger, unless something forbids it; Tune would take errors for a trial's."""
        if self._stop.error is not None:
            return
        try:
            change()
        except StudyError as error:
            self._stop.fail(error)
        except OSError as error:  # of the log or the checkpoints beside the ledger
            self._stop.fail(StudyError(f"{error}. Make room or give access, {GO_ON}"))


def _confirmed(cell: CellLedger) -> int:
    """Confirm rows that were begun."""
    return sum(row.state != "WAITING" for row in cell.rows["confirm"])
