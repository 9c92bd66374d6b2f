"""What the report says and draws of profiles."""

from dataclasses import replace

import pytest

from analysis.findings import Findings
from analysis.results import from_record
from analysis.sections import profile, profile_values
from analysis.write.blocks import Figure, Prose, Table
from tests.analysis.compare.test_profile import cell_of
from tests.analysis.conftest import make_cell, make_study


def test_one_figure_stands_open_and_says_where_it_hurts() -> None:
    section = profile.section(Findings(from_record(make_study(cell_of()))))
    assert section is not None
    assert not section.folds
    assert section.finding == "margin: up to 0.0160"
    said = " ".join(block.text for block in section.blocks if isinstance(block, Prose))
    assert "margin: moved to 0.1, auc_m on cifar10-resnet20 at imratio 10 % loses 0.0160" in said
    assert "in 0 of 1 cell no value changes it by more than 0.01" in said
    assert "selected nothing" in said
    (figure,) = (block.figure for block in section.blocks if isinstance(block, Figure))
    line, ring = figure.data
    assert list(line.x) == [0.1, 0.5, 0.9]
    assert list(line.y) == pytest.approx([-0.016, 0, -0.016])
    assert (list(ring.x), list(ring.y)) == ([0.5], [0])
    assert "auc_m__cifar10-resnet20__0.1/profile/0,2,4,6" in line.meta


def test_rings_of_several_searches_stand_beside_the_line() -> None:
    section = profile.section(Findings(from_record(make_study(cell_of(searches=3)))))
    assert section is not None
    (figure,) = (block.figure for block in section.blocks if isinstance(block, Figure))
    line, ring = figure.data
    assert list(line.x) == [0.1, 0.5, 0.9]
    assert list(ring.x) == [0.4, 0.5, 0.6]
    (caption,) = (block.caption for block in section.blocks if isinstance(block, Figure))
    assert "over searches" in caption


def test_without_the_test_set_it_speaks_of_validation() -> None:
    cell = cell_of()
    untested = tuple(replace(row, test_auroc=None) for row in cell.profile)
    section = profile.section(Findings(from_record(make_study(replace(cell, profile=untested)))))
    assert section is not None
    said = " ".join(block.text for block in section.blocks if isinstance(block, Prose))
    assert "of validation AUROC" in said
    assert "selected nothing" not in said


def test_the_table_has_every_value_and_leads_to_its_trials() -> None:
    section = profile_values.section(Findings(from_record(make_study(cell_of()))))
    assert section is not None
    (table,) = section.tables()
    assert isinstance(table, Table)
    assert [row[3].text for row in table.rows] == ["0.1", "0.5", "0.9"]
    assert [row[3].note for row in table.rows] == ["", "selected", ""]
    sources = [str(source) for source in table.sources]
    assert sources[0] == "auc_m__cifar10-resnet20__0.1: profile trials 0, 2, 4, 6"
    assert sources[1] == "auc_m__cifar10-resnet20__0.1: confirm trials 0 to 3"


def test_a_study_without_profiles_has_neither() -> None:
    findings = Findings(from_record(make_study(make_cell())))
    assert profile.section(findings) is None
    assert profile_values.section(findings) is None
