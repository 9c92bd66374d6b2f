"""A study as it stands in the ledger: frozen records, free of Optuna, Ray and torch."""

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Any

from study.errors import LedgerError
from study.ledger.rules import Standing
from study.places import Places

__all__ = ["CellRecord", "StudyRecord", "TrialRecord", "predictions_path"]


@dataclass(frozen=True)
class TrialRecord:
    """One row of the ledger.

    Attributes:
        phase: "search" or "confirm".
        number: the row's number within its cell and phase, from 0.
        state: "COMPLETE", "PRUNED", "FAIL", "RUNNING" or "WAITING".
        value: validation AUROC after the last interval; None unless COMPLETE (a PRUNED row's
            last value is in ``validations``).
        params: the tuned hyperparameters.
        validations: validation AUROC by interval (1, 2, ...).
        origin: what proposed a search row: "random" (an independent draw) or "tpe"; a confirm
            row has "selected", or "fixed" in a cell without search.
        seeds: {"data_seed", "init_seed", "order_seed"}.
        reason: why the row is FAIL, else None.
        crashed: FAIL for a reason outside its configuration, so that it gets a replacement.
        seconds: training and validation time so far; None if never reported.
        gradient_evaluations: images that went through forward and backward; None as above.
        images: training images drawn; None as above.
        curve: one dict an interval: {"interval", "val_auroc", "loss", "seconds",
            "gradient_evaluations"} and the method's own figures; empty until the row is finished.
        host, device: where it ran.
        execution: how its steps ran, see ``trainables.config.Outcome``; None: not told.
        seed: index of the confirm seed (0, 1, ...); None for search rows.
        selected_from: number of the search row that a confirm row repeats; None for search, and
            in a cell without search.
        test_auroc, test_auprc: of a finished confirm row; None otherwise.
        deaths: why workers died with this row, one clause each; it was started again each time.
        predictions: file of test scores and targets, those of the validation set (not of a
            version that did not keep them), and embeddings if they were asked for, relative to
            the study's directory.
    """

    phase: str
    number: int
    state: str
    value: float | None
    params: dict[str, Any]
    validations: dict[int, float]
    origin: str
    seeds: dict[str, int]
    reason: str | None
    seconds: float | None
    gradient_evaluations: int | None
    images: int | None
    curve: tuple[dict[str, float], ...]
    host: str | None
    device: str | None
    started: datetime | None
    finished: datetime | None
    seed: int | None = None
    selected_from: int | None = None
    test_auroc: float | None = None
    test_auprc: float | None = None
    predictions: str | None = None
    deaths: tuple[str, ...] = ()
    execution: str | None = None
    crashed: bool = False


@dataclass(frozen=True)
class CellRecord:
    """One cell (method x task x imratio) with its rows.

    Attributes:
        id: stable name of the cell, safe as a file name.
        imratio: positives / all in the training set; None: the data set's own ratio.
        run: what all trials of the cell share, as ``trainables.config.TrialConfig`` has it.
        space: the searched space, one entry a tuned hyperparameter: {"low", "high", "log",
            "step"} or {"choices"}.
        fixed: hyperparameters that the spec fixes.
        planned_trials, planned_seeds: rows that the spec asks for.
        selected: number of the search row with the best validation AUROC, once the search is
            over; None before, if every row failed, or if there is no search.
        search, confirm: the rows. ``confirm`` holds only rows of the selected configuration, or
            of the only one.
        superseded: confirm rows of configurations that more search replaced, or may replace.
        pairs: hyperparameters that belong together, as the method's search space says ("imratio"
            stands for the imbalance ratio); None: the plan does not say, being an earlier one.
    """

    id: str
    method: str
    task: str
    imratio: float | None
    run: dict[str, Any]
    space: dict[str, dict[str, Any]]
    fixed: dict[str, Any]
    planned_trials: int
    planned_seeds: int
    selected: int | None
    search: tuple[TrialRecord, ...]
    confirm: tuple[TrialRecord, ...]
    superseded: tuple[TrialRecord, ...] = ()
    pairs: tuple[tuple[str, str], ...] | None = None

    @property
    def dataset(self) -> str:
        """Of ``run``, as are the next four."""
        return str(self.run["dataset"])

    @property
    def model(self) -> str:
        """The network."""
        return str(self.run["model"])

    @property
    def epochs(self) -> int:
        """Passes over the training set."""
        return int(self.run["epochs"])

    @property
    def batch_size(self) -> int:
        """Images a batch."""
        return int(self.run["batch_size"])

    @property
    def intervals(self) -> int:
        """Validations a run."""
        return int(self.run["intervals"])

    @cached_property
    def standing(self) -> Standing[TrialRecord]:
        """Where the cell stands: what is over, and what is left."""
        confirm = (*self.confirm, *self.superseded)
        return Standing(self.search, confirm, self.planned_trials, self.planned_seeds)


@dataclass(frozen=True)
class StudyRecord:
    """A whole study.

    Attributes:
        name: the study's name, as the user wrote it (escape before showing it).
        directory: the study's directory.
        spec: the resolved spec as plain YAML data.
        provenance: versions, git commit, hardware, seeds, data checksums.
        cells: in the spec's order.
        driver: who works on the study: process, host and since when; None if nobody does.
    """

    name: str
    directory: Path
    spec: dict[str, Any]
    provenance: dict[str, Any]
    cells: tuple[CellRecord, ...]
    driver: str | None = None


def predictions_path(directory: Path, relative: str) -> Path:
    """The file that a row's ``predictions`` names; it need not exist.

    A ledger may come from somebody else, so what it says is not trusted: the file must lie in
    the folder ``predictions`` of the study's directory, whatever links lie there.

    Args:
        directory: the study's directory.
        relative: ``TrialRecord.predictions``, such as "predictions/NAME.npz".

    Raises:
        LedgerError: it names anything else.
    """
    parts, place = PurePosixPath(relative).parts, Places(directory).predictions
    if len(parts) == 2 and parts[0] == place.name and parts[1].isprintable():
        folder = place.resolve()
        file = folder / parts[1]
        if file.suffix == ".npz" and file.resolve().parent == folder:
            return file
    raise LedgerError(
        f"A row's predictions must be a file {place.name}/NAME.npz in the study's directory, and "
        f"the ledger of {directory} names {relative!r}: do not trust this ledger, or put the "
        "name right."
    )
