"""Draws of groups of images: whole groups, as many as there are, and as before without any."""

from pathlib import Path

import numpy as np
import pytest

from analysis import sections
from analysis.compare.delong import placements
from analysis.compare.testset import placed
from analysis.findings import Findings
from analysis.images.metrics import RANKED, prepared, whole
from analysis.images.predictions import Predictions
from analysis.images.resamples import resampled, resamples
from analysis.write.blocks import Note
from tests.analysis.patients import grouped_scores, patient_numbers, patients_study


def patients(seed: int, number: int = 120) -> Predictions:
    rng = np.random.default_rng(seed)
    of = patient_numbers(rng, number)
    targets = (rng.uniform(size=number) < 0.3)[of]
    return Predictions(grouped_scores(rng, of, targets, 1.0), targets, None, groups=of)


def test_groups_are_drawn_whole_and_keep_their_number() -> None:
    said = patients(0)
    assert said.groups is not None
    (weights,) = resampled(said)
    first = np.unique(said.groups, return_index=True)[1]
    np.testing.assert_array_equal(weights, weights[first][said.groups])
    with_positive = said.targets[first]
    for each in (with_positive, ~with_positive):
        assert (weights[first][each].sum(axis=0) == each.sum()).all()
    (again,) = resampled(said)
    np.testing.assert_array_equal(weights, again)


def test_one_image_a_group_and_none_are_drawn_as_ever() -> None:
    targets = np.random.default_rng(1).uniform(size=90) < 0.3
    alone = Predictions(np.zeros(90), targets, None)
    grouped = Predictions(np.zeros(90), targets, None, groups=np.arange(90))
    (expected,) = resamples(targets)
    for said in (alone, grouped):
        (weights,) = resampled(said)
        np.testing.assert_array_equal(weights, expected)


def test_draws_that_lose_a_class_are_left_out() -> None:
    """Every group has a positive; the negatives are in two of them."""
    targets = np.array([True, False, True, False, True, True, True])
    said = Predictions(np.arange(7.0), targets, None, groups=np.array([0, 0, 1, 1, 2, 3, 4]))
    (weights,) = resampled(said)
    assert 0 < weights.shape[1] < 400
    assert (weights[~targets].sum(axis=0) > 0).all()


def test_variance_of_an_area_is_that_of_clustered_placements() -> None:
    """The partial AUROC up to FPR 1 is the AUROC, whose error is known in closed form."""
    from analysis.images import metrics

    said = patients(2, 250)
    ready = prepared(said)
    weights = np.concatenate([*resampled(said, 2000)], axis=1)
    counts = metrics._Counts(ready.positives @ weights, ready.negatives @ weights)
    areas = metrics._area(counts.fpr, counts.tpr, 1.0, 0.0)
    clustered = placements(said.scores, said.targets, said.groups).error
    assert areas.std() == pytest.approx(clustered, rel=0.06)
    assert placements(said.scores, said.targets).error < 0.8 * clustered


def test_metrics_of_several_labels_are_means_each_on_its_own_images() -> None:
    rng = np.random.default_rng(3)
    targets = (rng.uniform(size=(80, 3)) < 0.4).astype(np.float32)
    targets[rng.uniform(size=targets.shape) < 0.2] = np.nan
    targets[:, 2] = 0  # one class
    scores = np.nan_to_num(targets) + rng.normal(size=targets.shape)
    validation = scores[:40], targets[:40]
    said = Predictions(scores, targets, None, validation, labels=("a", "b", "c"))
    names = [*RANKED, "brier"]
    found = whole(said).metrics(names)
    assert [*found] == ["", "a", "b"]
    for place, label in enumerate(("a", "b")):
        known = ~np.isnan(targets[:, place])
        judged = [
            (scores[part, place], targets[part, place] == 1)
            for part in (known, known & (np.arange(80) < 40))
        ]
        alone = prepared(Predictions(*judged[0], None, judged[1])).metrics(names)
        for name in names:
            assert found[label][name] == pytest.approx(alone[name])
    for name in names:
        assert found[""][name] == pytest.approx((found["a"][name] + found["b"][name]) / 2)
    (weights,) = resampled(said)
    moved = whole(said).metrics(["auprc", "brier"], weights)
    known = ~np.isnan(targets[:, 1])
    one = prepared(Predictions(scores[known, 1], targets[known, 1] == 1, None))
    expected = one.metrics(["auprc"], weights[known])["auprc"]
    assert moved["b"]["auprc"] == pytest.approx(expected)
    assert np.isfinite(moved[""]["brier"]).all()


@pytest.mark.parametrize("grouped", [False, True])
def test_variance_of_the_mean_over_labels_is_that_of_the_closed_form(grouped: bool) -> None:
    """Images with a finding are hard in every label, so that they are a source of variance."""
    from analysis.images import metrics

    rng = np.random.default_rng(5)
    of = patient_numbers(rng, 250)
    targets = (rng.uniform(size=(len(of), 5)) < 0.2).astype(np.float32)
    targets[rng.uniform(size=targets.shape) < 0.1] = np.nan
    found = (targets == 1).any(axis=1)[:, None]
    hard = rng.normal(size=250)[of, None]
    scores = np.nan_to_num(targets) + found + 0.5 * hard + rng.normal(size=targets.shape)
    said = Predictions(scores, targets, None, labels=tuple("abcde"), groups=of if grouped else None)
    means = []
    for weights in resampled(said, 1500):
        areas = []
        for images, run in whole(said).labels.values():
            drawn = weights[images]
            counts = metrics._Counts(run.positives @ drawn, run.negatives @ drawn)
            areas.append(metrics._area(counts.fpr, counts.tpr, 1.0, 0.0))
        means.append(np.mean(areas, axis=0))
    assert np.concatenate(means).std() == pytest.approx(placed([said]).error, rel=0.06)


def test_labels_too_rare_to_be_drawn_together_have_the_auroc_alone(tmp_path: Path) -> None:
    """Thirty labels with two positives each: hardly a draw holds all."""
    labels = [f"rare {i}" for i in range(30)]
    results = patients_study(
        tmp_path,
        {"a": 1.0, "b": 1.2},
        np.random.default_rng(6),
        labels=labels,
        grouped=False,
        metrics=["auroc", "auprc"],
    )
    for path in (tmp_path / "predictions").iterdir():
        with np.load(path) as file:
            kept = dict(file)
        kept["targets"] = np.zeros_like(kept["targets"])
        for i in range(30):
            kept["targets"][[2 * i, 2 * i + 1], i] = 1
        np.savez(path, allow_pickle=False, **kept)
    found = Findings(results)
    assert set(found.measured.cells["metric"]) == {"auroc"}
    section = sections.metrics.section(found)
    assert section is not None
    notes = [said for block in section.blocks if isinstance(block, Note) for said in block.items]
    assert "Nothing but the AUROC of a__" in notes[0]
