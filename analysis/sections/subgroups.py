"""AUROC among parts of the test images: by sex, by site, by whatever column has few categories."""

import math
from collections.abc import Sequence

import pandas as pd

from analysis.columns import Row, by_setting
from analysis.compare.subgroups import MOST
from analysis.findings import Findings
from analysis.labels import listing, short_setting
from analysis.sections.interval_figures import interval_figures
from analysis.sections.method_columns import Line, measured_cell, method_tables
from analysis.write.blocks import Block, Prose, Section, Table, TableCell, TableColumn
from analysis.write.cells import number
from study.words import plural

__all__ = ["section"]

ONE_CLASS = "one class only"


def section(findings: Findings) -> Section | None:
    """None where the test images have no metadata."""
    found = findings.subgroups
    if found.cells.empty and not found.left_out:
        return None
    columns = found.cells["column"].nunique()
    blocks: list[Block] = []
    if len(found.cells):
        methods = [m for m in findings.results.methods if (found.cells["method"] == m).any()]
        blocks += [
            Prose(_words(found.cells)),
            *interval_figures(
                findings,
                found.cells[found.cells["mean"].notna()],
                "subgroups",
                ["column", "category"],
                _caption,
            ),
            *_tables(findings, found.cells, methods),
        ]
    if found.left_out:
        blocks.insert(min(1, len(blocks)), Prose(_left_out(findings)))
    finding = f"by {plural(columns, 'column')}" if columns else "no column of few categories"
    return Section("subgroups", "Subgroups", blocks, finding)


def _caption(where: str) -> str:
    return f"{where}: mean test AUROC by category, with its 95 % interval."


def _words(cells: pd.DataFrame) -> str:
    over = "groups of images and seeds" if cells["groups"].notna().any() else "seeds and images"
    mean = (
        " With several labels it is the mean over those that have both classes in the category, "
        "so that categories with fewer labels do not compare with the others."
        if (cells["of"] > 1).any()
        else ""
    )
    known = cells[cells["mean"].notna()]
    return (
        "Does a method rank the images of one kind worse than those of another? Each row holds the "
        "test images of one category, and the AUROC is among them alone: a positive is compared "
        f"with negatives of its own category.{mean} Intervals are 95 %, over {over}, category by "
        f"category. Nothing is tested or corrected here: of {plural(len(known), 'interval')} about "
        "one in twenty misses its truth, and the most striking difference among many is partly "
        "luck. Take a difference for a question to other data, not for a finding."
    )


def _left_out(findings: Findings) -> str:
    said = (
        f"{task} has none by {listing(f'{name} ({why})' for name, why in refused.items())}"
        for task, refused in findings.subgroups.left_out.items()
    )
    return f"Columns of text with 2 to {MOST} categories have subgroups: {'; '.join(said)}."


def _tables(findings: Findings, cells: pd.DataFrame, methods: Sequence[str]) -> list[Table]:
    grouped, several = cells["groups"].notna().any(), (cells["of"] > 1).any()
    lines: list[Line] = []
    for place, here in by_setting(cells, findings.results.settings):
        for (column, category), rows in here.groupby(["column", "category"], sort=False):
            found = rows.to_dict("records")
            first = found[0]
            own = [
                TableCell(short_setting(*place), mark="key"),
                TableCell(str(column), str(column), mark="key"),
                TableCell(str(category), str(category), mark="row"),
                number(first["positives"], "{:,.0f}".format),
                number(first["negatives"], "{:,.0f}".format),
            ]
            if grouped:
                own.append(number(first["groups"], "{:,.0f}".format))
            if several:
                own.append(TableCell(f"{first['labels']} of {first['of']}", first["labels"]))
            lines.append((own, {r["method"]: _cell(r) for r in found}))
    heads = [
        TableColumn("Setting"),
        TableColumn("Column"),
        TableColumn("Category"),
        TableColumn("Positives", True, "test images; of several labels summed over them"),
        TableColumn("Negatives", True, "test images; of several labels summed over them"),
    ]
    heads += [TableColumn("Groups", True, "that the images come in")] if grouped else []
    heads += [TableColumn("Labels", True, "with both classes")] if several else []
    caption = (
        "Test AUROC among the images of each category, mean over confirm seeds, with its 95 % "
        "interval. Without one where a class has fewer than two images or groups."
    )
    return method_tables("subgroups", caption, heads, lines, methods, cells)


def _cell(row: Row) -> TableCell:
    return TableCell(ONE_CLASS, None) if math.isnan(row["mean"]) else measured_cell(row)
