"""A report of long-tailed classes: every chapter stands, and says what is of classes."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, roc_auc_score

from analysis.export import frames
from analysis.findings import Findings
from analysis.images.predictions import _checked
from analysis.report import sections
from analysis.results import Results, from_record
from study.records import StudyRecord
from tests.analysis.known_truth import random_cell

NAMES = ("ant", "bee", "cow", "dog")
GAPS = {"ce": 1.0, "weighted_ce": 2.0}


def said(rng: np.random.Generator, true: np.ndarray, gap: float) -> np.ndarray:
    """Log odds of each class against the rest."""
    logits = rng.normal(size=(len(true), 4)) + gap * np.eye(4)[true]
    p = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    return np.log(p / (1 - p)).astype(np.float32)


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Results:
    folder = tmp_path_factory.mktemp("classes")
    (folder / "predictions").mkdir()
    rng = np.random.default_rng(0)
    true, val = np.arange(200) % 4, np.arange(80) % 4
    cells = []
    for method, gap in GAPS.items():
        cell = random_cell(rng, method, "digits-lt10", None, trials=2, seeds=3)
        rows = []
        for row in cell.confirm:
            scores = said(rng, true, gap)
            np.savez(
                folder / str(row.predictions),
                scores=scores,
                targets=np.eye(4, dtype=np.float32)[true],
                val_scores=said(rng, val, gap),
                val_targets=np.eye(4, dtype=np.float32)[val],
                labels=np.array(NAMES),
                classes=np.array(True),
                embeddings=rng.normal(size=(200, 3)).astype(np.float32),
            )
            auroc = np.mean([roc_auc_score(true == c, scores[:, c]) for c in range(4)])
            accuracy = accuracy_score(true, scores.argmax(1))
            curve = tuple(
                point | {f"val_auroc.{name}": 0.9 for name in NAMES} | {"val_accuracy": 0.7}
                for point in row.curve
            )
            told = {"test_auroc": float(auroc), "test_accuracy": accuracy, "curve": curve}
            rows.append(replace(row, value=0.7, **told))
        run = {**cell.run, "long_tail": 10.0, "select": "accuracy"}
        cells.append(replace(cell, confirm=tuple(rows), run=run))
    spec = {"metrics": ["auroc", "accuracy", "hand_till", "brier"]}
    return from_record(StudyRecord("tails", folder, spec, {}, tuple(cells)))


def test_every_chapter_stands(results: Results) -> None:
    made = {section.key: section for section in sections(Findings(results))}
    assert {"metrics", "labels", "roc", "tsne", "ensembles"} <= made.keys()
    assert results.labels == {"digits-lt10": NAMES}
    assert results.classes == {"digits-lt10"}
    gaps = next(table for table in made["main-table"].tables() if table.name == "selection-gap")
    assert "in accuracy" in gaps.caption
    assert gaps.data["confirm_test"].tolist() == pytest.approx(
        results.confirm.groupby("method", sort=False)["test_accuracy"].mean().tolist()
    )


def test_metrics_of_all_classes_and_of_each(results: Results) -> None:
    measured = Findings(results).measured
    means = measured.cells.set_index(["method", "metric"])["mean"]
    for method in GAPS:
        own = results.confirm[results.confirm["method"] == method]
        assert means[method, "accuracy"] == pytest.approx(own["test_accuracy"].mean())
        assert means[method, "hand_till"] > 0.6
    assert {*measured.labels["label"]} == {*NAMES}
    assert {*measured.labels["metric"]} == {"accuracy", "hand_till", "brier"}
    pairs = {pair.metric: pair for pair in measured.pairs}
    assert pairs["accuracy"].a == pairs["hand_till"].a == "weighted_ce"
    assert pairs["accuracy"].better


def test_exports_have_them(results: Results) -> None:
    made, unread = frames(results)
    assert not unread
    own = made["metrics"]
    whole = own[own["label"] == ""]
    assert whole["accuracy"].tolist() == pytest.approx(made["confirm"]["test_accuracy"].tolist())
    assert own["hand_till"].notna().all()


def test_a_file_whose_targets_are_no_classes_is_refused(tmp_path: Path) -> None:
    targets = np.eye(4, dtype=np.float32)[np.arange(8) % 4]
    targets[0] = 1
    scores = np.zeros((8, 4), np.float32)
    file = tmp_path / "file.npz"
    np.savez(file, scores=scores, targets=targets, labels=np.array(NAMES), classes=np.array(True))
    with pytest.raises(ValueError, match="exactly one of the classes"), np.load(file) as kept:
        _checked(kept)
