"""The chapter on soft labels: what it shows, what it says, and when it is absent."""

from dataclasses import replace
from pathlib import Path

from analysis.compare.diagnostics import FIGURES
from analysis.findings import Findings
from analysis.results import from_record
from analysis.sections import diagnostics
from analysis.write.blocks import Figure, Heading, Panels, Prose, Section
from study.records import CellRecord, StudyRecord
from tests.analysis.compare.test_diagnostics import cell, kept
from tests.analysis.conftest import make_cell, make_confirm, make_study


def chapter(study: StudyRecord) -> Section | None:
    return diagnostics.section(Findings(from_record(study)))


def shifted(each: CellRecord, test_auroc: float, jitter: float = 0.0) -> CellRecord:
    """Whose training AUROC is 0.99, and whose test AUROC is so much, seed by seed a little more and
    a little less.
    """
    rows = []
    for seed, row in enumerate(each.confirm):
        of_seed = test_auroc + jitter * (-1) ** seed
        told = {"diag_auroc_train": 0.99, "diag_auroc_test": of_seed}
        rows.append(replace(row, curve=tuple({**point, **told} for point in row.curve)))
    return replace(each, confirm=tuple(rows))


def test_without_diagnostics_there_is_no_chapter() -> None:
    assert chapter(make_study(make_cell("ce", confirm=(make_confirm(0, 0.8),)))) is None


def test_without_a_pair_it_says_so() -> None:
    section = chapter(make_study(cell("ce"), cell("auc_mixup")))
    assert section is not None
    (words,) = section.blocks
    assert isinstance(words, Prose)
    assert "8 confirm trials kept diagnostics, but no two methods" in words.text
    assert section.finding == "no method with and without a mix"


def test_each_setting_has_its_courses_and_scores_and_all_are_in_one_table(tmp_path: Path) -> None:
    study = kept(tmp_path, cell("ce"), cell("ce_mixup"), cell("ct_auc"), cell("ct_mixup"))
    section = chapter(study)
    assert section is not None
    prose = " ".join(block.text for block in section.blocks if isinstance(block, Prose))
    assert "Nothing was selected by these figures." in prose
    assert [b.text for b in section.blocks if isinstance(b, Heading)] == [
        "cifar10-resnet20 at imratio 10 %",
        "At the end",
    ]
    (figure,) = [block for block in section.blocks if isinstance(block, Figure)]
    titles = [note.text for note in figure.figure.layout.annotations]
    assert titles[:2] == ["ce | ce_mixup", "ct_auc | ct_mixup"]
    lines = [trace for trace in figure.figure.data if trace.hovertemplate]
    # Of each method six lines: two of the gap and of the gradient, one of the others.
    assert len(lines) == 4 * 6
    assert {trace.xaxis for trace in lines} == {"x", *(f"x{i}" for i in range(2, 9))}
    (panels,) = [block for block in section.blocks if isinstance(block, Panels)]
    assert [title for title, _ in panels.panels] == ["ce | ce_mixup", "ct_auc | ct_mixup"]
    assert all(len(each.data) == 2 * 4 for _, each in panels.panels)
    (table,) = section.tables()
    assert len(table.rows) == 2 * len(FIGURES)
    assert {cell.text for cell in (row[1] for row in table.rows)} == {"ce_mixup", "ct_mixup"}
    trace = table.trace(0, 7)
    assert trace is not None
    assert {source.cell for source in trace.sources} == {each.id for each in study.cells[:2]}


def test_without_files_of_predictions_the_courses_are_left() -> None:
    section = chapter(make_study(cell("ce"), cell("ce_mixup")))
    assert section is not None
    assert any(isinstance(block, Figure) for block in section.blocks)
    assert not any(isinstance(block, Panels) for block in section.blocks)


def test_the_contents_list_counts_differences_whose_intervals_hold_no_zero() -> None:
    ce, mixed = cell("ce"), cell("ce_mixup")
    for low, high, said in (
        (0.8, 0.9, "with a mix the generalisation gap is smaller in 1 of 1 pair"),
        (0.9, 0.8, "with a mix the generalisation gap is larger in 1 of 1 pair"),
        (0.9, 0.9, "no clear difference in generalisation gap"),
    ):
        section = chapter(make_study(shifted(ce, low), shifted(mixed, high, jitter=0.002)))
        assert section is not None
        assert section.finding == said
