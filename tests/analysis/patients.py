"""Studies of test images that come in patients, with several labels, some unknown, and metadata."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.metrics import roc_auc_score

from analysis.results import Results, from_record
from study.records import StudyRecord, TrialRecord
from tests.analysis.known_truth import random_cell

__all__ = ["FINDINGS", "grouped_scores", "patient_numbers", "patients_study"]

FINDINGS = ("Atelectasis", "Cardiomegaly", "Edema", "Effusion", "Hernia")


def patient_numbers(rng: np.random.Generator, patients: int, most: int = 4) -> np.ndarray:
    """(N,), the patient of each image: one to ``most`` images each."""
    return np.repeat(np.arange(patients), rng.integers(1, most + 1, patients))


def grouped_scores(
    rng: np.random.Generator, of: np.ndarray, targets: np.ndarray, gap: float, share: float = 0.6
) -> np.ndarray:
    """(N,) scores, of whose variance within a class ``share`` is the patient's own."""
    own = rng.normal(size=int(of.max()) + 1)[of]
    return gap * targets + np.sqrt(share) * own + np.sqrt(1 - share) * rng.normal(size=len(of))


def patients_study(
    folder: Path,
    gaps: Mapping[str, float],
    rng: np.random.Generator,
    *,
    labels: Sequence[str] = FINDINGS,
    patients: int = 150,
    seeds: int = 3,
    grouped: bool = True,
    metadata: bool = True,
    ratios: Sequence[float | None] = (None,),
    provenance: Mapping[str, Any] | None = None,
    **spec: Any,
) -> Results:
    """Methods whose classes lie so far apart, on a test set of patients.

    Args:
        folder: where the predictions are written.
        gaps: by method.
        rng: draws all.
        labels: of which about a sixth of the entries are not known; one or none: a task of one
            label, all known.
        patients: of the test set, and of the validation set.
        seeds: confirm seeds a method.
        grouped: the files say which patient each image is of.
        metadata: the files have columns sex, site, age and machine.
        ratios: imbalance ratios, with test images of their own.
        provenance: of the study.
        spec: keys of its spec.
    """
    (folder / "predictions").mkdir(parents=True, exist_ok=True)
    cells = []
    for ratio in ratios:
        of = patient_numbers(rng, patients)
        targets = _targets(rng, of, labels)
        shared = _hard(rng, of, targets)
        columns = _metadata(rng, of) if metadata else {}
        for method, gap in gaps.items():
            cell = random_cell(rng, method, "chexpert-small", ratio, trials=2, seeds=seeds)
            rows = []
            for row in cell.confirm:
                kept = _said(rng, targets, gap, shared) | columns
                kept |= {
                    f"val_{name}": each for name, each in _validation(rng, gap, labels).items()
                }
                if len(labels) > 1:
                    kept["labels"] = np.array(labels)
                if grouped:
                    kept["groups"] = of.astype(np.int64)
                np.savez(folder / str(row.predictions), allow_pickle=False, **kept)
                rows.append(_told(row, kept["scores"], kept["targets"], labels))
            cells.append(replace(cell, confirm=tuple(rows)))
    study = StudyRecord("patients", folder, dict(spec), dict(provenance or {}), tuple(cells))
    return from_record(study)


def _targets(rng: np.random.Generator, of: np.ndarray, labels: Sequence[str]) -> np.ndarray:
    """(N,) bool, or (N, L) float32 with gaps; a patient's images are alike."""
    rates = np.linspace(0.35, 0.12, max(1, len(labels)))
    ill = rng.uniform(size=(int(of.max()) + 1, len(rates))) < rates
    seen = ill[of] ^ (rng.uniform(size=(len(of), len(rates))) < 0.05)
    if len(labels) < 2:
        return seen[:, 0]
    gaps = rng.uniform(size=seen.shape) < 1 / 6
    return np.where(gaps, np.nan, seen).astype(np.float32)


def _hard(rng: np.random.Generator, of: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """What is hard about an image for every run, of a variance of 0.6, most of it the patient's."""
    own = rng.normal(size=(int(of.max()) + 1, *targets.shape[1:]))[of]
    return np.sqrt(0.4) * own + np.sqrt(0.2) * rng.normal(size=targets.shape)


def _said(
    rng: np.random.Generator, targets: np.ndarray, gap: float, hard: np.ndarray
) -> dict[str, np.ndarray]:
    gap = gap + 0.1 * rng.normal()
    noise = hard + np.sqrt(0.4) * rng.normal(size=targets.shape)
    return {
        "scores": (gap * np.nan_to_num(targets) + noise).astype(np.float32),
        "targets": targets,
    }


def _validation(
    rng: np.random.Generator, gap: float, labels: Sequence[str]
) -> dict[str, np.ndarray]:
    of = patient_numbers(rng, 120)
    targets = _targets(rng, of, labels)
    return _said(rng, targets, gap, _hard(rng, of, targets))


def _metadata(rng: np.random.Generator, of: np.ndarray) -> dict[str, np.ndarray]:
    patients = int(of.max()) + 1
    sites = np.array(["arm", "leg", "torso", ""])
    return {
        "metadata.sex": np.array(["female", "male"])[rng.integers(0, 2, patients)][of],
        "metadata.site": sites[rng.integers(0, 4, patients)][of],
        "metadata.age": rng.normal(60, 12, patients)[of],
        "metadata.machine": np.array([f"no {i}" for i in range(40)])[rng.integers(0, 40, len(of))],
    }


def _told(
    row: TrialRecord, scores: np.ndarray, targets: np.ndarray, labels: Sequence[str]
) -> TrialRecord:
    """The row with its test AUROC, and a curve of every label."""
    if targets.ndim == 1:
        return replace(row, test_auroc=float(roc_auc_score(targets, scores)))
    known = ~np.isnan(targets)
    aurocs = [float(roc_auc_score(targets[k, i], scores[k, i])) for i, k in enumerate(known.T)]
    curve = tuple(
        point
        | {f"val_auroc.{label}": point["val_auroc"] - 0.01 * i for i, label in enumerate(labels)}
        for point in row.curve
    )
    return replace(row, test_auroc=float(np.mean(aurocs)), curve=curve)
