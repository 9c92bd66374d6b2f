"""Markdown that shows what was written, and the whole report in it."""

import pandas as pd
import pytest
from markupsafe import Markup

from analysis import report
from analysis.findings import Findings
from analysis.results import Results
from analysis.write.blocks import Code, Heading, Note, Prose, Section, Table, TableCell, TableColumn
from analysis.write.markdown import document


def _body(*blocks: Prose | Heading | Note | Table | Code) -> str:
    return document("t", [], [Section("s", "S", blocks)], {}).removeprefix("# t\n\n## S\n\n")


def test_blocks() -> None:
    assert _body(Heading("a_b")) == "### a\\_b\n"
    assert _body(Prose(Markup("<strong>{}</strong> is best").format("<a>"))) == "&lt;a> is best\n"
    assert _body(Note(["one", "two"])) == "> one\n>\n> two\n"
    assert _body(Code("spec", "a: `x`\n")) == "spec\n\n```\na: `x`\n```\n"
    assert _body(Code("spec", "````")) == "spec\n\n`````\n````\n`````\n"


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("# a", "\\# a"),
        ("- a", "\\- a"),
        ("> a", "\\> a"),
        ("+ a", "\\+ a"),
        ("~~~", "\\~~~"),
        ("===", "\\==="),
        ("1. a", "1\\. a"),
        ("1) a", "1\\) a"),
        ("0.9 is", "0.9 is"),
    ],
)
def test_no_text_becomes_a_heading_list_or_quotation(text: str, written: str) -> None:
    assert _body(Prose(text)) == written + "\n"


def test_table() -> None:
    cells = [[TableCell("a|b"), TableCell("0.9", 0.9, mark="best", note="n = 5")]]
    table = Table("t", "c", [TableColumn("x"), TableColumn("y", True)], cells, pd.DataFrame())
    assert _body(table) == "c\n\n| x | y |\n| --- | ---: |\n| a\\|b | **0.9** (n = 5) |\n"


def test_whole_report(simulated: Results) -> None:
    parts = report.sections(Findings(simulated))
    text = document("s", ["first"], parts, {"imratio-curves": "figures/imratio-curves.svg"})
    assert text.startswith("# s\n\n> first\n\n## At a glance\n")
    headings = [line[3:] for line in text.splitlines() if line.startswith("## ")]
    found = [f": {part.finding}" if part.finding else "" for part in parts]
    assert headings == [part.title + said for part, said in zip(parts, found, strict=True)]
    assert "](figures/imratio-curves.svg)" in text
    assert "*Figure convergence-interval, drawn in report.html.*" in text
    assert "<" not in text.replace("&lt;", "")
