"""A study's trials as runs, in the words that all trackers share."""

import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from analysis import labels
from analysis.errors import AnalysisError
from analysis.results import final_auroc
from study.errors import StudyError
from study.ledger.rules import selects_by
from study.records import CellRecord, StudyRecord, TrialRecord, predictions_path

__all__ = ["Point", "Run", "fresh", "runs"]

MARK = "aucstudy-export.txt"
"""Says that a folder holds an export and nothing else, so that another may replace it."""


@dataclass(frozen=True)
class Point:
    """What a trial told at the end of an interval.

    Attributes:
        interval: from 1.
        time: seconds since 1970.
        metrics: finite figures by name.
    """

    interval: int
    time: float
    metrics: Mapping[str, float]


@dataclass(frozen=True)
class Run:
    """A trial.

    Attributes:
        trial: its id, ``<cell>/<phase>/<number>``.
        tags: where it belongs and how it ended, by word; no text is empty.
        params: every hyperparameter that was tuned or fixed.
        curve: interval by interval.
        metrics: in the end: ``val_auroc``, what else the study selects by (``val_auprc`` or
            ``val_accuracy``), and of a confirm trial ``test_auroc``, ``test_auprc`` and, of a task
            of classes, ``test_accuracy``; cost.
        artefacts: files.
        started, finished: seconds since 1970.
        state: of the ledger.
    """

    trial: str
    tags: Mapping[str, str]
    params: Mapping[str, Any]
    curve: tuple[Point, ...]
    metrics: Mapping[str, float]
    artefacts: tuple[Path, ...]
    started: float
    finished: float
    state: str


def runs(study: StudyRecord) -> tuple[list[Run], list[str]]:
    """Every search, confirm and profile trial that was begun, in the study's order.

    Returns:
        The runs, and a sentence for each file that is not there.
    """
    found, missing = [], []
    for cell in study.cells:
        for row in (*cell.search, *cell.confirm, *cell.profile):
            if row.state == "WAITING":
                continue
            trial = f"{cell.id}/{row.phase}/{row.number}"
            artefacts = []
            if row.predictions is not None:
                try:
                    file = predictions_path(study.directory, row.predictions)
                except StudyError as error:
                    missing.append(str(error))
                else:
                    artefacts += [file] if file.is_file() else []
                    missing += [] if file.is_file() else [f"{trial}: {file} is not there."]
            found.append(_run(study, cell, row, trial, tuple(artefacts)))
    return found, missing


def _run(
    study: StudyRecord, cell: CellRecord, row: TrialRecord, trial: str, artefacts: tuple[Path, ...]
) -> Run:
    started = _time(row.started) or 0.0
    selected = f"val_{selects_by(cell.run)}"
    tags = {
        "study": study.name,
        "cell": cell.id,
        "method": cell.method,
        "base": cell.base,
        "task": cell.task,
        "dataset": cell.dataset,
        "model": cell.model,
        "ratio": labels.ratio(cell.imratio),
        "phase": row.phase,
        "number": row.number,
        "repeat": row.repeat,
        "seed": row.seed,
        "moved": row.moved and row.moved[0],
        "state": row.state,
        "reason": row.reason,
        "selected": row.phase == "search" and row.number in cell.selected,
        "host": row.host,
        "device": row.device,
        **row.seeds,
    }
    ended = {
        "val_auroc": final_auroc(cell, row),
        selected: row.value,
        "test_auroc": row.test_auroc,
        "test_auprc": row.test_auprc,
        "test_accuracy": row.test_accuracy,
        **{f"{name}_without": value for name, value in (row.without or {}).items()},
        "train_seconds": row.seconds,
        "gradient_evaluations": row.gradient_evaluations,
        "peak_memory": row.peak_memory,
    }
    return Run(
        trial=trial,
        tags={name: str(value) for name, value in tags.items() if value not in (None, "")},
        params={**cell.fixed, **row.params},
        curve=tuple(_curve(row, started, selected)),
        metrics=_finite(ended),
        artefacts=artefacts,
        started=started,
        finished=_time(row.finished) or started + (row.seconds or 0.0),
        state=row.state,
    )


def _curve(row: TrialRecord, started: float, selected: str) -> Iterator[Point]:
    """Interval by interval; a row that is not finished has told ``selected`` alone."""
    told = {int(point["interval"]): point for point in row.curve}
    for interval, value in row.validations.items():
        point = told.get(interval, {selected: value})
        metrics = {
            name: each for name, each in point.items() if name not in ("interval", "seconds")
        }
        yield Point(interval, started + point.get("seconds", 0.0), _finite(metrics))


def _finite(figures: Mapping[str, float | None]) -> dict[str, float]:
    return {
        name: float(value)
        for name, value in figures.items()
        if value is not None and abs(value) < float("inf")
    }


def _time(moment: datetime | None) -> float | None:
    """The ledger keeps local times without a zone; the reader's is taken for the writer's."""
    return None if moment is None else moment.astimezone(UTC).timestamp()


def fresh(folder: Path) -> None:
    """Make ``folder``, empty but for a mark; what an earlier export left is removed.

    Raises:
        AnalysisError: it holds something else.
        OSError: it cannot be made.
    """
    if folder.is_dir() and any(folder.iterdir()):
        if not (folder / MARK).is_file():
            raise AnalysisError(
                f"An export replaces what is in its folder, and {folder} holds something that is "
                "none: name another with --out."
            )
        shutil.rmtree(folder)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / MARK).write_text("What `aucstudy export --to` wrote; the next one replaces it.\n")
