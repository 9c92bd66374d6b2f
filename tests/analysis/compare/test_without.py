"""What evaluation options do, against plain numpy, and where nothing is said of them."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from analysis.compare.without import with_and_without
from analysis.findings import Findings
from analysis.results import from_record
from analysis.sections import main_table
from analysis.write.blocks import Prose, Section
from study.records import StudyRecord
from tests.analysis.conftest import make_cell, make_confirm, make_study

ASKED = {"tta": 30, "ema": 0.999}
WITH = np.array([0.81, 0.84, 0.80, 0.86])
WITHOUT = np.array([0.80, 0.82, 0.81, 0.83])


def study() -> StudyRecord:
    """A cell that was tested both ways, and one of a method whose trials did not come to a test."""
    confirm = tuple(
        make_confirm(seed, float(a), without={"test_auroc": float(b), "test_auprc": 0.25})
        for seed, (a, b) in enumerate(zip(WITH, WITHOUT, strict=True))
    )
    failed = (make_confirm(0, None, state="FAIL", value=None),)
    run = {"evaluation": ASKED}
    return make_study(
        make_cell("auc_m", confirm=confirm, run=run), make_cell("ce", confirm=failed, run=run)
    )


def shown(record: StudyRecord) -> tuple[Section, str]:
    section = main_table.section(Findings(from_record(record)))
    words = [block.text for block in section.blocks if isinstance(block, Prose)]
    return section, " ".join(words)


def test_a_difference_is_paired_by_seed_and_has_a_t_interval() -> None:
    (row,) = with_and_without(from_record(study())).to_dict("records")
    d = WITH - WITHOUT
    low, high = stats.t.interval(0.95, len(d) - 1, d.mean(), stats.sem(d))
    assert (row["method"], row["n"], row["rows"]) == ("auc_m", 4, (0, 1, 2, 3))
    assert row["auroc_with"] == pytest.approx(WITH.mean())
    assert row["auroc_without"] == pytest.approx(WITHOUT.mean())
    assert row["auroc_difference"] == pytest.approx(d.mean())
    assert (row["auroc_low"], row["auroc_high"]) == (pytest.approx(low), pytest.approx(high))
    assert row["auprc_difference"] == 0.25
    assert np.isnan(row["auprc_low"])  # the same at every seed


def test_several_searches_are_the_sample() -> None:
    record = study()
    cell = record.cells[0]
    rows = tuple(
        replace(row, repeat=number // 2, selected_from=None)
        for number, row in enumerate(cell.confirm)
    )
    split = replace(cell, confirm=rows, searches=2)
    (row,) = with_and_without(from_record(make_study(split))).to_dict("records")
    assert row["n"] == 4
    assert np.isnan(row["auroc_low"])  # of two values there is no interval
    assert row["auroc_difference"] == pytest.approx((WITH - WITHOUT).mean())


def test_the_chapter_says_what_was_asked_for_and_shows_both() -> None:
    section, words = shown(study())
    (table,) = [each for each in section.tables() if each.name == "with-without"]
    assert [[cell.text for cell in row] for row in table.rows] == [
        [
            "auc_m",
            "cifar10-resnet20, 10 %",
            "4",
            "0.8275",
            "0.8150",
            "+0.0125",
            table.rows[0][6].text,
        ]
    ]
    assert table.trace(0, 5) is not None
    assert (
        "cifar10-resnet20: test and kept validation scores are means over 30 augmented copies of "
        "each image; evaluated are moving averages of the weights, of decay 0.999." in words
    )


def test_before_a_trial_is_tested_the_options_are_named_alone() -> None:
    section, words = shown(make_study(make_cell("ce", run={"evaluation": {"swa": 0.25}})))
    assert "means of the weights over the last 25 % of a trial" in words
    assert "with-without" not in [table.name for table in section.tables()]


def test_the_best_weights_are_told_with_what_that_does_to_validations() -> None:
    _, words = shown(make_study(make_cell("ce", run={"evaluation": {"best": True}})))
    assert "judged by the highest of its validations, which luck has raised, and tested" in words


def test_a_study_without_options_looks_as_it_did() -> None:
    confirm = tuple(make_confirm(seed, 0.8 + 0.01 * seed) for seed in range(3))
    section, words = shown(make_study(make_cell(confirm=confirm)))
    assert "valuation options" not in words
    assert "with-without" not in [table.name for table in section.tables()]
    frame = from_record(make_study(make_cell(confirm=confirm))).confirm
    assert frame["test_auroc_without"].isna().all()
