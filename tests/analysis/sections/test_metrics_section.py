"""The chapter of other metrics: what it shows, and what it says is missing."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from analysis import labels, report
from analysis.findings import Findings
from analysis.results import Results
from analysis.sections import metrics
from analysis.write.blocks import Note, Prose, Section, Table
from tests.benchmarks.metrics import scored_study

Build = Callable[..., Results]


@pytest.fixture
def build(tmp_path: Path) -> Build:
    def make(**fields: Any) -> Results:
        return scored_study(tmp_path, {"a": 3.0, "b": 1.6}, np.random.default_rng(0), **fields)

    return make


def parts(section: Section | None) -> tuple[dict[str, Table], str]:
    assert section is not None
    words = [block.text for block in section.blocks if isinstance(block, Prose)]
    words += [said for block in section.blocks if isinstance(block, Note) for said in block.items]
    return {table.name: table for table in section.tables()}, " ".join(words)


def test_a_spec_that_names_none_has_no_chapter(build: Build) -> None:
    assert metrics.section(Findings(build())) is None


def test_a_row_a_cell_and_a_column_a_metric(build: Build) -> None:
    found = Findings(build(metrics=["auroc", "auprc", "brier"]))
    tables, words = parts(metrics.section(found))
    table = tables["metrics"]
    assert [c.label for c in table.columns[2:]] == ["AUROC", "AUPRC", "Brier score"]
    assert [row[1].text for row in table.rows] == ["a", "b"]
    cells = found.measured.cells.set_index(["method", "metric"])
    assert [cell.text for cell in table.rows[1][2:]] == [
        labels.auroc(cells["mean"]["b", name]) for name in ("auroc", "auprc", "brier")
    ]
    assert [cell.mark for cell in table.rows[0][2:]] == ["best"] * 3
    assert [cell.mark for cell in table.rows[1][2:]] == [""] * 3
    low, high = cells.loc[("b", "auprc"), ["low", "high"]]
    assert table.rows[1][3].note == f"{low:.3f} to {high:.3f}"
    assert table.trace(1, 3) is not None
    assert "Configurations were selected by validation AUROC alone." in words
    assert "also the best in 1 of 1 setting by AUPRC and Brier score." in words
    claims = [[cell.text for cell in row[1:4]] for row in tables["metrics-pairs"].rows]
    assert claims == [[name, "a", "b"] for name in ("AUROC", "AUPRC", "Brier score")]
    assert len(tables["metrics-pairs"].data) == 3


def test_what_cannot_be_shown_is_said(build: Build) -> None:
    results = build(metrics=["brier"], validation=0)
    tables, words = parts(metrics.section(Findings(results)))
    assert "No Brier score for 2 cells: " in words
    assert tables["metrics"].rows[0][2].text == labels.MISSING


def test_the_report_and_its_files_have_it(build: Build, tmp_path: Path) -> None:
    page = report.write_results(build(metrics=["auprc", "calibration_slope"]), tmp_path / "out")
    assert 'id="metrics"' in page.read_text()
    assert (tmp_path / "out" / "tables" / "metrics.csv").is_file()
    assert (tmp_path / "out" / "tables" / "metrics-pairs.csv").is_file()
