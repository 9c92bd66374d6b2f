"""Versions, hardware, seeds, checksums and the spec."""

import pandas as pd

from analysis.blocks import Block, Cell, Code, Column, Prose, Section, Table
from analysis.provenance import flatten, spec_text
from analysis.results import Results

__all__ = ["section"]


def section(results: Results) -> Section:
    """What is needed to run the study again."""
    study = results.study
    pairs = flatten(study.provenance)
    table = Table(
        name="provenance",
        caption="As recorded when the study ran.",
        columns=[Column("Item"), Column("Value")],
        rows=[[Cell(name, mark="row"), Cell(value)] for name, value in pairs],
        data=pd.DataFrame(pairs, columns=["item", "value"]),
    )
    blocks: list[Block] = [
        Prose(
            "Each number in this report names the rows of the ledger behind it: hover over it, "
            "or open the CSV files in tables/ beside this file."
        ),
        table,
        Code("The spec with all defaults filled in.", spec_text(study.spec)),
    ]
    return Section("provenance", "Provenance", blocks)
