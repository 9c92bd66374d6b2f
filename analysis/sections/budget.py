"""What each method was given and what it spent."""

import pandas as pd

from analysis import labels
from analysis.columns import Row
from analysis.compare import budget
from analysis.findings import Findings
from analysis.labels import listing, short_setting
from analysis.results import Results
from analysis.sections.sources import spent
from analysis.write.blocks import Block, Note, Prose, Section, Table, TableCell, TableColumn
from analysis.write.cells import number
from study.words import duration, plural

__all__ = ["section"]


def section(findings: Findings) -> Section:
    """By method, then by cell, with the cells flagged whose budgets differ."""
    results, cells = findings.results, findings.budget
    methods = budget.by_method(cells)
    blocks: list[Block] = [
        Prose(
            "Check that the methods had the same chance. A gradient evaluation is one image "
            "through forward and backward: the unit in which budgets compare, whatever the "
            "machine. A cell is flagged when it had fewer trials than another method in its "
            f"setting, or when its search spent over {100 * budget.TOLERANCE:g} % more or less "
            "than the median there; where nothing was searched, when a confirm trial did. Pruning "
            "spends less by design: read a flag with its reason."
        )
    ]
    unequal = methods.loc[methods["unequal"] > 0, "method"]
    if len(unequal):
        blocks.append(Note([f"Unequal budgets: {listing(unequal)}."]))
    silent = int(cells["unreported"].sum())
    if silent:
        blocks.append(
            Note([f"{plural(silent, 'trial')} never reported a cost: sums marked ≥ lack it."])
        )
    if fell_back := _fallbacks(results):
        blocks.append(Note(fell_back))
    blocks += [_method_table(results, methods, cells), _cell_table(results, cells)]
    finding = f"unequal for {plural(len(unequal), 'method')}" if len(unequal) else "equal"
    return Section("budget", "Budget", blocks, finding, len(unequal) > 0)


def _fallbacks(results: Results) -> list[str]:
    """A sentence for each reason why trials could not run as CUDA graphs, or compiled."""
    sentences = []
    for reason, rows in budget.fallbacks(results).groupby("reason", sort=False):
        trials = zip(rows["method"], rows["trials"], strict=True)
        where = listing(f"{method} ({plural(count, 'trial')})" for method, count in trials)
        why = str(reason).rstrip(".")
        sentences.append(
            f"Eager, neither captured as a CUDA graph nor compiled: {where}. Reason: {why}."
        )
    return sentences


_COUNTS = (
    TableColumn("Trials", True, "search trials that came to an end"),
    TableColumn("Finished", True),
    TableColumn("Pruned", True),
    TableColumn("Failed", True),
    TableColumn("Confirm trials", True, "those that came to an end"),
)
_COSTS = (
    TableColumn("Search, gradient evaluations", True),
    TableColumn("Search, time", True),
    TableColumn("Confirm, gradient evaluations", True),
    TableColumn("Confirm, time", True),
)


def _method_table(results: Results, methods: pd.DataFrame, cells: pd.DataFrame) -> Table:
    rows = [
        [
            TableCell(r["method"], r["method"], mark="row"),
            *_counts(r),
            *_costs(r),
            *_memory(r, methods),
            TableCell(
                f"{r['unequal']} of {plural(r['cells'], 'cell')}" if r["unequal"] else "none",
                r["unequal"],
                mark="flag" if r["unequal"] else "",
            ),
        ]
        for r in methods.to_dict("records")
    ]
    memory = [MEMORY] if _told(methods) else []
    columns = [TableColumn("Method"), *_COUNTS, *_COSTS, *memory, TableColumn("Flagged", True)]
    caption = "What each method was given and spent. Times are sums over trials, without waiting."
    sources = [
        spent(results, set(cells.loc[cells["method"] == method, "cell"]))
        for method in methods["method"]
    ]
    return Table("budget", caption, columns, rows, _data(methods), sources=sources)


def _cell_table(results: Results, cells: pd.DataFrame) -> Table:
    rows = [
        [
            TableCell(r["method"], r["method"], r["cell"], mark="row"),
            TableCell(short_setting(r["task"], r["ratio"]), mark="key"),
            *_counts(r)[:4],
            *_costs(r)[:2],
            number(r["relative"], "{:.2f}".format),
            *_memory(r, cells),
            TableCell(r["unequal"] or "none", mark="flag" if r["unequal"] else ""),
        ]
        for r in cells.to_dict("records")
    ]
    columns = [
        TableColumn("Method"),
        TableColumn("Setting"),
        *_COUNTS[:4],
        *_COSTS[:2],
        TableColumn(
            "Of median",
            True,
            "search gradient evaluations over the median of the setting; where nothing was "
            "searched, those of a confirm trial",
        ),
        *([MEMORY] if _told(cells) else []),
        TableColumn("Flag"),
    ]
    sources = [spent(results, {cell}) for cell in cells["cell"]]
    caption = "What each cell was given and spent."
    return Table("budget-cells", caption, columns, rows, _data(cells), sources=sources)


MEMORY = TableColumn(
    "Peak memory",
    True,
    "most memory of the host that a trial's worker had resident; images in a mapped file, which "
    "the trials of a node share, count in each",
)


def _told(table: pd.DataFrame) -> bool:
    """A trial told its peak memory; earlier versions did not."""
    return bool(table["peak_memory"].notna().any())


def _memory(row: Row, table: pd.DataFrame) -> list[TableCell]:
    return [number(row["peak_memory"], "{:,.0f} MB".format)] if _told(table) else []


def _data(table: pd.DataFrame) -> pd.DataFrame:
    return table if _told(table) else table.drop(columns="peak_memory")


def _counts(row: Row) -> list[TableCell]:
    going = f"+{row['open']} open" if row["open"] else ""
    return [
        TableCell(f"{row['trials']} / {row['planned']}", row["trials"], note=going),
        *(
            TableCell(str(row[name]), row[name])
            for name in ("finished", "pruned", "failed", "confirms")
        ),
    ]


def _costs(row: Row) -> list[TableCell]:
    least = "≥ " if row["unreported"] else ""
    formats = {"gradient_evaluations": labels.count, "seconds": duration}
    return [
        TableCell(least + write(row[f"{phase}_{cost}"]), row[f"{phase}_{cost}"])
        for phase in ("search", "confirm")
        for cost, write in formats.items()
    ]
