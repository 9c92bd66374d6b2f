"""Failed rows with their reasons, and cells without a result. Nothing is dropped in silence."""

from typing import Any

from analysis import failures, labels
from analysis.blocks import Block, Cell, Column, Prose, Section, Table
from analysis.results import Results
from analysis.sections.words import plural, short_setting

__all__ = ["section"]


def section(results: Results) -> Section:
    """Cells without a result first, then every failed row."""
    rows = failures.failed_rows(results)
    empty = failures.without_result(results)
    total = len(results.trials) + len(results.confirm) + len(results.superseded)
    if rows.empty and empty.empty:
        said = f"None of the study's {plural(total, 'row')} failed, and every cell has a result."
        return Section("failures", "Failures", [Prose(said)])
    blocks: list[Block] = [
        Prose(
            f"{plural(len(rows), 'row')} of {total} failed, and "
            f"{plural(len(empty), 'cell has', 'cells have')} no result. Look for a pattern: "
            "failures that gather in one method or one corner of the search space are a finding "
            "about that method, failures that gather on one machine are not."
        )
    ]
    if len(empty):
        blocks.append(_empty_table(empty))
    if len(rows):
        blocks.append(_row_table(rows))
    return Section("failures", "Failures", blocks)


def _empty_table(empty: Any) -> Table:
    rows = [
        [
            Cell(r["method"], r["method"], mark="row"),
            Cell(short_setting(r["task"], r["ratio"])),
            Cell(r["cell"]),
            Cell(r["why"], mark="flag" if r["over"] else ""),
        ]
        for r in empty.to_dict("records")
    ]
    columns = [Column("Method"), Column("Setting"), Column("Cell"), Column("Why")]
    return Table("no-result", "Cells without a result.", columns, rows, empty)


def _row_table(failed: Any) -> Table:
    rows = [
        [
            Cell(r["method"], r["method"], mark="row"),
            Cell(short_setting(r["task"], r["ratio"])),
            Cell(f"{r['phase']} {r['number']}", r["number"], r["trial"]),
            Cell(r["reason"]),
            Cell(r["params"]),
            Cell(
                labels.duration(r["seconds"]),
                None if r["seconds"] != r["seconds"] else r["seconds"],
            ),
            Cell(r["host"] or labels.MISSING),
        ]
        for r in failed.to_dict("records")
    ]
    columns = [
        Column("Method"),
        Column("Setting"),
        Column("Row", True),
        Column("Reason"),
        Column("Hyperparameters"),
        Column("After", True, "time until it failed"),
        Column("Host"),
    ]
    return Table("failed-rows", "Every failed row.", columns, rows, failed)
