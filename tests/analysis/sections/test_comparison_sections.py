"""Sections of the comparison: what they show of the numbers, and what they say is missing."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from analysis import labels
from analysis.compare import significance
from analysis.findings import Findings
from analysis.results import Results, from_record
from analysis.sections import critical_difference, main_table, method_pairs, verdict
from analysis.sections.across import across
from analysis.write.blocks import Block, Figure, Note, Section

Build = Callable[..., Any]
GAINS = {"best": 0.05, "next": 0.0495, "worst": 0.0}


@pytest.fixture
def make(study: Build, cell: Build, trial: Build, confirm: Build) -> Callable[..., Results]:
    """Three methods on data sets at ratios; ``lost`` (method, data set) have no result."""

    def build(
        datasets: int = 2,
        ratios: tuple[float, ...] = (0.1,),
        lost: Iterable[tuple[str, int]] = (),
        methods: Iterable[str] = tuple(GAINS),
        seeds: int = 5,
    ) -> Results:
        rng = np.random.default_rng(0)
        cells = []
        for d in range(datasets):
            for ratio in ratios:
                for method in methods:
                    values = 0.8 + GAINS[method] + rng.normal(0, 0.004, seeds)
                    rows = () if (method, d) in lost else enumerate(values)
                    confirms = tuple(confirm(i, float(v), value=float(v)) for i, v in rows)
                    names = {"task": f"t{d}", "dataset": f"d{d}", "planned_seeds": seeds}
                    cells.append(
                        cell(method, ratio, search=(trial(value=0.9),), confirm=confirms, **names)
                    )
        return from_record(study(*cells))

    return build


def said(section: Section | None) -> str:
    assert section is not None
    return " ".join(map(_words, section.blocks))


def _words(block: Block) -> str:
    return " ".join(block.items) if isinstance(block, Note) else str(getattr(block, "text", ""))


def tables(section: Section | None) -> dict[str, Any]:
    assert section is not None
    return {table.name: table for table in section.tables()}


def test_intervals_are_those_of_the_frame(make: Callable[..., Results]) -> None:
    results = make()
    table = tables(main_table.section(Findings(results)))["intervals"]
    scores = Findings(results).scores
    assert len(table.rows) == len(scores) == 6
    first = scores.iloc[0]
    shown = [cell.text for cell in table.rows[0]]
    assert f"{labels.auroc(first['low'])} to {labels.auroc(first['high'])}" in shown
    assert f"{labels.auroc(first['boot_low'])} to {labels.auroc(first['boot_high'])}" in shown
    assert shown[-4:] == [labels.MISSING] * 4  # no predictions


def test_the_verdict_counts_what_has_results(make: Callable[..., Results]) -> None:
    """Three methods in two settings."""

    def begins(*lost: tuple[str, int]) -> str:
        return str(verdict.summary(Findings(make(lost=lost)))[0])

    assert begins().startswith("3 methods compared on 2 settings; ")
    assert begins(("worst", 0)).startswith("3 methods compared on 2 settings; ")
    assert begins(("worst", 0), ("worst", 1)).startswith("2 of 3 methods compared on 2 settings; ")
    one = ("next", 0), ("worst", 0), ("worst", 1)
    assert begins(*one).startswith("2 of 3 methods compared on 1 of 2 settings; ")
    assert begins(*one, ("next", 1)) == "3 methods on 2 settings."


def test_pairs_show_the_best_and_keep_all(make: Callable[..., Results]) -> None:
    results = make()
    section = method_pairs.section(Findings(results))
    found = tables(section)
    assert len(Findings(results).within.pairs) == len(found["pairwise"].data) == 6
    assert len(found["pairwise"].rows) == len(found["pairwise-share"].rows) == 4
    readings = {(row[0].text, row[2].text): row[8].text for row in found["pairwise"].rows}
    assert readings["t0, 10 %", "worst"] == "A better"
    assert "no predictions were kept" in said(section)
    assert {row[5].text for row in found["pairwise-share"].rows} == {"open: 5 of 29 seeds"}


def test_a_share_of_one_seed_says_that_it_is_open(make: Callable[..., Results]) -> None:
    found = tables(method_pairs.section(Findings(make(seeds=1))))
    assert {row[5].text for row in found["pairwise-share"].rows} == {"open: 1 of 29 seeds"}
    assert {row[9].text for row in found["pairwise"].rows} == {
        "1 paired seed; a test takes 3 or more"
    }


def test_pairs_say_what_was_dropped(make: Callable[..., Results], study: Build) -> None:
    results = make()
    cells = list(results.study.cells)
    cells[0] = replace(cells[0], confirm=cells[0].confirm[:-1])
    section = method_pairs.section(Findings(from_record(study(*cells))))
    assert "in t0 at imratio 10 % some were left out" in said(section)
    notes = [row[3].note for row in tables(section)["pairwise"].rows]
    assert "1 unpaired" in notes


def test_no_section_where_there_is_nothing_to_compare(make: Callable[..., Results]) -> None:
    assert method_pairs.section(Findings(make(methods=["best"]))) is None
    assert critical_difference.section(Findings(make(methods=["best"]))) is None
    assert critical_difference.section(Findings(make(datasets=1))) is None
    assert across(Findings(make(datasets=1))) == []


def test_diagram_draws_the_ranks(make: Callable[..., Results]) -> None:
    results = make(datasets=8)
    section = critical_difference.section(Findings(results))
    assert section is not None
    (figure,) = (block.figure for block in section.blocks if isinstance(block, Figure))
    ranks = significance.ranks(significance.units(results)).set_index("method")["rank"]
    dots = {trace.name: trace.x[0] for trace in figure.data if trace.marker.size == 11}
    assert dots == pytest.approx(ranks.to_dict())
    thick = [shape for shape in figure.layout.shapes if shape.line.width == 4]
    assert len(thick) == 1  # best and next
    assert (thick[0].x0, thick[0].x1) == pytest.approx((ranks["best"], ranks["next"]))


def test_independent_data_sets_support_a_claim(make: Callable[..., Results]) -> None:
    results = make(datasets=8)
    section = critical_difference.section(Findings(results))
    readings = {
        (row[0].text, row[1].text): row[8].text for row in tables(section)["settings-pairs"].rows
    }
    assert readings["best", "worst"] == "A better"
    (words,) = across(Findings(results))
    assert "Over 8 complete settings." in words
    assert "It is better than worst (Wilcoxon, Holm-adjusted p = 0.023)" in words
    assert "not independent" not in words + said(section)


def test_settings_of_few_data_sets_do_not(make: Callable[..., Results]) -> None:
    results = make(datasets=2, ratios=(0.05, 0.1, 0.2, 0.3))
    section = critical_difference.section(Findings(results))
    readings = {row[8].text for row in tables(section)["settings-pairs"].rows}
    assert readings == {"A better here", "no evidence"}
    assert "The 8 settings come from 2 data sets" in said(section)
    assert "The Bayesian test is not read: the settings share 2 data sets" in said(section)
    (words,) = across(Findings(results))
    assert "On these 2 data sets it is ahead of worst" in words
    assert "better" not in words
    assert "that takes 7 data sets" in words


def test_incomplete_settings_are_named(make: Callable[..., Results]) -> None:
    section = critical_difference.section(Findings(make(datasets=4, lost=[("next", 2)])))
    assert "not every method has a result: t2, 10 % (no next)" in said(section)
    assert "Over 3 complete settings." in across(Findings(make(datasets=4, lost=[("next", 2)])))[0]
    nowhere = make(datasets=3, lost=[("next", d) for d in range(3)])
    assert "Left out, without a result anywhere: next." in said(
        critical_difference.section(Findings(nowhere))
    )
    none = make(datasets=2, lost=[("next", 0), ("best", 1)])
    assert "Tests over settings take two settings or more" in said(
        critical_difference.section(Findings(none))
    )


def test_two_methods_have_no_friedman(make: Callable[..., Results]) -> None:
    section = critical_difference.section(Findings(make(datasets=3, methods=["best", "worst"])))
    assert "Friedman's test is left out: Friedman's test takes three methods" in said(section)
    (row,) = tables(section)["friedman"].rows
    assert [cell.text for cell in row[3:]] == [labels.MISSING] * 5


def test_a_larger_budget_takes_the_word_back(make: Callable[..., Results], study: Build) -> None:
    cells = [
        replace(cell, search=tuple(replace(row, gradient_evaluations=3000) for row in cell.search))
        if (cell.method, cell.task) == ("best", "t3")
        else cell
        for cell in make(datasets=8).study.cells
    ]
    (words,) = across(Findings(from_record(study(*cells))))
    assert "It is ahead of worst (Wilcoxon" in words
    assert "better" not in words
    assert "the lead may be the budget" in words
