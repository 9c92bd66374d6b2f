"""The figure of profiles for a paper draws the numbers of the report."""

import numpy as np
import pytest
from matplotlib.container import ErrorbarContainer

from analysis.findings import Findings
from analysis.paper import profile
from analysis.paper.style import styled
from analysis.results import from_record
from tests.analysis.compare.test_profile import cell_of
from tests.analysis.conftest import make_cell, make_study


@pytest.mark.parametrize("searches", [1, 3])
def test_it_draws_the_differences_and_what_was_selected(searches: int) -> None:
    findings = Findings(from_record(make_study(cell_of(searches))))
    with styled():
        figure = profile.draw(findings)
    assert figure is not None
    (axis,) = figure.axes
    (bars,) = (each for each in axis.containers if isinstance(each, ErrorbarContainer))
    table = findings.profiles.sort_values("place")
    moved = table[~table["own"]] if searches > 1 else table
    assert np.asarray(bars.lines[0].get_xdata()) == pytest.approx(moved["place"].to_numpy())
    drawn = np.asarray(bars.lines[0].get_ydata())
    assert drawn == pytest.approx(moved["test_difference"].to_numpy())
    rings = axis.lines[-1]
    assert np.asarray(rings.get_xdata()).tolist() == table.loc[table["own"], "place"].tolist()
    low, high = axis.get_ylim()
    assert low <= drawn.min()
    assert drawn.max() <= high


def test_a_study_without_profiles_has_no_such_figure() -> None:
    assert profile.draw(Findings(from_record(make_study(make_cell())))) is None
