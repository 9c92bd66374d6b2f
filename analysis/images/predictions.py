"""What a confirm run said of every test image, as its file keeps it."""

import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from analysis.errors import AnalysisError
from analysis.results import Results
from study.errors import StudyError

__all__ = ["OfLabel", "Predictions", "load_predictions"]

Floats = NDArray[np.floating[Any]]
Places = NDArray[np.intp]

METADATA = "metadata."
"""Begins the names of the file's columns of metadata."""


@dataclass(frozen=True, eq=False)
class Predictions:
    """The test set as one confirm run saw it; every run of a task sees the same images.

    Attributes:
        scores: float (N,), of L labels (N, L); finite; higher means more positive.
        targets: bool (N,), both classes; of L labels float (N, L): 0, 1, or NaN where it is not
            known, and both classes in one label or more.
        embeddings: float (N, D), what the last layer saw; None if they were not kept.
        validation: scores and targets likewise of the run's validation set, which each seed cuts
            anew; None of a trial of a version that did not keep them.
        labels: names of the L labels; none of a task of one.
        classes: the labels are classes, one of which is 1 of each image.
        groups: int (N,), which group (a patient) each image is of; None: there are none.
        metadata: raw columns of the images by name, float or str (N,).
        distributions: int (n, 2, 2, B), at each interval that was looked at, of the training and of
            the test images, of the negatives and of the positives, how many scores (sigmoids of
            logits) lie in each of B equal bins from 0 to 1; None: the trial kept no diagnostics.
    """

    scores: Floats
    targets: NDArray[Any]
    embeddings: Floats | None
    validation: tuple[Floats, NDArray[Any]] | None = None
    labels: tuple[str, ...] = ()
    classes: bool = False
    groups: NDArray[np.int64] | None = None
    metadata: Mapping[str, NDArray[Any]] = field(default_factory=dict)
    distributions: NDArray[np.integer[Any]] | None = None

    @property
    def drawn(self) -> NDArray[np.int64] | None:
        """(N,), images of one number are drawn together; None: each is drawn by itself.

        Those of a group are; of several labels the entries of one image are.
        """
        if self.groups is None and self.labels:
            return np.arange(len(self.scores))
        return self.groups

    @property
    def positive(self) -> NDArray[np.bool_]:
        """(N,), images that are positive in a label; of classes those of the rarer half, the last
        in training.
        """
        if self.classes:
            return np.asarray(self.targets.argmax(axis=1) >= len(self.labels) // 2)
        return (self.targets == 1).reshape(len(self.targets), -1).any(axis=1)

    @cached_property
    def by_label(self) -> tuple["OfLabel", ...]:
        """The labels whose known images have both classes, in order."""
        if not self.labels:
            own = OfLabel("", np.arange(len(self.scores)), self)
            return (own,) if _both(self.targets) else ()
        columns = (self._label(place) for place in range(len(self.labels)))
        return tuple(each for each in columns if each is not None)

    def only(self, chosen: NDArray[np.bool_]) -> "Predictions":
        """The test images that are ``chosen`` (N,) alone; a class, or all labels, may be lost."""
        groups = None if self.groups is None else self.groups[chosen]
        metadata = {name: column[chosen] for name, column in self.metadata.items()}
        return replace(
            self,
            scores=self.scores[chosen],
            targets=self.targets[chosen],
            embeddings=None if self.embeddings is None else self.embeddings[chosen],
            groups=groups,
            metadata=metadata,
        )

    def _label(self, place: int) -> "OfLabel | None":
        column = self.targets[:, place]
        known = np.flatnonzero(~np.isnan(column))
        if not _both(column[known]):
            return None
        validation = None
        if self.validation is not None:
            scores, targets = (each[:, place] for each in self.validation)
            kept = ~np.isnan(targets)
            if _both(targets[kept]):
                validation = scores[kept], targets[kept].astype(bool)
        said = Predictions(
            self.scores[known, place],
            column[known].astype(bool),
            None,
            validation,
            groups=None if self.drawn is None else self.drawn[known],
        )
        return OfLabel(self.labels[place], known, said)


class OfLabel(NamedTuple):
    """One label of a test set.

    Attributes:
        name: of the label; "" in a task of one.
        images: (n,), places of the images for which it is known.
        said: of these; its groups are images that are drawn together.
    """

    name: str
    images: Places
    said: Predictions


def _both(targets: NDArray[Any]) -> bool:
    return bool((targets == 1).any() and (targets == 0).any())


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
    labels = tuple(map(str, np.asarray(file["labels"]))) if "labels" in file else ()
    scores, targets = _scored(file, "", labels)
    # With one label, or none that is named, all is as in a task of one.
    labels = labels if scores.ndim == 2 else ()
    embeddings = np.asarray(file["embeddings"]) if "embeddings" in file else None
    if embeddings is not None and (embeddings.ndim != 2 or len(embeddings) != len(scores)):
        raise ValueError(f"embeddings {embeddings.shape} must be one row a score")
    validation = _scored(file, "val_", labels) if "val_scores" in file else None
    groups = _column(file, "groups", "iu", len(scores)) if "groups" in file else None
    metadata = {
        name.removeprefix(METADATA): _column(file, name, "fU", len(scores))
        for name in file
        if name.startswith(METADATA)
    }
    classes = bool(labels) and "classes" in file and bool(np.asarray(file["classes"]))
    if classes and not (targets.sum(axis=1) == 1).all():
        raise ValueError("exactly one of the classes must be 1 of each image")
    return Predictions(
        scores,
        targets,
        embeddings,
        validation,
        labels,
        classes,
        groups,
        metadata,
        _distributions(file) if "diag_scores" in file else None,
    )


def _distributions(file: Any) -> NDArray[np.integer[Any]]:
    counts = np.asarray(file["diag_scores"])
    if counts.ndim != 4 or counts.shape[1:3] != (2, 2) or counts.dtype.kind not in "iu":
        raise ValueError(f"diag_scores {counts.shape} of {counts.dtype} must be counts by class")
    if (counts < 0).any() or not counts.sum(axis=-1).all():
        raise ValueError("diag_scores must count images of each class")
    return counts


def _scored(file: Any, of: str, labels: tuple[str, ...]) -> tuple[Floats, NDArray[Any]]:
    """Scores and targets of the test set (``of`` "") or of the validation set ("val_")."""
    scores, targets = np.asarray(file[f"{of}scores"]), np.asarray(file[f"{of}targets"])
    if scores.ndim == 2 and scores.shape == (len(targets), len(labels)) == targets.shape:
        return _labelled(scores, targets, of)
    if scores.ndim != 1 or scores.shape != targets.shape or scores.dtype.kind != "f":
        raise ValueError(
            f"scores {scores.shape} and targets {targets.shape} must be two vectors, or have a "
            "column for each of labels"
        )
    if not np.isfinite(scores).all() or set(np.unique(targets)) != {0, 1}:
        raise ValueError("scores must be finite and targets 0 and 1, both present")
    return scores, targets.astype(bool)


def _labelled(scores: NDArray[Any], targets: NDArray[Any], of: str) -> tuple[Floats, Floats]:
    if scores.dtype.kind != "f" or not np.isfinite(scores).all():
        raise ValueError("scores must be finite numbers")
    if targets.dtype.kind not in "fiub":
        raise ValueError("targets must be numbers")
    targets = targets.astype(np.float32)
    if not np.isin(targets[~np.isnan(targets)], (0, 1)).all():
        raise ValueError("targets must be 0, 1 or, where it is not known, NaN")
    # Of a validation set without both classes there is no calibration, and all else is.
    if not of and not any(map(_both, targets.T)):
        raise ValueError("a label must have both classes")
    return scores, targets


def _column(file: Any, name: str, kinds: str, count: int) -> NDArray[Any]:
    column = np.asarray(file[name])
    if column.shape != (count,) or column.dtype.kind not in kinds:
        raise ValueError(f"{name} {column.shape} of {column.dtype} must be one value a score")
    return column


def _reason(error: Exception) -> str:
    if isinstance(error, FileNotFoundError):
        return f"{error.filename} is missing"
    return f"{type(error).__name__}: {error}"
