"""Versions, hardware, seeds, checksums and the spec."""

from collections.abc import Mapping
from typing import Any

import pandas as pd
from plotly.offline import get_plotlyjs_version

from analysis.findings import Findings
from analysis.paper.style import RENDERER
from analysis.read.provenance import flatten, spec_text
from analysis.write.blocks import Block, Code, Prose, Section, Table, TableCell, TableColumn

__all__ = ["section"]


def section(findings: Findings) -> Section:
    """What is needed to run the study again."""
    study = findings.results.study
    pairs = flatten(_without_tasks(study.provenance))
    table = Table(
        name="provenance",
        caption="What the study ran with, as recorded when it ran.",
        columns=[TableColumn("Item"), TableColumn("Value")],
        rows=[[TableCell(name, mark="row"), TableCell(value)] for name, value in pairs],
        data=pd.DataFrame(pairs, columns=["item", "value"]),
    )
    blocks: list[Block] = [
        Prose(
            "Each number in a table leads to the trials behind it: click it, or reach it with the "
            "tab key and press Enter, for their ids and the command that trains them again. "
            "tables/numbers.csv lists them all (cell/confirm/0-4 are the confirm trials 0 to 4)."
        ),
        Prose(
            "Beside this file: every table as CSV (full precision, with the trials), LaTeX "
            "(booktabs) and Markdown in tables/; figures for a paper as SVG and PDF in figures/, "
            f"drawn by {RENDERER} without a browser; and report.md. The figures in this page are "
            f"drawn by plotly.js {get_plotlyjs_version()} in the browser."
        ),
        table,
        Code("The spec with all defaults filled in.", spec_text(study.spec)),
    ]
    return Section("provenance", "Provenance", blocks)


def _without_tasks(provenance: Mapping[str, Any]) -> dict[str, Any]:
    """Without what the chapter Data shows, of one study or of several."""
    return {
        name: _without_tasks(each) if isinstance(each, Mapping) else each
        for name, each in provenance.items()
        if name != "tasks" or not isinstance(each, Mapping)
    }
