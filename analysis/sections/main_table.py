"""The main table, from confirm rows only, and the gap between search and confirm."""

from itertools import groupby

import pandas as pd

from analysis import labels
from analysis.columns import Row
from analysis.compare import comparison
from analysis.findings import Findings
from analysis.labels import setting, short_setting
from analysis.read.traces import joined, trace
from analysis.results import Results
from analysis.sections.draws import of_groups
from analysis.sections.with_without import of_options
from analysis.write.blocks import Block, Prose, Section, Table, TableCell, TableColumn
from analysis.write.cells import interval, number
from study.words import plural

__all__ = ["section"]

MAX_COLUMNS = 6
"""Settings side by side; more of them go into further tables, whole tasks if they fit."""


def section(findings: Findings) -> Section:
    """Method by setting, then what the search had promised."""
    results, scores = findings.results, findings.scores
    parts = _parts(results.settings)
    blocks: list[Block] = [
        Prose(
            "Read each column on its own: the highest mean of the column is bold. A ≈ marks a "
            "method that the tests do not tell from the best (paired by seed, Holm-adjusted p "
            "above 0.05, or too few seeds to test): intervals of two methods may overlap and "
            "their paired seeds differ all the same. Click on a number for the trials behind it."
        )
    ]
    for i, part in enumerate(parts, start=1):
        name = "main" if len(parts) == 1 else f"main-{i}"
        blocks.append(_table(name, results, scores, part))
    blocks += of_options(findings)
    blocks += [*_intervals(findings, scores[scores["n"] > 0]), *of_groups(findings)]
    gaps = comparison.selection_gap(results, scores)
    by = results.criterion
    if len(gaps):
        blocks += [
            Prose(
                "What the search promised and what fresh seeds gave: the winner of a search was "
                f"picked for its validation {by}, and partly for its luck. A large gap says that "
                "the search value must not be quoted. The gap is the sum of two parts: optimism "
                f"(the selected trial against the mean validation {by} of the confirm seeds) and "
                "shift (validation against test set)."
            ),
            _gap_table(gaps, by),
        ]
    return Section("main-table", "Main table", blocks)


def _parts(settings: list[tuple[str, str]]) -> list[list[tuple[str, str]]]:
    """The settings in runs of at most ``MAX_COLUMNS`` that begin with a task if they can."""
    parts: list[list[tuple[str, str]]] = [[]]
    for _, group in groupby(settings, key=lambda pair: pair[0]):
        task = list(group)
        if parts[-1] and len(parts[-1]) + len(task) > MAX_COLUMNS:
            parts.append([])
        for pair in task:
            if len(parts[-1]) == MAX_COLUMNS:
                parts.append([])
            parts[-1].append(pair)
    return parts


def _table(
    name: str, results: Results, scores: pd.DataFrame, settings: list[tuple[str, str]]
) -> Table:
    cells = {(r["method"], r["task"], r["ratio"]): r for r in scores.to_dict("records")}
    rows = [
        [
            TableCell(method, method, mark="row"),
            *(_cell(cells.get((method, task, ratio))) for task, ratio in settings),
        ]
        for method in results.methods
    ]
    tasks = list(dict.fromkeys(task for task, _ in settings))
    spans = [(task, sum(t == task for t, _ in settings)) for task in tasks]
    return Table(
        name=name,
        caption="Test AUROC, mean ± standard deviation (ddof 1) over confirm seeds; "
        "n is the number of seeds with a result.",
        columns=[TableColumn("Method")]
        + [
            TableColumn(ratio, numeric=True, title=setting(task, ratio)) for task, ratio in settings
        ],
        rows=rows,
        data=scores[
            [pair in settings for pair in zip(scores["task"], scores["ratio"], strict=True)]
        ],
        groups=[("", 1), *spans],
    )


def _cell(row: Row | None) -> TableCell:
    if row is None:
        return TableCell("", None, "not in the study")
    if not row["n"]:
        return TableCell("no result", None, f"{row['cell']}: see Failures", mark="absent")
    lost = [f"{row[what]} {what}" for what in ("failed", "missing") if row[what] and row["planned"]]
    n = f"n = {row['n']}" + (f" of {row['planned']}; {', '.join(lost)}" if lost else "")
    mark = "best" if row["best"] else "near" if row["near"] else ""
    title = trace(row["cell"], "confirm", row["rows"])
    return TableCell(labels.mean_std(row["mean"], row["std"]), row["mean"], title, mark, n)


