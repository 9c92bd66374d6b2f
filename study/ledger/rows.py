"""The rows of the ledger as the driver has them, and what comes back from a trial."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

__all__ = ["Outcome", "Row"]


@dataclass(frozen=True)
class Outcome:
    """What a trial reports when it ends; stored as one JSON attribute of its row.

    Attributes:
        reason: why it failed, in one sentence; None if it did not.
        crashed: it failed for a reason outside its configuration (an exception, a dead worker),
            so it deserves a replacement; a diverged loss does not.
        seconds, gradient_evaluations, images: what it has spent.
        curve: one dict an interval, see ``study.records.TrialRecord``.
        host, device: where it ran.
        execution: how its steps ran: "graph" (as a CUDA graph), "eager", or "eager: <why>" where a
            step on a GPU could not be captured; None: not told, by an older version or a trial
            that did not begin.
        test_auroc, test_auprc, predictions: of confirm trials.
    """

    reason: str | None = None
    crashed: bool = False
    seconds: float | None = None
    gradient_evaluations: int | None = None
    images: int | None = None
    curve: Sequence[dict[str, float]] = ()
    host: str | None = None
    device: str | None = None
    execution: str | None = None
    test_auroc: float | None = None
    test_auprc: float | None = None
    predictions: str | None = None


@dataclass
class Row:
    """A row as the driver knows it; the database holds the same (written first).

    Attributes:
        cell: id of the cell.
        phase: "search" or "confirm".
        number: the row's number in its phase.
        key: Optuna's id of the trial, unique in the storage.
        params: tuned hyperparameters.
        seeds: data, init and order seed.
        state: COMPLETE, PRUNED, FAIL, RUNNING or WAITING.
        value: final validation AUROC of a COMPLETE row.
        validations: validation AUROC by interval.
        seed: index of the confirm seed; None for search rows.
        selected_from: the search row that a confirm row repeats; None in a cell without search.
        crashed: FAIL, for a reason outside its configuration.
        deaths: one (interval last validated, reason) for each worker that died with it.
    """

    cell: str
    phase: str
    number: int
    key: int
    params: dict[str, Any]
    seeds: dict[str, int]
    state: str
    value: float | None = None
    validations: dict[int, float] = field(default_factory=dict)
    seed: int | None = None
    selected_from: int | None = None
    crashed: bool = False
    deaths: list[tuple[int, str]] = field(default_factory=list)

    @property
    def deaths_in_place(self) -> int:
        """Deaths since the last validation."""
        reached = max(self.validations, default=0)
        return sum(interval == reached for interval, _ in self.deaths)

    @property
    def name(self) -> str:
        """Unique in the study, safe as a file name."""
        return f"{self.cell}__{self.phase}{self.number}"
