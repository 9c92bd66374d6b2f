"""Failed trials with their reasons, and cells without a result. Nothing is dropped in silence."""

import pandas as pd

from analysis import labels
from analysis.compare import failures
from analysis.findings import Findings
from analysis.labels import listing, short_setting
from analysis.read.traces import ranges, trace
from analysis.write.blocks import Block, Prose, Section, Table, TableCell, TableColumn
from study.words import plural

__all__ = ["section"]


def section(findings: Findings) -> Section:
    """Cells without a result first, then every failed trial."""
    results = findings.results
    rows = failures.failed_rows(results)
    empty = failures.without_result(results)
    deaths = failures.deaths(results)
    total = sum(len(cell.rows) for cell in results.study.cells)
    if rows.empty and empty.empty:
        said = f"None of the study's {plural(total, 'trial')} failed, and every cell has a result."
        finding = plural(len(deaths), "death") if len(deaths) else "nothing failed"
        return Section("failures", "Failures", [Prose(said), *_deaths(deaths)], finding)
    blocks: list[Block] = [
        Prose(
            f"{plural(len(rows), 'trial')} of {total} failed, and "
            f"{plural(len(empty), 'cell has', 'cells have')} no result. Look for a pattern: "
            "failures that gather in one method or one corner of the search space are a finding "
            "about that method, failures that gather on one machine are not."
        )
    ]
    if len(empty):
        blocks.append(_empty_table(empty))
    if len(rows):
        blocks.append(_row_table(rows))
    blocks += _deaths(deaths)
    parts = (
        plural(len(rows), "failed trial") if len(rows) else "",
        plural(len(empty), "cell without a result", "cells without a result") if len(empty) else "",
    )
    return Section("failures", "Failures", blocks, listing(filter(None, parts)), found=True)


def _empty_table(empty: pd.DataFrame) -> Table:
    rows = [
        [
            TableCell(r["method"], r["method"], mark="row"),
            TableCell(short_setting(r["task"], r["ratio"]), mark="key"),
            TableCell(r["cell"]),
            TableCell(r["why"], mark="flag" if r["over"] else ""),
        ]
        for r in empty.to_dict("records")
    ]
    columns = [
        TableColumn("Method"),
        TableColumn("Setting"),
        TableColumn("Cell"),
        TableColumn("Why"),
    ]
    return Table("no-result", "Cells without a result.", columns, rows, empty)


def _row_table(failed: pd.DataFrame) -> Table:
    rows = [
        [
            TableCell(r["method"], r["method"], r["cell"], mark="row"),
            TableCell(short_setting(r["task"], r["ratio"]), mark="key"),
            TableCell(str(r["count"]), r["count"], trace(r["cell"], r["phase"], r["rows"])),
            TableCell(f"{r['phase']} {ranges(r['rows'])}"),
            TableCell(r["reason"]),
            TableCell(r["params"]),
            TableCell(", ".join(r["hosts"]) or labels.MISSING),
        ]
        for r in failures.grouped(failed).to_dict("records")
    ]
    columns = [
        TableColumn("Method"),
        TableColumn("Setting"),
        TableColumn("Failed", True),
        TableColumn("Trials"),
        TableColumn("Reason"),
        TableColumn("Hyperparameters", title="what the failed trials span"),
        TableColumn("Host"),
    ]
    caption = (
        "Every failed trial, those of one cell and reason together; the file has each on a line."
    )
    return Table("failed-rows", caption, columns, rows, failed)


def _deaths(deaths: pd.DataFrame) -> list[Block]:
    """Nothing without a death."""
    if deaths.empty:
        return []
    keys = ["method", "task", "ratio", "cell", "phase", "reason"]
    numbers = deaths.groupby(keys, sort=False)["number"].agg(tuple).reset_index()
    rows = [
        [
            TableCell(r["method"], r["method"], r["cell"], mark="row"),
            TableCell(short_setting(r["task"], r["ratio"]), mark="key"),
            TableCell(str(len(r["number"])), len(r["number"]), trace(r["cell"], r["phase"], once)),
            TableCell(f"{r['phase']} {ranges(once)}"),
            TableCell(r["reason"]),
        ]
        for r in numbers.to_dict("records")
        for once in [sorted(set(r["number"]))]
    ]
    columns = [
        *(
            TableColumn("Method"),
            TableColumn("Setting"),
            TableColumn("Deaths", True),
            TableColumn("Trials"),
        ),
        TableColumn("Why"),
    ]
    said = (
        f"{plural(len(deaths), 'time')} a worker died with a trial, which then began again from "
        "its last checkpoint. That changes no result; where it happens often, it costs time."
    )
    caption = "Workers that died, deaths of one cell and reason together."
    return [Prose(said), Table("deaths", caption, columns, rows, deaths)]
