"""Subgroups of the test images against scikit-learn, and what has none."""

import math
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from analysis.compare import subgroups
from analysis.compare.delong import placements
from analysis.findings import Findings
from analysis.images.predictions import load_predictions
from analysis.results import Results
from tests.analysis.patients import patients_study


def first_of(results: Results) -> str:
    return str(results.cells["cell"].iloc[0])


@pytest.mark.parametrize("labels", [(), ("Edema", "Mass", "Hernia")])
def test_values_are_those_of_the_files(tmp_path: Path, labels: tuple[str, ...]) -> None:
    gaps = {"a": 1.0, "b": 1.5}
    results = patients_study(tmp_path, gaps, np.random.default_rng(0), labels=labels)
    cells = Findings(results).subgroups.cells
    kinds = list(dict.fromkeys(zip(cells["column"], cells["category"], strict=True)))
    sites = [("site", site) for site in ("arm", "leg", "torso", subgroups.MISSING)]
    assert kinds == [("sex", "female"), ("sex", "male"), *sites]
    for column, category in kinds:
        row = cells[
            (cells["column"] == column) & (cells["category"] == category) & (cells["method"] == "a")
        ].iloc[0]
        files = [load_predictions(results, first_of(results), i) for i in range(3)]
        wanted = "" if category == subgroups.MISSING else category
        chosen = files[0].metadata[column] == wanted
        values = []
        for said in files:
            targets, scores = (
                each.reshape(len(chosen), -1)[chosen] for each in (said.targets, said.scores)
            )
            known = ~np.isnan(targets.astype(float))
            values.append(
                np.mean([roc_auc_score(targets[k, i], scores[k, i]) for i, k in enumerate(known.T)])
            )
        assert row["mean"] == pytest.approx(np.mean(values))
        assert row["low"] < row["mean"] < row["high"]
        assert row["images"] == chosen.sum()
        part = files[0].targets[chosen]
        assert (row["positives"], row["negatives"]) == ((part == 1).sum(), (part == 0).sum())
        assert files[0].groups is not None
        assert row["groups"] == len(set(files[0].groups[chosen]))
        assert (row["labels"], row["of"]) == (max(1, len(labels)),) * 2


def test_columns_without_subgroups_are_named(tmp_path: Path) -> None:
    results = patients_study(tmp_path, {"a": 1.0}, np.random.default_rng(1), labels=())
    left_out = Findings(results).subgroups.left_out
    assert left_out == {"chexpert-small": {"age": "numbers", "machine": "40 categories"}}


def changed(results: Results, **columns: np.ndarray) -> None:
    for path in (results.study.directory / "predictions").iterdir():
        with np.load(path) as file:
            kept = dict(file)
        kept |= {f"metadata.{name}": column for name, column in columns.items()}
        np.savez(path, allow_pickle=False, **kept)


def test_a_category_of_one_class_and_a_small_one(tmp_path: Path) -> None:
    results = patients_study(tmp_path, {"a": 1.0}, np.random.default_rng(2), labels=())
    said = load_predictions(results, first_of(results), 0)
    positive, negative = np.flatnonzero(said.targets), np.flatnonzero(~said.targets)
    site = np.full(len(said.targets), "rest", dtype="<U8")
    site[negative[:9]] = "healthy"
    site[[positive[0], *negative[9:15]]] = "few"
    changed(results, site=site, sex=np.full(len(site), "x"))
    found = Findings(results).subgroups
    cells = found.cells.set_index("category")
    assert found.left_out["chexpert-small"]["sex"] == "one category"
    assert math.isnan(cells["mean"]["healthy"])
    assert (cells["positives"]["healthy"], cells["negatives"]["healthy"]) == (0, 9)
    assert not math.isnan(cells["mean"]["few"])
    assert math.isnan(cells["low"]["few"])


def test_intervals_are_over_groups_within_the_category(tmp_path: Path) -> None:
    """Of one seed: the clustered error of the images of a category alone."""
    rng = np.random.default_rng(3)
    results = patients_study(tmp_path, {"a": 1.0}, rng, labels=(), seeds=1)
    said = load_predictions(results, first_of(results), 0)
    chosen = said.metadata["sex"] == "male"
    assert said.groups is not None
    from analysis.compare.mean_auroc import over_images

    places = placements(said.scores[chosen], said.targets[chosen], said.groups[chosen])
    cells = Findings(results).subgroups.cells
    row = cells[cells["category"] == "male"].iloc[0]
    assert (row["low"], row["high"]) == pytest.approx(tuple(over_images(places)))


def test_without_metadata_there_are_none(tmp_path: Path) -> None:
    results = patients_study(tmp_path, {"a": 1.0}, np.random.default_rng(4), metadata=False)
    found = Findings(results).subgroups
    assert found.cells.empty
    assert found.left_out == {}
