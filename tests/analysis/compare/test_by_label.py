"""Single labels of a task with several: values from the files, tests over labels and pairs."""

import math
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, roc_auc_score

from analysis.compare import by_label
from analysis.compare.delong import over_labels, placements
from analysis.findings import Findings
from analysis.holm import holm
from analysis.images.predictions import load_predictions
from analysis.results import Results
from tests.analysis.patients import FINDINGS, patients_study

GAPS = {"ce": 1.0, "auc_m": 1.7, "ct_auc": 1.6}


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Results:
    return patients_study(tmp_path_factory.mktemp("labels"), GAPS, np.random.default_rng(0))


def column(results: Results, method: str, row: int, label: str) -> tuple[np.ndarray, ...]:
    """Targets, scores and groups of the images for which the label is known."""
    cell = results.cells.set_index("method")["cell"][method]
    said = load_predictions(results, cell, row)
    place = said.labels.index(label)
    known = ~np.isnan(said.targets[:, place])
    assert said.groups is not None
    return said.targets[known, place] == 1, said.scores[known, place], said.groups[known]


def test_values_are_those_of_the_files(study: Results) -> None:
    cells = Findings(study).by_label.cells
    assert cells["label"].tolist() == [label for label in FINDINGS for _ in GAPS]
    row = cells[(cells["method"] == "auc_m") & (cells["label"] == "Edema")].iloc[0]
    files = [column(study, "auc_m", i, "Edema")[:2] for i in range(3)]
    assert row["mean"] == pytest.approx(np.mean([roc_auc_score(*file) for file in files]))
    assert row["std"] == pytest.approx(np.std([roc_auc_score(*file) for file in files], ddof=1))
    precise = np.mean([average_precision_score(*file) for file in files])
    assert row["auprc"] == pytest.approx(precise)
    assert (row["positives"], row["negatives"]) == (files[0][0].sum(), (~files[0][0]).sum())
    assert row["rows"] == (0, 1, 2)
    assert (cells["low"] < cells["mean"]).all()
    assert (cells["mean"] < cells["high"]).all()
    assert (cells.groupby("label")["best"].sum() == 1).all()


def test_the_mean_of_the_labels_is_the_studys(study: Results) -> None:
    found = Findings(study)
    means = found.by_label.cells.groupby("method")["mean"].mean()
    scores = found.scores.set_index("method")["mean"]
    for method in GAPS:
        assert means[method] == pytest.approx(scores[method], abs=1e-6)


def test_the_pair_by_the_mean_is_over_labels_and_patients(study: Results) -> None:
    """DeLong's error of the mean difference, put together from single labels and runs."""
    (pair,) = (p for p in Findings(study).within.pairs if {p.a, p.b} == {"auc_m", "ce"})
    both = []
    for label in FINDINGS:
        files = {m: [column(study, m, i, label) for i in range(3)] for m in ("auc_m", "ce")}
        targets, _, groups = files["ce"][0]
        a, b = (
            placements(np.stack([scores for _, scores, _ in files[m]]), targets, groups)
            for m in ("auc_m", "ce")
        )
        both.append(a.minus(b))
    assert pair.basis == "seeds and images"
    assert pair.error_images == pytest.approx(over_labels(both).error)
    assert pair.difference == pytest.approx(over_labels(both).auroc.mean(), abs=1e-6)


def test_holm_is_over_labels_and_pairs(study: Results) -> None:
    pairs = Findings(study).by_label.pairs
    assert len(pairs) == len(FINDINGS) * 3
    expected = holm([pair.p for _, pair in pairs])
    assert [pair.p_holm for _, pair in pairs] == pytest.approx(expected.tolist())
    frame = by_label.table(pairs)
    assert frame["label"].tolist() == [label for label in FINDINGS for _ in range(3)]
    cells = Findings(study).by_label.cells
    beaten = {(label, pair.a, pair.b) for label, pair in pairs if pair.better}
    best = cells[cells["best"]].set_index("label")["method"]
    for row in cells.to_dict("records"):
        told = (row["label"], best[row["label"]], row["method"]) in beaten
        assert row["near"] == (not row["best"] and not told)


def test_two_methods_are_corrected_over_labels_alone(tmp_path: Path) -> None:
    results = patients_study(tmp_path, {"a": 1.0, "b": 1.5}, np.random.default_rng(1))
    pairs = Findings(results).by_label.pairs
    assert [label for label, _ in pairs] == [*FINDINGS]
    expected = holm([pair.p for _, pair in pairs])
    assert [pair.p_holm for _, pair in pairs] == pytest.approx(expected.tolist())


def rewrite(results: Results, place: int, targets: np.ndarray) -> None:
    """A label of every file anew."""
    for path in (results.study.directory / "predictions").iterdir():
        with np.load(path) as file:
            kept = dict(file)
        kept["targets"][:, place] = targets
        np.savez(path, allow_pickle=False, **kept)


def test_a_label_without_a_class_is_lost_and_one_positive_is_not_tested(tmp_path: Path) -> None:
    results = patients_study(tmp_path, {"a": 1.0, "b": 1.5}, np.random.default_rng(2))
    images = len(load_predictions(results, results.cells["cell"].iloc[0], 0).targets)
    rewrite(results, 4, np.zeros(images, dtype=np.float32))
    rewrite(results, 3, (np.arange(images) == 0).astype(np.float32))
    found = Findings(results)
    assert [*found.by_label.lost.values()] == [("Hernia",)]
    cells = found.by_label.cells
    assert cells["label"].unique().tolist() == [*FINDINGS[:4]]
    rare = cells[cells["label"] == "Effusion"]
    assert rare["mean"].notna().all()
    assert rare[["low", "high"]].isna().all(axis=None)
    bases = {label: pair.basis for label, pair in found.by_label.pairs}
    assert bases["Effusion"] == "seeds"
    assert bases["Edema"] == "seeds and images"
    whys = {images.why for images in found.within.images.values()}
    assert whys == {"the test set has fewer than two groups with a class for label Effusion"}


def test_one_seed_has_the_interval_over_images(tmp_path: Path) -> None:
    results = patients_study(tmp_path, {"a": 1.0}, np.random.default_rng(3), seeds=1)
    cells = Findings(results).by_label.cells
    assert (cells["low"] < cells["high"]).all()
    assert cells["std"].isna().all()


def test_a_task_of_one_label_has_none(tmp_path: Path) -> None:
    results = patients_study(tmp_path, {"a": 1.0}, np.random.default_rng(4), labels=())
    found = Findings(results)
    assert results.labels == {}
    assert found.by_label.cells.empty
    assert not found.by_label.pairs
    assert not math.isnan(found.scores["images_low"].iloc[0])
