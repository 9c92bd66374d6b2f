"""Studies whose methods of a seed share test and validation images, of normal scores."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.metrics import roc_auc_score

from analysis.results import Results, from_record
from study.records import StudyRecord
from tests.analysis.known_truth import random_cell

__all__ = ["binormal", "binormal_study", "rewritten"]


def binormal(
    rng: np.random.Generator, targets: np.ndarray, gaps: Sequence[float], share: float = 0.5
) -> np.ndarray:
    """(K, *targets.shape) scores whose classes lie so far apart: AUROC Phi(gap / sqrt 2).

    ``share`` of the variance within a class is the image's own, the same for all K.
    """
    shape = np.shape(targets)
    own = rng.normal(size=(len(gaps), *shape))
    apart = np.reshape(gaps, (-1, *[1] * len(shape))) * np.nan_to_num(targets)
    scores = apart + np.sqrt(share) * rng.normal(size=shape) + np.sqrt(1 - share) * own
    return scores.astype(np.float32)


def binormal_study(
    folder: Path,
    gaps: Mapping[str, float],
    rng: np.random.Generator,
    *,
    seeds: int = 3,
    images: int = 200,
    validation: int = 100,
    labels: Sequence[str] = (),
    searches: int = 1,
    groups: bool = False,
    ratios: Sequence[float | None] = (0.1,),
) -> Results:
    """One setting a ratio, a quarter of its images positive; the first method's scores are exp of
    what they would be, as if its loss had another scale.

    Args:
        folder: where predictions are written.
        gaps: distance of the classes by method.
        rng: draws all.
        seeds: confirm seeds, in turn of each of ``searches``.
        images, validation: sizes of the test set and, 0 for none, of a seed's validation set.
        labels: two or more, of which a tenth of the entries is not known; none: a task of one.
        groups: test images come in fours.
        ratios: of the settings.
    """
    (folder / "predictions").mkdir(parents=True, exist_ok=True)
    cells = []
    for ratio in ratios:
        targets = _targets(rng, images, labels)
        own = {m: random_cell(rng, m, "cifar10-mlp", ratio, trials=1, seeds=seeds) for m in gaps}
        rows: dict[str, list[Any]] = {method: [] for method in gaps}
        for seed in range(seeds):
            known = _targets(rng, validation, labels) if validation else None
            said = binormal(rng, targets, [*gaps.values()])
            val = None if known is None else binormal(rng, known, [*gaps.values()])
            for i, method in enumerate(gaps):
                scale = np.exp if i == 0 else np.asarray
                kept = {"scores": scale(said[i]), "targets": targets}
                if val is not None:
                    kept |= {"val_scores": scale(val[i]), "val_targets": known}
                if labels:
                    kept["labels"] = np.array(labels)
                if groups:
                    kept["groups"] = np.arange(images) // 4
                row = own[method].confirm[seed]
                np.savez(folder / str(row.predictions), allow_pickle=False, **kept)
                auroc = np.mean([roc_auc_score(*each) for each in _known(targets, said[i])])
                curve = row.curve
                if labels:
                    named = {f"val_auroc.{label}": 0.8 for label in labels}
                    curve = tuple(point | named for point in curve)
                again = replace(row, test_auroc=float(auroc), repeat=seed % searches, curve=curve)
                rows[method].append(again)
        cells += [replace(own[method], confirm=tuple(rows[method])) for method in gaps]
    return from_record(StudyRecord("binormal", folder, {}, {}, tuple(cells)))


def rewritten(results: Results, **change: Any) -> None:
    """Every file of predictions anew: each of ``change`` makes an array from what was kept."""
    for path in sorted((results.study.directory / "predictions").iterdir()):
        with np.load(path) as file:
            kept = dict(file)
        made = {name: make(kept) for name, make in change.items()}
        np.savez(path, allow_pickle=False, **(kept | made))


def _targets(rng: np.random.Generator, images: int, labels: Sequence[str]) -> np.ndarray:
    if not labels:
        return np.asarray(rng.permutation(images) < images // 4)
    columns = [rng.permutation(images) < images // 4 for _ in labels]
    gaps = rng.uniform(size=(images, len(labels))) < 0.1
    return np.where(gaps, np.nan, np.stack(columns, axis=1)).astype(np.float32)


def _known(targets: np.ndarray, scores: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
    """Targets and scores label by label, where they are known."""
    if targets.ndim == 1:
        return [(targets, scores)]
    columns = zip(targets.T, scores.T, strict=True)
    return [(t[~np.isnan(t)] == 1, s[~np.isnan(t)]) for t, s in columns]
