"""The chapter of rank stability: its words and figure are its numbers."""

import numpy as np
import pytest

from analysis.findings import Findings
from analysis.results import Results, from_record
from analysis.sections import critical_difference, rank_stability
from analysis.write.blocks import Figure, Note, Prose
from tests.analysis.conftest import make_cell, make_confirm, make_study


def test_words_tables_and_figure_are_the_numbers(finished: Results) -> None:
    findings = Findings(finished)
    section, found = rank_stability.section(findings), findings.stability
    assert section is not None
    assert found is not None
    words = " ".join(str(block.text) for block in section.blocks if isinstance(block, Prose))
    best, second = found.methods["method"].iloc[:2]
    drawn = found.orders["two"].iloc[-1]
    assert f"{best} has the best average rank, then comes {second}" in words
    assert f"{100 * drawn:.0f} % of draws of seeds and images" in words
    orders, places = section.tables()
    assert [row[0].text for row in orders.rows] == [
        "Without a setting",
        "Without a method",
        "Seeds and images drawn anew",
    ]
    assert [row[0].text for row in places.rows] == found.methods["method"].tolist()
    (figure,) = (block.figure for block in section.blocks if isinstance(block, Figure))
    dots, rings = figure.data[::2], figure.data[1::2]
    assert [ring.x[0] for ring in rings] == found.methods["place"].tolist()
    for dot in dots:
        shares = found.places.loc[dot.name, [int(x) for x in dot.x]]
        sizes = np.array(dot.marker.size)
        assert (sizes / sizes.max()) ** 2 == pytest.approx(shares / shares.max(), abs=1e-6)
    (note,) = (block for block in section.blocks if isinstance(block, Note))
    assert note.items[0].startswith("Seeds alone are drawn anew in 1 setting")


def test_the_contents_list_says_how_often_the_best_two_keep_their_order(finished: Results) -> None:
    findings = Findings(finished)
    section, found = rank_stability.section(findings), findings.stability
    assert section is not None
    assert found is not None
    orders = found.orders
    (share,) = orders.loc[orders["way"] == "seeds and images drawn anew", "two"].tolist()
    assert section.finding == f"the best two keep their order in {100 * share:.0f} %"


def test_the_chapter_of_all_settings_says_how_many_pairs_it_tells_apart(finished: Results) -> None:
    short = critical_difference.section(Findings(finished))
    assert short is not None
    assert (short.finding, short.found) == ("too few to test", False)
    cells = [
        make_cell(
            method,
            task=f"set{i}",
            dataset=f"set{i}",
            confirm=tuple(make_confirm(s, level + 0.01 * i + 0.001 * s) for s in range(3)),
        )
        for i in range(8)
        for method, level in (("low", 0.7), ("high", 0.75), ("higher", 0.751 + 0.004 * (i % 2)))
    ]
    section = critical_difference.section(Findings(from_record(make_study(*cells))))
    assert section is not None
    assert (section.finding, section.found) == ("3 pairs told apart", True)


def test_nothing_to_rank_has_no_chapter(finished: Results) -> None:
    findings = Findings(finished)
    findings.__dict__["stability"] = None
    assert rank_stability.section(findings) is None
