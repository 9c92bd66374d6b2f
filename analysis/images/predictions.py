"""What a confirm run said of every test image, as its file keeps it."""

import zipfile
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analysis.errors import AnalysisError
from analysis.results import Results
from study.errors import StudyError

__all__ = ["Predictions", "load_predictions"]


@dataclass(frozen=True, eq=False)
class Predictions:
    """The test set as one confirm run saw it; every run of a task sees the same images.

    Attributes:
        scores: float (N,), finite; higher means more positive.
        targets: bool (N,), both classes.
        embeddings: float (N, D), what the last layer saw; None if they were not kept.
        validation: scores and targets likewise of the run's validation set, which each seed cuts
            anew; None of a trial of a version that did not keep them.
    """

    scores: NDArray[np.floating[Any]]
    targets: NDArray[np.bool_]
    embeddings: NDArray[np.floating[Any]] | None
    validation: tuple[NDArray[np.floating[Any]], NDArray[np.bool_]] | None = None


def load_predictions(results: Results, cell: str, row: int) -> Predictions:
    """Read the predictions of one finished confirm row.

    Args:
        results: the study.
        cell: id of the cell.
        row: number of the confirm row.

    Raises:
        AnalysisError: the row kept none, or its file is missing, damaged, or not of this kind.
    """
    rows = results.confirm[results.confirm["cell"] == cell]
    names = rows.loc[rows["number"] == row, "predictions"]
    what = f"predictions of confirm trial {row} of {cell}"
    if names.empty or not isinstance(names.iloc[0], str):
        raise AnalysisError(
            f"The {what} are not in the ledger: only a confirm trial that finished has them."
        )
    try:
        path = results.predictions_file(cell, names.iloc[0])
        # numpy leaves a file open that it cannot read, if it opened it itself.
        with path.open("rb") as stream, np.load(stream, allow_pickle=False) as file:
            return _checked(file)
    except (
        OSError,
        ValueError,
        EOFError,
        KeyError,
        TypeError,
        StudyError,
        zipfile.BadZipFile,
    ) as error:
        raise AnalysisError(
            f"The {what} cannot be read ({_reason(error)}): put the file back, or run that trial "
            "again."
        ) from error


def _checked(file: Any) -> Predictions:
    scores, targets = _scored(file, "")
    embeddings = np.asarray(file["embeddings"]) if "embeddings" in file else None
    if embeddings is not None and (embeddings.ndim != 2 or len(embeddings) != len(scores)):
        raise ValueError(f"embeddings {embeddings.shape} must be one row a score")
    validation = _scored(file, "val_") if "val_scores" in file else None
    return Predictions(scores, targets, embeddings, validation)


def _scored(file: Any, of: str) -> tuple[NDArray[np.floating[Any]], NDArray[np.bool_]]:
    """Scores and targets of the test set (``of`` "") or of the validation set ("val_")."""
    scores, targets = np.asarray(file[f"{of}scores"]), np.asarray(file[f"{of}targets"])
    if scores.ndim != 1 or scores.shape != targets.shape or scores.dtype.kind != "f":
        raise ValueError(f"scores {scores.shape} and targets {targets.shape} must be two vectors")
    if not np.isfinite(scores).all() or set(np.unique(targets)) != {0, 1}:
        raise ValueError("scores must be finite and targets 0 and 1, both present")
    return scores, targets.astype(bool)


def _reason(error: Exception) -> str:
    if isinstance(error, FileNotFoundError):
        return f"{error.filename} is missing"
    return f"{type(error).__name__}: {error}"
