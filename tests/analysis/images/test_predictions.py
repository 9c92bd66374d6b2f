"""Predictions are read as they were kept, and whatever else lies there is refused in words."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from analysis.errors import AnalysisError
from analysis.images.predictions import load_predictions
from analysis.results import Results, from_record

Build = Callable[..., Any]
SCORES = np.array([0.1, 0.7, 0.4], dtype=np.float32)
TARGETS = np.array([0, 1, 0], dtype=np.uint8)


@pytest.fixture
def one(study: Build, cell: Build, trial: Build, confirm: Build, tmp_path: Path) -> Results:
    """A study whose confirm row 0 names predictions/a.npz, and row 1 none."""
    rows = (confirm(0, 0.8, predictions="predictions/a.npz"), confirm(1, 0.8))
    record = study(cell("ce", id="ce", search=(trial(),), confirm=rows), directory=tmp_path)
    (tmp_path / "predictions").mkdir()
    return from_record(record)


def keep(results: Results, **arrays: Any) -> None:
    np.savez(results.study.directory / "predictions" / "a.npz", **arrays)


def test_what_was_kept_comes_back(one: Results) -> None:
    keep(one, scores=SCORES, targets=TARGETS)
    found = load_predictions(one, "ce", 0)
    assert found.scores.tolist() == SCORES.tolist()
    assert found.targets.tolist() == [False, True, False]
    assert found.embeddings is None
    keep(one, scores=SCORES, targets=TARGETS, embeddings=np.eye(3, 2, dtype=np.float32))
    embeddings = load_predictions(one, "ce", 0).embeddings
    assert embeddings is not None
    assert embeddings.tolist() == np.eye(3, 2).tolist()
    assert found.validation is None
    keep(one, scores=SCORES, targets=TARGETS, val_scores=SCORES[:2], val_targets=TARGETS[:2])
    validation = load_predictions(one, "ce", 0).validation
    assert validation is not None
    assert [each.tolist() for each in validation] == [SCORES[:2].tolist(), [False, True]]


@pytest.mark.parametrize(
    ("arrays", "words"),
    [
        ({"scores": SCORES}, "targets"),
        ({"scores": SCORES, "targets": TARGETS[:2]}, "two vectors"),
        ({"scores": SCORES, "targets": np.zeros(3)}, "both present"),
        ({"scores": np.array([0.1, np.nan, 0.2]), "targets": TARGETS}, "finite"),
        ({"scores": np.array([None, 1, 2]), "targets": TARGETS}, "allow_pickle"),
        ({"scores": np.array(["a", "b", "c"]), "targets": TARGETS}, "two vectors"),
        ({"scores": SCORES, "targets": TARGETS, "embeddings": np.eye(2)}, "one row a score"),
        ({"scores": SCORES, "targets": TARGETS, "val_scores": SCORES}, "val_targets"),
    ],
)
def test_another_content_is_refused(one: Results, arrays: dict[str, Any], words: str) -> None:
    keep(one, **arrays)
    with pytest.raises(AnalysisError, match=words):
        load_predictions(one, "ce", 0)


def test_missing_damaged_and_foreign_files_are_refused(
    one: Results, study: Build, cell: Build, trial: Build, confirm: Build
) -> None:
    with pytest.raises(AnalysisError, match=r"a\.npz is missing.*run that trial again"):
        load_predictions(one, "ce", 0)
    for content in (b"", b"PK\x03\x04 cut short", b"plain text"):
        (one.study.directory / "predictions" / "a.npz").write_bytes(content)
        with pytest.raises(AnalysisError, match="cannot be read"):
            load_predictions(one, "ce", 0)
    with pytest.raises(AnalysisError, match="not in the ledger"):
        load_predictions(one, "ce", 1)
    with pytest.raises(AnalysisError, match="not in the ledger"):
        load_predictions(one, "ce", 7)
    rows = (confirm(0, 0.8, predictions="../outside.npz"),)
    record = study(cell("ce", id="ce", search=(trial(),), confirm=rows))
    with pytest.raises(AnalysisError, match="must be a file predictions"):
        load_predictions(from_record(record), "ce", 0)
