"""What is made of kept diagnostics: who is set beside whom, and each number by plain numpy."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from analysis.compare.diagnostics import FIGURES, diagnostics, points
from analysis.errors import AnalysisError
from analysis.export import frames
from analysis.images.predictions import load_predictions
from analysis.results import from_record
from study.records import CellRecord, StudyRecord, TrialRecord
from tests.analysis.conftest import make_cell, make_confirm, make_study

SEEDS, INTERVALS, BINS = 4, 3, 8
NAMES = ("gap_train", "gap_test", "auroc_train", "auroc_test", "active")
GRADIENTS = ("gradient_positive", "gradient_negative")


def curve(draw: np.random.Generator) -> tuple[dict[str, float], ...]:
    return tuple(
        {"interval": i + 1, "val_auroc": 0.8}
        | {f"diag_{name}": float(draw.uniform()) for name in (*NAMES, *GRADIENTS)}
        for i in range(INTERVALS)
    )


def cell(method: str, **fields: Any) -> CellRecord:
    draw = np.random.default_rng(len(method))
    rows = tuple(
        make_confirm(seed, 0.8, curve=curve(draw), predictions=f"predictions/{method}{seed}.npz")
        for seed in range(SEEDS)
    )
    return make_cell(method, **{"confirm": rows, **fields})


def counts_of(method: str, seed: int) -> np.ndarray[Any, Any]:
    draw = np.random.default_rng(len(method) + 10 * seed)
    return draw.integers(1, 50, (INTERVALS, 2, 2, BINS)).astype(np.int32)


def kept(folder: Path, *cells: CellRecord) -> StudyRecord:
    """A study of ``cells`` with the files of predictions that their rows name."""
    (folder / "predictions").mkdir()
    for each in cells:
        for row in each.confirm:
            np.savez(
                folder / str(row.predictions),
                scores=np.array([0.1, 0.2], np.float32),
                targets=np.array([0, 1], np.uint8),
                diag_intervals=np.arange(1, INTERVALS + 1),
                diag_scores=counts_of(each.method, int(row.seed or 0)),
            )
    return make_study(*cells, directory=folder)


def figures(row: TrialRecord, interval: int) -> dict[str, float]:
    """All of a point, by plain arithmetic."""
    found = {name: row.curve[interval][f"diag_{name}"] for name in (*NAMES, *GRADIENTS)}
    positive, negative = (found[name] for name in GRADIENTS)
    return found | {
        "generalisation": found["auroc_train"] - found["auroc_test"],
        "gradient_share": positive / (positive + negative),
    }


def test_the_points_are_those_of_the_curves() -> None:
    study = make_study(cell("ce"), make_cell("focal", confirm=(make_confirm(0, 0.7),)))
    told = points(from_record(study))
    assert len(told) == SEEDS * INTERVALS
    for row in told.to_dict("records"):
        trial = study.cells[0].confirm[int(row["seed"])]
        expected = figures(trial, row["interval"] - 1)
        assert {name: row[name] for name in FIGURES} == pytest.approx(expected)
        assert row["trial"] == f"{study.cells[0].id}/confirm/{trial.number}"


def test_the_export_has_the_points_of_every_method() -> None:
    results = from_record(make_study(cell("ce"), cell("focal")))
    made, _ = frames(results)
    pd.testing.assert_frame_equal(made["diagnostics"], points(results))
    assert len(made["diagnostics"]) == 2 * SEEDS * INTERVALS


def test_differences_are_paired_by_seed_at_the_last_interval(tmp_path: Path) -> None:
    plain, mixed = cell("ce"), cell("ce_mixup")
    mixed_rows = mixed.confirm[1:][::-1]  # one seed less, in another order
    (tmp_path / "a").mkdir()
    study = kept(tmp_path / "a", plain, cell("ce_mixup", confirm=mixed_rows))
    found = diagnostics(from_record(study))
    assert found.kept == 2 * SEEDS - 1
    assert len(found.finals) == len(FIGURES)
    by_seed = {row.seed: row for row in mixed_rows}
    for row in found.finals.to_dict("records"):
        a, b = (
            np.array([figures(rows[seed], -1)[row["figure"]] for seed in range(1, SEEDS)])
            for rows in (dict(enumerate(plain.confirm)), by_seed)
        )
        d = b - a
        low, high = stats.t.interval(0.95, len(d) - 1, d.mean(), stats.sem(d))
        assert (row["plain"], row["mixed"], row["n"]) == ("ce", "ce_mixup", SEEDS - 1)
        assert row["mean_plain"] == pytest.approx(a.mean())
        assert row["mean_mixed"] == pytest.approx(b.mean())
        assert (row["difference"], row["low"], row["high"]) == pytest.approx((d.mean(), low, high))


def test_courses_are_medians_with_the_range_of_the_seeds(tmp_path: Path) -> None:
    study = kept(tmp_path, cell("auc_m"), cell("auc_mixup"))
    courses = diagnostics(from_record(study)).courses
    assert len(courses) == 2 * INTERVALS * len(FIGURES)
    for row in courses[courses["cell"] == study.cells[1].id].to_dict("records"):
        values = [
            figures(trial, row["interval"] - 1)[row["figure"]] for trial in study.cells[1].confirm
        ]
        assert row["n"] == SEEDS
        assert (row["low"], row["median"], row["high"]) == pytest.approx(
            (min(values), np.median(values), max(values))
        )


def test_scores_are_mean_shares_of_the_last_interval(tmp_path: Path) -> None:
    study = kept(tmp_path, cell("ct_auc"), cell("ct_mixup"))
    (tmp_path / str(study.cells[1].confirm[2].predictions)).unlink()
    scores = diagnostics(from_record(study)).scores
    for each, seeds in zip(study.cells, ((0, 1, 2, 3), (0, 1, 3)), strict=True):
        for i, part in enumerate(("train", "test")):
            own = scores[(scores["cell"] == each.id) & (scores["part"] == part)]
            assert own["rows"].iloc[0] == seeds
            np.testing.assert_allclose(own["low"], np.arange(BINS) / BINS)
            for j, kind in enumerate(("negative", "positive")):
                counts = [counts_of(each.method, seed)[-1, i, j] for seed in seeds]
                np.testing.assert_allclose(
                    own[kind], np.mean([each / each.sum() for each in counts], axis=0)
                )


@pytest.mark.parametrize(
    "counts", [np.ones((2, 2, BINS), int), np.zeros((1, 2, 2, BINS), int), np.ones((1, 2, 2, BINS))]
)
def test_distributions_that_are_none_are_refused(
    tmp_path: Path, counts: np.ndarray[Any, Any]
) -> None:
    study = kept(tmp_path, cell("ce"))
    row = study.cells[0].confirm[0]
    scores, targets = np.array([0.1, 0.2], np.float32), np.array([0, 1], np.uint8)
    file = tmp_path / str(row.predictions)
    np.savez(file, scores=scores, targets=targets, diag_scores=counts)
    with pytest.raises(AnalysisError, match="diag_scores"):
        load_predictions(from_record(study), study.cells[0].id, row.number)


def names(*cells: CellRecord) -> list[tuple[str, list[str]]]:
    """Who is set beside whom; the files of predictions are missing."""
    found = diagnostics(from_record(make_study(*cells)))
    return [(g.plain.method, [each.method for each in g.mixed]) for g in found.groups]


def variant(name: str, of: str, **fixed: Any) -> CellRecord:
    return cell(name, variant_of=of, fixed=fixed)


def test_methods_that_mix_stand_beside_their_own() -> None:
    methods = ("ce_mixup", "auc_m", "ct_auc", "auc_mixup", "ce", "focal")
    assert names(*map(cell, methods)) == [("auc_m", ["auc_mixup"]), ("ce", ["ce_mixup"])]


def test_variants_stand_beside_what_differs_in_the_mix_alone() -> None:
    cut = variant("cut", "auc_m", mix="cutmix", mixup_alpha=0.4)
    assert names(cell("auc_m"), cut) == [("auc_m", ["cut"])]
    narrow = variant("narrow", "auc_m", mix="cutmix", margin=0.3)
    assert names(cell("auc_m"), narrow) == []
    plain = variant("plain", "auc_m", margin=0.3)
    assert names(cell("auc_m"), plain, cut, narrow) == [("auc_m", ["cut"]), ("plain", ["narrow"])]
    off = variant("off", "ce_mixup", mixup_alpha=0)
    assert names(off, cell("ce_mixup")) == [("off", ["ce_mixup"])]
    assert names(cell("ce"), cell("ce_mixup"), variant("cut", "ce", mix="cutmix")) == [
        ("ce", ["ce_mixup", "cut"])
    ]


def test_other_settings_and_a_mix_that_is_searched_stand_apart() -> None:
    assert names(cell("ce"), cell("ce_mixup", imratio=0.3)) == []
    assert names(cell("ce"), cell("ce_mixup", task="other")) == []
    searched = {"mix": {"choices": ("none", "mixup")}}
    assert names(cell("ce", space=searched), cell("ce_mixup")) == []


def test_a_study_that_kept_nothing_has_nothing() -> None:
    study = make_study(make_cell("ce", confirm=(make_confirm(0, 0.8),)), make_cell("ce_mixup"))
    found = diagnostics(from_record(study))
    assert (found.kept, found.groups) == (0, [])
    assert found.finals.empty
    assert found.scores.empty
    assert found.courses.empty
