"""The chapter of rank stability: its words and figure are its numbers."""

import numpy as np
import pytest

from analysis.findings import Findings
from analysis.results import Results
from analysis.sections import rank_stability
from analysis.write.blocks import Figure, Note, Prose


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


def test_nothing_to_rank_has_no_chapter(finished: Results) -> None:
    findings = Findings(finished)
    findings.__dict__["stability"] = None
    assert rank_stability.section(findings) is None
