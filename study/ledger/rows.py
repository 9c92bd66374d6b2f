"""The rows of the ledger as the driver has them."""

from dataclasses import dataclass, field
from typing import Any

__all__ = ["Row"]


@dataclass
class Row:
    """A row as the driver knows it; the database holds the same (written first).

    Attributes:
        cell: id of the cell.
        phase: "search", "confirm" or "profile".
        number: the row's number in its phase.
        key: Optuna's id of the trial, unique in the storage.
        params: tuned hyperparameters, and the one that a profile row moves.
        seeds: data, init and order seed.
        state: COMPLETE, PRUNED, FAIL, RUNNING or WAITING.
        value: final validation AUROC of a COMPLETE row, or what else the spec selects by.
        validations: the same by interval.
        repeat: which of the cell's searches it belongs to.
        seed: index of the confirm seed of that search; None for search rows.
        moved: hyperparameter and value of a profile row; None for others.
        selected_from: the search row that a confirm row repeats, or around which a profile row
            moves; None in a cell without search.
        warm_from: cell and number of the search row whose configuration a warm-started one
            repeats; None for others.
        seconds: of training and validation, all runs; None: not finished, or not told.
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
    repeat: int = 0
    seed: int | None = None
    moved: tuple[str, Any] | None = None
    selected_from: int | None = None
    warm_from: tuple[str, int] | None = None
    seconds: float | None = None
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
