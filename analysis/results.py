"""A study's ledger as tidy frames.

>>> results = load("studies/margin-study")    # doctest: +SKIP
>>> results.confirm.groupby(["method", "ratio"]).test_auroc.mean()    # doctest: +SKIP
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from analysis import columns, labels
from study.ledger.rules import judged_interval, selects_by
from study.plan.power import ROPE
from study.records import CellRecord, StudyRecord, TrialRecord, predictions_path
from study.words import METRICS

__all__ = ["LABEL", "Origin", "Results", "final_auroc", "from_record", "load", "trial_id"]

NAN = float("nan")

LABEL = "val_auroc."
"""Begins the figures of one label in a trial's curve."""


class Origin(NamedTuple):
    """Where a cell's rows are kept.

    Attributes:
        directory: of the study that ran the cell.
        cell: id of the cell in that study.
    """

    directory: Path
    cell: str


# By identity, since frames have no equality of their own.
@dataclass(frozen=True, eq=False)
class Results:
    """Frames of one study; ``analysis.columns`` documents every column.

    Attributes:
        study: the records that the frames were made from.
        cells: one row a cell, in the study's order.
        trials: one row a search row of the ledger, with one more column ``params_<name>`` a
            tuned hyperparameter of any method (NaN where the method does not have it, and
            where null was chosen: then chosen_null names it).
        curves: one row an interval of a search or confirm row.
        confirm: one row a confirm row of the selected configuration. Only these fill tables.
        profile: one row a trial around it, with one hyperparameter moved.
        superseded: confirm and profile rows of configurations that more search replaced; columns
            as confirm. They count in the budget and nowhere else.
        origins: by cell, where several studies are read together; else empty.
        remarks: sentences that a reader must see before any number.
    """

    study: StudyRecord
    cells: pd.DataFrame
    trials: pd.DataFrame
    curves: pd.DataFrame
    confirm: pd.DataFrame
    profile: pd.DataFrame
    superseded: pd.DataFrame
    origins: Mapping[str, Origin] = field(default_factory=dict)
    remarks: tuple[str, ...] = ()

    def origin(self, cell: str) -> Origin:
        """The study that ran ``cell``, and what the cell is called there."""
        return self.origins.get(cell, Origin(self.study.directory, cell))

    def predictions_file(self, cell: str, relative: str) -> Path:
        """The file of a confirm row of ``cell`` whose column predictions is ``relative``.

        Raises:
            study.errors.LedgerError: the ledger names a file outside of its study.
        """
        return predictions_path(self.origin(cell).directory, relative)

    @property
    def selects_by(self) -> str:
        """What the searches select by: a key of ``study.words.METRICS``; the same in all cells."""
        return selects_by(self.study.cells[0].run if self.study.cells else {})

    @property
    def criterion(self) -> str:
        """The same in words: "AUROC", "AUPRC" or "accuracy"."""
        return METRICS[self.selects_by]

    @property
    def methods(self) -> list[str]:
        """Methods in the study's order."""
        return list(dict.fromkeys(cell.method for cell in self.study.cells))

    @property
    def tasks(self) -> list[str]:
        """Tasks in the study's order."""
        return list(dict.fromkeys(cell.task for cell in self.study.cells))

    @property
    def ratios(self) -> list[str]:
        """Labels of the imbalance ratios, rising; the data sets' own ratio last."""
        known = {cell.imratio for cell in self.study.cells}
        rising: list[float | None] = [*sorted(r for r in known if r is not None)]
        return [labels.ratio(r) for r in rising + ([None] if None in known else [])]

    @property
    def specs(self) -> list[Mapping[str, Any]]:
        """The spec of every study that is read."""
        spec = self.study.spec
        return [*spec.values()] if self.origins else [spec]

    @cached_property
    def labels(self) -> dict[str, tuple[str, ...]]:
        """Tasks with several labels, and these, as the trials' curves name them."""
        found: dict[str, dict[str, None]] = {}
        for cell in self.study.cells:
            for row in cell.rows:
                names = [name for point in row.curve[-1:] for name in point]
                for name in names:
                    if name.startswith(LABEL):
                        found.setdefault(cell.task, {})[name.removeprefix(LABEL)] = None
        return {task: tuple(names) for task, names in found.items()}

    @property
    def classes(self) -> set[str]:
        """Tasks whose labels are classes."""
        return {cell.task for cell in self.study.cells if cell.run.get("long_tail") is not None}

    @property
    def metrics(self) -> list[str]:
        """What the report is to show, as the specs say; AUROC where they do not."""
        named = [spec.get("metrics", ["auroc"]) for spec in self.specs]
        return list(dict.fromkeys(metric for each in named for metric in each))

    @property
    def equivalence(self) -> float:
        """Differences of AUROC below this count as none; the least of the specs'."""
        return float(min(spec.get("equivalence", ROPE) for spec in self.specs))

    @property
    def settings(self) -> list[tuple[str, str]]:
        """The (task, ratio) pairs that have a cell: within one, methods are compared."""
        known = {(cell.task, labels.ratio(cell.imratio)) for cell in self.study.cells}
        return [(t, r) for t in self.tasks for r in self.ratios if (t, r) in known]


def load(directory: Path | str) -> Results:
    """Read the study in ``directory``, a path also as text.

    Raises:
        study.errors.StudyError: the directory holds no study that can be read.
    """
    # Imported here: frames from records at hand need no storage.
    from study.reader import read_study

    return from_record(read_study(directory))


