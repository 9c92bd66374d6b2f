"""A study whose searches select by average precision."""

from dataclasses import replace

import pytest

from analysis.compare import comparison
from analysis.findings import Findings
from analysis.results import Results, from_record
from analysis.sections import main_table, tuning
from analysis.write.blocks import Section, Table
from study.records import CellRecord
from tests.analysis.conftest import make_cell, make_confirm, make_study, make_trial


def point(auroc: float, auprc: float) -> dict[str, float]:
    return {"interval": 1, "val_auroc": auroc, "val_auprc": auprc, "loss": 1.0}


def selected_by(select: str) -> Results:
    search = make_trial(value=0.4, curve=(point(0.9, 0.4),))
    confirm = tuple(
        replace(make_confirm(s, 0.8, value=0.3, curve=(point(0.85, 0.3),)), test_auprc=0.25)
        for s in range(3)
    )
    cell: CellRecord = make_cell("ce", search=(search,), confirm=confirm, run={"select": select})
    return from_record(make_study(cell))


def test_what_was_promised_is_compared_with_the_same_metric() -> None:
    results = selected_by("auprc")
    gap = comparison.selection_gap(results, Findings(results).scores).iloc[0]
    assert (gap["search_val"], gap["confirm_val"], gap["confirm_test"]) == (0.4, 0.3, 0.25)
    assert gap["gap"] == pytest.approx(0.15)


def test_validation_aurocs_stay_aurocs() -> None:
    results = selected_by("auprc")
    assert results.confirm["val_auroc"].tolist() == [0.85] * 3
    assert results.confirm["value"].tolist() == [0.3] * 3
    assert set(results.curves["val_auroc"]) == {0.9, 0.85}


def test_the_words_name_the_metric() -> None:
    for select, name in (("auprc", "AUPRC"), ("auroc", "AUROC")):
        results = selected_by(select)
        assert results.criterion == name
        section = main_table.section(Findings(results))
        assert isinstance(section, Section)
        (table,) = [b for b in section.blocks if isinstance(b, Table) and b.name == "selection-gap"]
        assert f"Selection gap in {name}" in table.caption
        progress = tuning.section(Findings(results))
        assert progress is not None
        assert f"Best final validation {name}" in str(progress.blocks)
