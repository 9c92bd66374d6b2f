"""A whole report and every export of a study with labels, patients and metadata, names evil."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from analysis import columns, export, report
from analysis.exporters import mlflow
from analysis.exporters.runs import runs
from analysis.findings import Findings
from analysis.images.predictions import load_predictions
from analysis.read.several import combine
from analysis.results import Results
from analysis.write.blocks import Figure, Table
from tests.analysis.conftest import EVIL
from tests.analysis.patients import patients_study

LABELS = (EVIL, "Edema", "Lung opacity (any)")


@pytest.fixture(scope="module")
def evil(tmp_path_factory: pytest.TempPathFactory) -> Results:
    """Markup as the name of a label, a column and a category; embeddings of the first seeds."""
    folder = tmp_path_factory.mktemp("evil-patients")
    tasks = {EVIL: {"labels": LABELS, "notes": [EVIL], "parts": {}}}
    results = patients_study(
        folder,
        {"ce": 1.0, "auc_m": 1.6},
        np.random.default_rng(0),
        labels=LABELS,
        metrics=["auroc", "auprc", "brier", "calibration_slope"],
        provenance={"tasks": tasks},
    )
    for path in (folder / "predictions").iterdir():
        with np.load(path) as file:
            kept = dict(file)
        kept[f"metadata.{EVIL.replace('/', '')}"] = np.where(kept["groups"] % 2, EVIL, "other")
        if path.stem.endswith("confirm0"):
            kept["embeddings"] = np.nan_to_num(kept["scores"]).repeat(2, axis=1)
        np.savez(path, allow_pickle=False, **kept)
    return results


def test_the_report_escapes_and_has_every_chapter(evil: Results, tmp_path: Path) -> None:
    page = report.write_results(evil, tmp_path)
    text = page.read_text()
    assert page.stat().st_size < 8_000_000
    assert "<script>alert" not in text
    assert "<img src=x" not in text
    for key in ("labels", "subgroups", "data", "metrics", "roc", "tsne"):
        assert f'<section id="{key}"' in text
    assert "Positive: in any of the labels." in text
    for name in ("labels", "labels-pairs", "labels-auprc", "metrics-labels", "subgroups"):
        for kind in ("csv", "md", "tex"):
            assert (tmp_path / "tables" / f"{name}.{kind}").stat().st_size > 100
    drawn = {path.name for path in (tmp_path / "figures").iterdir()}
    assert {f"{name}-0.svg" for name in ("label-intervals", "subgroups")} <= drawn
    frame = pd.read_csv(tmp_path / "tables" / "subgroups.csv")
    assert set(frame.columns) >= {"column", "category", "positives", "negatives", "low", "high"}


def test_names_of_blocks_are_unique(evil: Results) -> None:
    blocks = [block for part in report.sections(Findings(evil)) for block in part.blocks]
    for kind in (Figure, Table):
        names = [block.name for block in blocks if isinstance(block, kind)]
        assert len(set(names)) == len(names)


def test_frames_hold_every_label_image_and_group(evil: Results) -> None:
    made, unread = export.frames(evil)
    assert unread == []
    for name, table in made.items():
        own = [c for c in table.columns if not str(c).startswith("params_")]
        assert own == list(columns.FRAMES[name][1])
    said = load_predictions(evil, evil.cells["cell"].iloc[0], 1)
    trial = evil.confirm["trial"].iloc[1]
    rows = made["predictions"][made["predictions"]["trial"] == trial]
    edema = rows[rows["label"] == "Edema"]
    assert len(rows) == said.scores.size
    assert edema["score"].tolist() == said.scores[:, 1].tolist()
    expected = np.nan_to_num(said.targets[:, 1], nan=-1).tolist()
    assert edema["target"].tolist() == expected
    assert said.groups is not None
    assert edema["group"].tolist() == said.groups.tolist()
    metrics = made["metrics"][made["metrics"]["trial"] == trial].set_index("label")
    assert metrics.index.tolist() == ["", *LABELS]
    for name in ("auroc", "auprc", "brier"):
        assert metrics.loc[""][name] == pytest.approx(
            metrics.loc[list(LABELS), name].mean(), abs=1e-6
        )
    curves = made["label_curves"]
    assert set(curves["label"]) == set(LABELS)
    assert set(curves["phase"]) == {"confirm"}
    assert len(curves) == 2 * 3 * 3 * 5  # methods, seeds, labels, intervals


def test_files_come_back(evil: Results, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(export, "load", lambda _: evil)
    assert export.export(tmp_path, tmp_path / "out") == []
    back = pd.read_parquet(tmp_path / "out" / "predictions.parquet")
    assert set(back["label"]) == set(LABELS)
    assert len(pd.read_csv(tmp_path / "out" / "label_curves.csv")) == 90


def test_trackers_get_the_curves_of_labels(evil: Results) -> None:
    found, missing = runs(evil.study)
    assert missing == []
    confirm = next(run for run in found if "/confirm/" in run.trial)
    assert {f"val_auroc.{label}" for label in LABELS} <= confirm.curve[-1].metrics.keys()
    assert mlflow._name("val_auroc.Lung opacity (any)") == "val_auroc.Lung opacity -any-"


def test_two_studies_side_by_side(evil: Results, tmp_path: Path) -> None:
    """One with other labels is another task: their means do not compare."""
    first = evil.study
    cells = tuple(
        replace(cell, run=cell.run | {"data": {"labels": ["Edema"]}}) for cell in first.cells
    )
    both = combine([first, replace(first, name="other", cells=cells)])
    assert len(both.tasks) == 2
    assert any("data {} (patients) and {labels: [" in said for said in both.remarks)
    assert set(both.labels) == set(both.tasks)
    page = report.write_results(both, tmp_path)
    assert '<section id="labels"' in page.read_text()
    assert len(Findings(both).by_label.cells) == 2 * 2 * 3