def from_record(study: StudyRecord) -> Results:
    """Frames of records that are already in memory."""
    cells = study.cells
    trials = columns.frame(
        (_search_row(cell, row) for cell in cells for row in cell.search), columns.TRIALS
    )
    params = pd.DataFrame(
        [{f"params_{n}": v for n, v in row.params.items()} for cell in cells for row in cell.search]
    )
    return Results(
        study=study,
        cells=columns.frame(map(_cell, cells), columns.CELLS),
        trials=pd.concat([trials, params], axis=1) if len(params.columns) else trials,
        curves=columns.frame(_curve_rows(cells), columns.CURVES),
        confirm=columns.frame(
            (_confirm_row(cell, row) for cell in cells for row in cell.confirm), columns.CONFIRM
        ),
        profile=columns.frame(
            (_profile_row(cell, row) for cell in cells for row in cell.profile), columns.PROFILE
        ),
        superseded=columns.frame(
            (_confirm_row(cell, row) for cell in cells for row in cell.superseded), columns.CONFIRM
        ),
    )


def trial_id(cell: CellRecord, row: TrialRecord) -> str:
    """``<cell>/<phase>/<number>``, unique in the study."""
    return f"{cell.id}/{row.phase}/{row.number}"


def final_auroc(cell: CellRecord, row: TrialRecord) -> float | None:
    """Validation AUROC of a finished row, whatever it was selected by; None of any other."""
    if row.value is None or not row.curve:
        return row.value
    judged = judged_interval(cell.run, row.validations)
    point = next((each for each in row.curve if each["interval"] == judged), {})
    return point.get("val_auroc", row.value)


def _keys(cell: CellRecord) -> dict[str, object]:
    return {
        "cell": cell.id,
        "method": cell.method,
        "base_method": cell.base,
        "task": cell.task,
        "dataset": cell.dataset,
        "model": cell.model,
        "imratio": NAN if cell.imratio is None else cell.imratio,
        "ratio": labels.ratio(cell.imratio),
    }


def _cell(cell: CellRecord) -> dict[str, object]:
    return _keys(cell) | {
        "epochs": cell.epochs,
        "batch_size": cell.batch_size,
        "intervals": cell.intervals,
        "planned_trials": cell.planned_trials,
        "planned_seeds": cell.planned_seeds,
        "searches": cell.searches,
        "selected": cell.selected[0] if len(cell.selected) == 1 else NAN,
    }


def _row(cell: CellRecord, row: TrialRecord) -> dict[str, object]:
    """Columns that search and confirm rows share."""
    return _keys(cell) | {
        "trial": trial_id(cell, row),
        "number": row.number,
        "state": row.state,
        "seconds": _number(row.seconds),
        "gradient_evaluations": _number(row.gradient_evaluations),
        "images": _number(row.images),
        "reason": row.reason,
        "deaths": len(row.deaths),
        "host": row.host,
        "device": row.device,
        "execution": row.execution,
        "peak_memory": _number(row.peak_memory),
        "started": row.started,
        "finished": row.finished,
        **{name: _number(row.seeds.get(name)) for name in ("data_seed", "init_seed", "order_seed")},
    }


def _search_row(cell: CellRecord, row: TrialRecord) -> dict[str, object]:
    last = max(row.validations, default=None)
    return _row(cell, row) | {
        "origin": row.origin,
        "warm_from": "" if row.warm_from is None else "{}/search/{}".format(*row.warm_from),
        "repeat": row.repeat,
        "selected": row.number in cell.selected,
        "value": _number(row.value),
        "last_auroc": _number(row.value) if last is None else row.validations[last],
        "last_interval": 0 if last is None else last,
        "chosen_null": ", ".join(name for name, value in row.params.items() if value is None),
    }


def _confirm_row(cell: CellRecord, row: TrialRecord) -> dict[str, object]:
    return _row(cell, row) | {
        "repeat": row.repeat,
        "seed": _number(row.seed),
        "selected_from": _number(row.selected_from),
        "val_auroc": _number(final_auroc(cell, row)),
        "value": _number(row.value),
        "test_auroc": _number(row.test_auroc),
        "test_auprc": _number(row.test_auprc),
        "test_accuracy": _number(row.test_accuracy),
        **{
            f"{name}_without": _number((row.without or {}).get(name))
            for name in ("test_auroc", "test_auprc", "test_accuracy")
        },
        "predictions": row.predictions,
    }


def _profile_row(cell: CellRecord, row: TrialRecord) -> dict[str, object]:
    name, value = row.moved or ("", None)
    return _confirm_row(cell, row) | {"hyperparameter": name, "moved_to": value}


def _curve_rows(cells: Iterable[CellRecord]) -> Iterable[dict[str, object]]:
    for cell in cells:
        for row in (*cell.search, *cell.confirm):
            points = {int(point["interval"]): point for point in row.curve}
            # Before the trial is finished the ledger has only what it is selected by.
            validations = row.validations if selects_by(cell.run) == "auroc" else {}
            for interval in sorted(points.keys() | row.validations.keys()):
                point = points.get(interval, {})
                yield _keys(cell) | {
                    "trial": trial_id(cell, row),
                    "phase": row.phase,
                    "number": row.number,
                    "seed": _number(row.seed),
                    "state": row.state,
                    "interval": interval,
                    "val_auroc": point.get("val_auroc", validations.get(interval, NAN)),
                    "loss": point.get("loss", NAN),
                    "seconds": point.get("seconds", NAN),
                    "gradient_evaluations": point.get("gradient_evaluations", NAN),
                }


def _number(value: float | None) -> float:
    return NAN if value is None else float(value)
