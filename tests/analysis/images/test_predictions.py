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


SEVERAL = {
    "scores": np.linspace(-1, 1, 8, dtype=np.float32).reshape(4, 2),
    "targets": np.array([[1, 0], [0, np.nan], [np.nan, 0], [0, 0]], dtype=np.float32),
    "labels": np.array(["Edema", "Mass"]),
    "val_scores": np.eye(3, 2, dtype=np.float32),
    "val_targets": np.array([[1, np.nan], [0, 1], [np.nan, 1]], dtype=np.float32),
}


def test_several_labels_come_back_each_on_its_own_images(one: Results) -> None:
    keep(one, **SEVERAL)
    found = load_predictions(one, "ce", 0)
    assert found.labels == ("Edema", "Mass")
    np.testing.assert_array_equal(found.targets, SEVERAL["targets"])
    assert found.positive.tolist() == [True, False, False, False]
    assert found.drawn is not None
    assert found.drawn.tolist() == [0, 1, 2, 3]  # the labels of an image are drawn together
    (edema,) = found.by_label  # Mass has no positive
    assert (edema.name, edema.images.tolist()) == ("Edema", [0, 1, 3])
    assert edema.said.targets.tolist() == [True, False, False]
    assert edema.said.scores.tolist() == SEVERAL["scores"][[0, 1, 3], 0].tolist()
    assert edema.said.groups is not None
    assert edema.said.groups.tolist() == [0, 1, 3]
    assert edema.said.validation is not None
    assert [each.tolist() for each in edema.said.validation] == [[1, 0], [True, False]]


def test_groups_and_metadata_come_back_and_may_be_parted(one: Results) -> None:
    columns = {
        "groups": np.array([7, 7, 3]),
        "metadata.sex": np.array(["f", "", "m"]),
        "metadata.age": np.array([50.0, np.nan, 61.0]),
    }
    keep(one, scores=SCORES, targets=TARGETS, **columns)
    found = load_predictions(one, "ce", 0)
    assert found.drawn is not None
    assert found.drawn.tolist() == [7, 7, 3]
    assert found.metadata.keys() == {"sex", "age"}
    part = found.only(found.metadata["sex"] != "m")
    assert part.scores.tolist() == SCORES[:2].tolist()
    assert part.drawn is not None
    assert part.drawn.tolist() == [7, 7]
    assert part.metadata["sex"].tolist() == ["f", ""]
    (whole,) = part.by_label
    assert whole.said is part
    assert found.only(found.metadata["sex"] == "m").by_label == ()  # one class alone


def test_a_label_by_itself_is_a_task_of_one(one: Results) -> None:
    keep(one, scores=SCORES, targets=TARGETS, labels=np.array(["malignant"]))
    found = load_predictions(one, "ce", 0)
    assert found.labels == ()
    assert found.drawn is None


@pytest.mark.parametrize(
    ("arrays", "words"),
    [
        ({"labels": np.array(["Edema"])}, "a column for each of labels"),
        ({"targets": SEVERAL["targets"][:3]}, "a column for each of labels"),
        ({"targets": SEVERAL["targets"] + 0.5}, "0, 1 or, where it is not known, NaN"),
        ({"targets": np.full((4, 2), np.nan)}, "must have both classes"),
        ({"scores": np.full((4, 2), np.nan)}, "finite"),
        ({"targets": np.full((4, 2), "a")}, "must be numbers"),
        ({"groups": np.zeros(3, dtype=int)}, "groups .* must be one value a score"),
        ({"groups": np.zeros(4)}, "groups .* must be one value a score"),
        ({"metadata.sex": np.array(["f"])}, "metadata.sex .* must be one value a score"),
        ({"metadata.sex": np.array([None] * 4)}, "allow_pickle"),
    ],
)
def test_other_labels_groups_and_metadata_are_refused(
    one: Results, arrays: dict[str, Any], words: str
) -> None:
    keep(one, **(SEVERAL | arrays))
    with pytest.raises(AnalysisError, match=words):
        load_predictions(one, "ce", 0)


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
