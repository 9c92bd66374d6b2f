"""Figures for a paper: the numbers they draw, the same bytes every time, names letter by letter."""

import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections.abc import Callable
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
import pytest
from matplotlib.container import ErrorbarContainer
from matplotlib.figure import Figure

from analysis import paper
from analysis.compare import significance
from analysis.findings import Findings
from analysis.paper import intervals
from analysis.paper.style import save, styled
from analysis.results import Results, from_record
from analysis.search import curves
from tests.analysis.patients import patients_study

Build = Callable[..., Any]


@pytest.fixture
def wide(study: Build, cell: Build, trial: Build, confirm: Build) -> Results:
    """Three methods on five data sets, always in the same order."""
    cells = [
        cell(
            method,
            task=f"set{i}",
            dataset=f"set{i}",
            search=(trial(),),
            confirm=tuple(confirm(s, 0.7 + 0.05 * j + 0.01 * i + 0.001 * s) for s in range(3)),
        )
        for i in range(5)
        for j, method in enumerate(("low", "mid", "high"))
    ]
    return from_record(study(*cells))


def _figure(results: Results, name: str) -> Figure:
    figure = paper.FIGURES[name](Findings(results))
    assert figure is not None
    return figure


def test_main_comparison_draws_the_scores(finished: Results) -> None:
    with styled():
        figure = _figure(finished, "main-comparison")
    scores = Findings(finished).scores.dropna(subset=["mean"])
    drawn = {
        (str(bars.get_label()), float(round(y, 9)))
        for axis in figure.axes
        for bars in axis.containers
        if isinstance(bars, ErrorbarContainer)
        for y in np.asarray(bars.lines[0].get_ydata())
    }
    assert drawn == {
        (m, round(v, 9)) for m, v in zip(scores["method"], scores["mean"], strict=True)
    }


def test_convergence_draws_the_medians(finished: Results) -> None:
    with styled():
        figure = _figure(finished, "convergence-interval")
    table = curves.convergence(finished)
    for axis, ratio in zip(figure.axes, ("1 %", "10 %"), strict=True):
        assert axis.get_title(loc="left").replace("\n", " ").endswith(ratio)
        for line in axis.lines:
            rows = table[(table["ratio"] == ratio) & (table["method"] == line.get_label())]
            assert np.asarray(line.get_ydata()).tolist() == rows["median"].tolist()


def test_critical_difference_places_names_by_rank(wide: Results) -> None:
    with styled():
        figure = _figure(wide, "critical-difference")
    texts = [text.get_text() for text in figure.axes[0].texts]
    assert texts[3:] == ["high (1.00)", "mid (2.00)", "low (3.00)"]
    assert significance.ranks(significance.units(wide))["method"].tolist() == ["high", "mid", "low"]


def test_what_has_no_numbers_is_not_drawn(study: Build, cell: Build, trial: Build) -> None:
    assert dict(paper.draw(Findings(from_record(study(cell(search=(trial(),))))))) == {}


def test_files(finished: Results, tmp_path: Path) -> None:
    (tmp_path / "old.svg").write_text("old")
    before = matplotlib.rcParams["font.size"]
    names = paper.write_figures(Findings(finished), tmp_path)
    assert {"main-comparison", "imratio-curves", "convergence-interval", "sensitivity-1-0"} <= {
        *names
    }
    assert {path.name for path in tmp_path.iterdir()} == {
        f"{name}.{kind}" for name in names for kind in paper.KINDS
    }
    for name in names:
        assert ET.parse(tmp_path / f"{name}.svg").getroot().tag.endswith("svg")
        assert (tmp_path / f"{name}.pdf").read_bytes().startswith(b"%PDF-")
    assert matplotlib.rcParams["font.size"] == before


def test_the_same_bytes_every_time(finished: Results) -> None:
    for name in ("main-comparison", "convergence-interval"):
        with styled():
            first, second = (save(_figure(finished, name)) for _ in range(2))
        assert first == second
        assert not re.search(rb"CreationDate|<dc:date>", first["pdf"] + first["svg"])


def test_hostile_names_are_drawn_letter_by_letter(
    study: Build, cell: Build, trial: Build, confirm: Build, tmp_path: Path
) -> None:
    name = r"$\frac{$ <script>alert(1)</script> & _^ 中"
    rows = (confirm(0, 0.8), confirm(1, 0.9))
    cells = [cell(name, ratio, task=name, search=(trial(),), confirm=rows) for ratio in (0.1, 0.3)]
    results = from_record(study(*cells))
    paper.write_figures(Findings(results), tmp_path)
    with styled():
        figure = _figure(results, "main-comparison")
    assert [text.get_text() for text in figure.legends[0].get_texts()] == [name]
    for path in tmp_path.glob("*.svg"):
        root = ET.parse(path).getroot()
        assert not [element for element in root.iter() if element.tag.endswith("script")]


def test_no_window_is_needed() -> None:
    code = (
        "import sys, analysis.paper;"
        "print([m for m in ('matplotlib.pyplot', 'tkinter', 'playwright') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_intervals_of_labels_are_the_chapters(tmp_path: Path) -> None:
    results = patients_study(tmp_path, {"ce": 1.0, "auc_m": 1.5}, np.random.default_rng(0))
    cells = Findings(results).by_label.cells
    with styled():
        drawn = dict(intervals.figures(Findings(results)))
    assert [*drawn] == ["label-intervals-0", "subgroups-0"]
    (axis,) = drawn["label-intervals-0"].axes
    assert [text.get_text() for text in axis.get_yticklabels()] == [*cells["label"].unique()]
    for bars in axis.containers:
        assert isinstance(bars, ErrorbarContainer)
        own = cells[cells["method"] == bars.get_label()]
        assert np.asarray(bars.lines[0].get_xdata()).tolist() == own["mean"].tolist()
        (segments,) = bars.lines[2]
        ends = [segment[:, 0].tolist() for segment in segments.get_segments()]
        assert ends == pytest.approx(own[["low", "high"]].to_numpy())
