"""Tasks with several labels, label by label: AUROC, AUPRC, and which method is ahead."""

import math
from collections.abc import Sequence

import pandas as pd

from analysis import labels
from analysis.columns import Row, by_setting
from analysis.compare import by_label
from analysis.compare.by_label import LabelPair
from analysis.findings import Findings
from analysis.labels import listing, setting, short_setting
from analysis.read.traces import joined, trace
from analysis.sections.draws import of_groups
from analysis.sections.interval_figures import interval_figures
from analysis.sections.method_columns import Line, measured_cell, method_tables
from analysis.write.blocks import Block, Note, Prose, Section, Table, TableCell, TableColumn
from analysis.write.cells import number
from study.words import plural

__all__ = ["section"]

MEAN = "mean over labels"


def section(findings: Findings) -> Section | None:
    """None without a task of several labels whose predictions can be used."""
    cells, pairs = findings.by_label.cells, findings.by_label.pairs
    if cells.empty:
        return None
    methods = [m for m in findings.results.methods if (cells["method"] == m).any()]
    blocks: list[Block] = [
        Prose(
            "The mean over labels, by which methods are compared elsewhere, may hide a label that "
            "a method fails on. Look for labels whose order of methods is another than that of "
            "the mean, and at the width of their intervals: rare labels tell little. In each row "
            "the highest mean is bold, and a ≈ marks methods that the tests do "
            "not tell from it (paired seeds and the same test images; Holm-adjusted for all "
            "labels and pairs of the setting). A label counts on the images for which it is known."
        ),
        *_remarks(findings),
        *of_groups(findings),
        *interval_figures(findings, cells, "label-intervals", ["label"], _caption),
        *_aurocs(findings, cells, methods),
    ]
    if any(pair.n for _, pair in pairs):
        blocks.append(_claims(cells, pairs))
    blocks += _auprcs(findings, cells, methods)
    told = sum(pair.better for _, pair in pairs)
    finding = f"{plural(told, 'pair')} told apart" if told else "no pair told apart"
    return Section("labels", "Labels", blocks, finding, found=told > 0)


def _caption(where: str) -> str:
    return (
        f"{where}: mean test AUROC by label, with its 95 % interval over seeds and images (of one "
        "seed over images)."
    )


def _remarks(findings: Findings) -> list[Block]:
    lost = findings.by_label.lost
    said = [
        f"{setting(*place)}: the test set has not both classes of {listing(names)}, which the mean "
        "leaves out, too."
        for place, names in lost.items()
        if names
    ]
    known = set(findings.by_label.cells["cell"])
    done = findings.scores[findings.scores["n"] > 0]
    without = [
        row["cell"]
        for row in done.to_dict("records")
        if row["task"] in findings.results.labels and row["cell"] not in known
    ]
    if without:
        said.append(f"Without predictions that can be used: {listing(without)}.")
    return [Note(said)] if said else []


def _heads(place: tuple[str, str], label: str, counts: Sequence[float]) -> list[TableCell]:
    return [
        TableCell(short_setting(*place), mark="key"),
        TableCell(label, label, mark="row"),
        *(number(count, "{:,.0f}".format) for count in counts),
    ]


COLUMNS = [
    TableColumn("Setting"),
    TableColumn("Label"),
    TableColumn("Positives", True, "known test images"),
    TableColumn("Negatives", True, "known test images"),
]


def _aurocs(findings: Findings, cells: pd.DataFrame, methods: Sequence[str]) -> list[Table]:
    lines: list[Line] = []
    scores = findings.scores[findings.scores["n"] > 0]
    for place, here in by_setting(cells, findings.results.settings):
        for label, rows in here.groupby("label", sort=False):
            found = rows.to_dict("records")
            counts = (found[0]["positives"], found[0]["negatives"])
            lines.append(
                (_heads(place, str(label), counts), {r["method"]: measured_cell(r) for r in found})
            )
        means = scores[(scores["task"] == place[0]) & (scores["ratio"] == place[1])]
        lines.append(
            (
                _heads(place, MEAN, (math.nan, math.nan)),
                {
                    r["method"]: measured_cell(r | {"low": r["both_low"], "high": r["both_high"]})
                    for r in means.to_dict("records")
                },
            )
        )
    caption = (
        "Test AUROC by label, mean over confirm seeds, with its 95 % interval over seeds and "
        "images. The files have deviations, numbers of seeds and AUPRC."
    )
    return method_tables("labels", caption, COLUMNS, lines, methods, cells)


def _auprcs(findings: Findings, cells: pd.DataFrame, methods: Sequence[str]) -> list[Table]:
    lines: list[Line] = []
    for place, here in by_setting(cells, findings.results.settings):
        for label, rows in here.groupby("label", sort=False):
            found = rows.to_dict("records")
            share = found[0]["positives"] / (found[0]["positives"] + found[0]["negatives"])
            own = [*_heads(place, str(label), ()), number(share, "{:.4f}".format)]
            lines.append((own, {r["method"]: _auprc(r) for r in found}))
        means = here.groupby("method", sort=False).agg(
            {"auprc": "mean", "cell": "first", "rows": "first"}
        )
        own = [*_heads(place, MEAN, ()), TableCell(labels.MISSING)]
        lines.append((own, {str(m): _auprc(row) for m, row in means.to_dict("index").items()}))
    heads = [*COLUMNS[:2], TableColumn("Guessing", True, "the share of positives")]
    caption = (
        "Test AUPRC (average precision) by label, mean over confirm seeds. With auprc among the "
        "spec's metrics the chapter Metrics has its intervals."
    )
    return method_tables("labels-auprc", caption, heads, lines, methods, cells)


def _auprc(row: Row) -> TableCell:
    return number(row["auprc"], title=trace(row["cell"], "confirm", row["rows"]))


def _claims(cells: pd.DataFrame, pairs: Sequence[LabelPair]) -> Table:
    """What the tests say of the best of each label."""
    rows, sources = [], []
    best = cells[cells["best"]].drop_duplicates(["task", "ratio", "label"])
    for row in best.to_dict("records"):
        own = [
            pair
            for label, pair in pairs
            if label == row["label"] and row["cell"] in (pair.cell_a, pair.cell_b)
        ]
        beaten = [pair for pair in own if pair.better and pair.cell_a == row["cell"]]
        rest = [p.b if p.a == row["method"] else p.a for p in own if p not in beaten]
        rows.append(
            [
                TableCell(short_setting(row["task"], row["ratio"]), mark="key"),
                TableCell(row["label"], row["label"], mark="key"),
                TableCell(row["method"], row["method"], mark="key"),
                TableCell(listing(pair.b for pair in beaten) or labels.MISSING),
                number(max((pair.p_holm for pair in beaten), default=math.nan), labels.p_number),
                TableCell(listing(rest) or labels.MISSING),
            ]
        )
        traces = {cell: n for p in own for cell, n in ((p.cell_a, p.rows_a), (p.cell_b, p.rows_b))}
        sources.append(joined(trace(cell, "confirm", numbers) for cell, numbers in traces.items()))
    columns = [
        *COLUMNS[:2],
        TableColumn("Best"),
        TableColumn("Better than"),
        TableColumn("p (Holm)", True, "the largest of these, for all labels and pairs"),
        TableColumn("No evidence against"),
    ]
    caption = (
        "The best method of each label against the others, seed by seed on the same test images. "
        f"The files have the differences and intervals of all pairs: {len(pairs)}."
    )
    data = by_label.table(pairs)
    return Table("labels-pairs", caption, columns, rows, data, sources=sources)
