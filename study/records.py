"""A study as it stands in the ledger: frozen records, free of Optuna, Ray and torch."""

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Any

from study.cell import Moves
from study.errors import LedgerError
from study.ledger.phases import PHASES
from study.ledger.standing import Standing
from study.places import Places
from study.words import with_options

__all__ = ["CellRecord", "StudyRecord", "TrialRecord", "predictions_path"]


@dataclass(frozen=True)
class TrialRecord:
    """One row of the ledger.

    Attributes:
        phase: "search", "confirm" or "profile".
        number: the row's number within its cell and phase, from 0.
        state: "COMPLETE", "PRUNED", "FAIL", "RUNNING" or "WAITING".
        value: validation AUROC, or what else the spec selects by, of
            ``study.ledger.rules.judged_interval``; None unless COMPLETE (a PRUNED row's last value
            is in ``validations``).
        params: the tuned hyperparameters, and the one that a profile row moves.
        validations: the same by interval (1, 2, ...).
        origin: what proposed a search row: "random" (an independent draw), "tpe", "gp" or
            "warm-started" (the neighbour's search); a confirm row has "selected", or "fixed" in a
            cell without search; a profile row "profile".
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
        peak_memory: of the host, in MB, see ``trainables.config.Outcome``; None: not told.
        repeat: which search of its cell it belongs to (0, 1, ...).
        seed: index of the confirm seed (0, 1, ..., those of the first search first); None for
            search rows.
        moved: hyperparameter and value of a profile row; None for others.
        selected_from: number of the search row that a confirm row repeats, or around which a
            profile row moves; None for search, and in a cell without search.
        warm_from: cell and number of the search row whose configuration a warm-started one
            repeats, of the study that it was run in; None for others.
        test_auroc, test_auprc: of a finished confirm row, and of a profile row that was to be
            tested; None otherwise.
        test_accuracy: likewise, of a task of classes.
        without: these without what the study's ``evaluation`` asks for; None: it asks for nothing.
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
    repeat: int = 0
    seed: int | None = None
    moved: tuple[str, Any] | None = None
    selected_from: int | None = None
    warm_from: tuple[str, int] | None = None
    test_auroc: float | None = None
    test_auprc: float | None = None
    test_accuracy: float | None = None
    without: dict[str, float] | None = None
    predictions: str | None = None
    deaths: tuple[str, ...] = ()
    execution: str | None = None
    crashed: bool = False
    peak_memory: float | None = None


@dataclass(frozen=True)
class CellRecord:
    """One cell (method x task x imratio) with its rows.

    Attributes:
        id: stable name of the cell, safe as a file name.
        method: its name in the study.
        imratio: positives / all in the training set; None: the data set's own ratio.
        run: what all trials of the cell share, as ``trainables.config.TrialConfig`` has it.
        space: the searched space, one entry a tuned hyperparameter: {"low", "high", "log",
            "step"} or {"choices"}.
        fixed: hyperparameters that the spec fixes.
        searches: how many; each selects a configuration and confirms it on seeds of its own.
        planned_trials, planned_seeds: rows that the spec asks for, over all searches.
        selected: numbers of the search rows with the best validation AUROC, one of each search
            that is over; none of one in which every row failed, or if there is no search.
        search, confirm: the rows. ``confirm`` holds only rows of the selected configurations, or
            of the only one.
        profile: rows around them with one hyperparameter moved.
        superseded: confirm and profile rows of configurations that more search replaced, or may
            replace.
        moves: what the spec asks of the profile; None: there is none.
        variant_of: the method that ``method`` is a variant of; None: it is that method.
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
    selected: tuple[int, ...]
    search: tuple[TrialRecord, ...]
    confirm: tuple[TrialRecord, ...]
    superseded: tuple[TrialRecord, ...] = ()
    profile: tuple[TrialRecord, ...] = ()
    searches: int = 1
    moves: Moves | None = None
    variant_of: str | None = None
    pairs: tuple[tuple[str, str], ...] | None = None

    @property
    def base(self) -> str:
        """The method that was trained."""
        return self.variant_of or self.method

    @property
    def dataset(self) -> str:
        """With its options, as tables show it: of ``run``, as are the next four."""
        return with_options(self.run["dataset"], self.run.get("data", {}))

    @property
    def model(self) -> str:
        """The network."""
        return with_options(self.run["model"], self.run.get("network", {}))

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

    @property
    def running(self) -> list[TrialRecord]:
        """Rows under way, or left so by a driver that has died."""
        return [row for row in self.rows if row.state == "RUNNING"]

    @cached_property
    def standing(self) -> Standing[TrialRecord]:
        """Where the cell stands: what is over, and what is left."""
        return Standing(
            {phase: [row for row in self.rows if row.phase == phase] for phase in PHASES},
            self.planned_trials // self.searches,
            self.planned_seeds,
            self.searches,
            self.moves,
        )

    @property
    def rows(self) -> tuple[TrialRecord, ...]:
        """All rows, phase by phase; those that do not count last."""
        return (*self.search, *self.confirm, *self.profile, *self.superseded)


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
        f"A trial's predictions must be a file {place.name}/NAME.npz in the study's directory, and "
        f"the ledger of {directory} names {relative!r}: do not trust this ledger, or put the "
        "name right."
    )