def _intervals(findings: Findings, scores: pd.DataFrame) -> list[Block]:
    """How far other seeds and other test images could move each mean."""
    if scores.empty:
        return []
    groups = {cell: images.groups for cell, images in findings.within.images.items()}
    grouped = any(count > 0 for count in groups.values())
    rows = [
        [
            TableCell(r["method"], r["method"], r["cell"], mark="row"),
            TableCell(short_setting(r["task"], r["ratio"]), mark="key"),
            TableCell(str(r["n"]), r["n"]),
            TableCell(labels.auroc(r["mean"]), r["mean"], trace(r["cell"], "confirm", r["rows"])),
            interval(r["low"], r["high"]),
            interval(r["boot_low"], r["boot_high"]),
            interval(r["images_low"], r["images_high"]),
            interval(r["both_low"], r["both_high"]),
            *(number(r[name], "{:,.0f}".format) for name in ("positives", "negatives")),
            *([number(groups[r["cell"]], "{:,.0f}".format)] if grouped else []),
        ]
        for r in scores.to_dict("records")
    ]
    several = bool(findings.results.labels)
    fewest = "of several labels, of the one with the fewest positives" if several else ""
    columns = [
        TableColumn("Method"),
        TableColumn("Setting"),
        TableColumn("n", True, "seeds with a result"),
        TableColumn("Mean", True),
        TableColumn("Seeds", True, "95 %, over other seeds on this test set"),
        TableColumn("Seeds: bootstrap", True, "95 %, percentile; too narrow below ten seeds"),
        TableColumn("Images", True, "95 %, over other test images with these models"),
        TableColumn("Seeds and images", True, "95 %, over other seeds and other test images"),
        TableColumn("Test positives", True, fewest),
        TableColumn("Test negatives", True, fewest),
        *([TableColumn("Test groups", True, "such as patients")] if grouped else []),
    ]
    return [
        Prose(
            "Two things move a mean: which seeds were drawn, and which images the test set holds. "
            "Go by the interval over both, or without stored predictions by that over seeds. All "
            "but the bootstrap's are on the logit scale and cannot leave 0 to 1. From few seeds "
            "the bootstrap is too narrow (a 95 % interval holds the true mean in 3 of 4 cases at "
            "3 seeds, in 5 of 6 at 5, in 9 of 10 at 10). The interval over images (DeLong) is for "
            "these very models; where positives are few it is the wider one."
        ),
        Table(
            "intervals",
            "95 % intervals of the mean test AUROC.",
            columns,
            rows,
            scores,
            sources=[trace(r["cell"], "confirm", r["rows"]) for r in scores.to_dict("records")],
        ),
    ]


def _gap_table(gaps: pd.DataFrame, by: str) -> Table:
    rows = [
        [
            TableCell(r["method"], r["method"], r["cell"], mark="row"),
            TableCell(short_setting(r["task"], r["ratio"]), mark="key"),
            TableCell(
                str(r["selected"]), r["selected"], trace(r["cell"], "search", [r["selected"]])
            ),
            TableCell(labels.auroc(r["search_val"]), r["search_val"]),
            *(
                TableCell(labels.auroc(r[c]), r[c], trace(r["cell"], "confirm", r["rows"]))
                for c in ("confirm_val", "confirm_test")
            ),
            *(TableCell(labels.signed(r[c]), r[c]) for c in ("gap", "optimism", "shift")),
        ]
        for r in gaps.to_dict("records")
    ]
    columns = [
        TableColumn("Method"),
        TableColumn("Setting"),
        TableColumn("Search trial", True, "number of the selected trial"),
        TableColumn("Search, validation", True, f"validation {by} of the selected trial"),
        TableColumn("Confirm, validation", True, "mean over the confirm seeds"),
        TableColumn("Confirm, test", True, "mean over the confirm seeds"),
        TableColumn("Gap", True, "search validation minus confirm test"),
        TableColumn("Optimism", True, "search validation minus confirm validation"),
        TableColumn("Shift", True, "confirm validation minus confirm test"),
    ]
    caption = f"Selection gap in {by}, {plural(len(rows), 'cell')}."
    sources = [
        joined(
            [
                trace(r["cell"], "search", [r["selected"]]),
                trace(r["cell"], "confirm", r["rows"]),
            ]
        )
        for r in gaps.to_dict("records")
    ]
    return Table("selection-gap", caption, columns, rows, gaps, sources=sources)
