"""The chapter of ensembles: what it shows, what it says is missing, and its files."""

from pathlib import Path

import numpy as np
import pytest

from analysis import labels, report
from analysis.findings import Findings
from analysis.results import Results
from analysis.sections import ensembles
from analysis.write.blocks import Figure, Note, Prose, Section, Table
from tests.analysis.binormal import binormal_study
from tests.analysis.conftest import EVIL

GAPS = {"ce": 1.3, EVIL: 1.5, "ct_auc": 0.6}
ENSEMBLES = [
    "picked by validation",
    "all methods: ranks",
    "all methods: log odds",
    "greedy selection",
]


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Results:
    folder = tmp_path_factory.mktemp("study")
    gaps = {name.replace("/", "."): gap for name, gap in GAPS.items()}
    return binormal_study(folder, gaps, np.random.default_rng(0), ratios=(0.1, None))


def parts(section: Section | None) -> tuple[dict[str, Table], str]:
    assert section is not None
    words = [block.text for block in section.blocks if isinstance(block, Prose)]
    words += [said for block in section.blocks if isinstance(block, Note) for said in block.items]
    return {table.name: table for table in section.tables()}, " ".join(words)


def test_a_row_a_method_and_ensemble_of_each_setting(study: Results) -> None:
    findings = Findings(study)
    tables, words = parts(ensembles.section(findings))
    table, lines = tables["ensembles"], findings.ensembles.lines
    assert [row[1].text for row in table.rows] == [*study.methods, *ENSEMBLES] * 2
    assert [row[0].text for row in table.rows][::7] == [
        "cifar10-mlp, 10 %",
        "cifar10-mlp, own ratio",
    ]
    for line, row in zip(lines, table.rows, strict=True):
        assert row[3].text == labels.auroc(line.one)
        assert row[4].note == f"{line.together_low:.3f} to {line.together_high:.3f}"
        assert row[5].text == labels.signed(line.gain)
    weights = [row[6].text for row in table.rows]
    assert weights[3:7] == [labels.MISSING] * 4
    assert sum(map(float, weights[:3])) == pytest.approx(1, abs=0.011)
    assert table.trace(6, 3) is not None
    assert "Of 14 lines about one in twenty misses its truth." in words
    assert "Holm-adjusted for 6 differences" in words
    assert "see no test image" in words


def test_readings_go_by_the_corrected_p(study: Results) -> None:
    findings = Findings(study)
    section = ensembles.section(findings)
    tables, _ = parts(section)
    told = 0
    rows = tables["ensembles-differences"].rows
    for each, row in zip(findings.ensembles.differences, rows, strict=True):
        sides = {True: "better", False: "worse"}
        expected = sides[each.difference > 0] if each.p_holm <= 0.05 else "no evidence"
        told += expected == "better"
        assert row[5].text == expected
    assert section is not None
    assert section.found == (told > 0)


def test_a_figure_a_setting(study: Results) -> None:
    section = ensembles.section(Findings(study))
    assert section is not None
    figures = [block for block in section.blocks if isinstance(block, Figure)]
    assert [figure.name for figure in figures] == ["ensembles-0", "ensembles-1"]
    drawn = [trace for trace in figures[0].figure.data if trace.mode == "markers"]
    lines = Findings(study).ensembles.lines[:7]
    shown = sorted(float(trace.x[0]) for trace in drawn)
    expected = sorted([each.one for each in lines] + [each.together for each in lines])
    assert shown == pytest.approx(expected, abs=1e-5)


def test_what_is_missing_is_said(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    results = binormal_study(tmp_path, {"a": 1.0, "b": 1.2}, rng, validation=0)
    tables, words = parts(ensembles.section(Findings(results)))
    assert "cifar10-mlp at imratio 10 %: not all trials kept validation scores." in words
    assert "Caruana" not in words
    assert [row[1].text for row in tables["ensembles"].rows] == ["a", "b", "all methods: ranks"]
    assert len(tables["ensembles"].columns) == 6
    assert "ensembles-differences" not in tables


def test_without_two_seeds_or_methods_there_is_no_chapter(
    tmp_path: Path, simulated: Results
) -> None:
    rng = np.random.default_rng(2)
    one = binormal_study(tmp_path, {"a": 1.0}, rng, seeds=1)
    assert ensembles.section(Findings(one)) is None
    assert ensembles.section(Findings(simulated)) is None  # it kept no predictions


def test_the_report_and_its_files_have_it(study: Results, tmp_path: Path) -> None:
    page = report.write_results(study, tmp_path)
    text = page.read_text()
    assert '<section id="ensembles"' in text
    assert "<script>alert" not in text
    for name in ("ensembles", "ensembles-differences"):
        for kind in ("csv", "md", "tex"):
            assert (tmp_path / "tables" / f"{name}.{kind}").stat().st_size > 100
