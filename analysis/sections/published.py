"""The papers' figures beside ours."""

import math

import pandas as pd

from analysis import labels
from analysis.columns import Row
from analysis.compare.reproduced import reproduced
from analysis.findings import Findings
from analysis.labels import listing, short_setting
from analysis.read.traces import Trace, trace
from analysis.results import Results
from analysis.write.blocks import Prose, Section, Table, TableCell, TableColumn
from analysis.write.cells import number
from study.words import duration, plural

__all__ = ["section"]

NEAR = 2
"""Published deviations within which a figure counts as met."""


def section(findings: Findings) -> Section | None:
    """A row a figure that a paper reports too; None before any confirm run has finished."""
    results = findings.results
    if not (results.confirm["state"] == "COMPLETE").any():
        return None
    table = reproduced(results, findings.scores)
    if table.empty:
        models = listing(dict.fromkeys(results.cells["model"]))
        datasets = listing(dict.fromkeys(results.cells["dataset"]))
        said = (
            "No published figure that we know of matches a cell of this study in data set, model, "
            f"imbalance ratio and method. It has {datasets} with {models}; the papers' benchmarks "
            "are CIFAR-10, CIFAR-100, STL-10 and Cat&Dog with ResNet20 or DenseNet121 at 1, 10 "
            "and 30 %."
        )
        return Section("published", "Published and reproduced", [Prose(said)], "nothing to compare")
    known = table["deviations"].dropna()
    met = int((known.abs() <= NEAR).sum())
    intro = (
        f"{met} of {len(known)} figures lie within {NEAR} published deviations of the paper's. "
        "The deviation is that of single runs in the paper, over three or five of them, so it is "
        "itself uncertain. Read each difference with what was done otherwise: "
        f"{_searched(results, table)}"
    )
    finding = f"{met} of {plural(len(known), 'figure')} near the paper's"
    return Section("published", "Published and reproduced", [Prose(intro), _table(table)], finding)


def _searched(results: Results, table: pd.DataFrame) -> str:
    cells = results.cells.set_index("cell").loc[table["cell"]]
    searched = cells["planned_trials"] > 0
    if searched.all():
        return "hyperparameters were searched anew over our own ranges in every case."
    if not searched.any():
        return "no hyperparameter was searched, those of the spec were taken in every case."
    return "hyperparameters were searched anew over our own ranges, or taken from the spec."


def _table(table: pd.DataFrame) -> Table:
    rows = [
        [
            TableCell(r["method"], r["method"], r["cell"], mark="row"),
            TableCell(short_setting(r["task"], r["ratio"]), mark="key"),
            TableCell(f"{r['source'].split(' ')[0]}, {r['table'].lower()}", title=r["note"]),
            TableCell(_published(r), r["published_mean"]),
            TableCell(
                labels.mean_std(r["mean"], r["std"]),
                r["mean"],
                ours,
            ),
            TableCell(labels.signed(r["difference"]), r["difference"], ours),
            _deviations(r["deviations"], ours),
            number(r["evaluations"], labels.count, title=ours),
            number(r["seconds"], duration, title=ours),
            TableCell("; ".join(r["protocol"]) or "the same as far as we compare"),
        ]
        for r in table.to_dict("records")
        for ours in [trace(r["cell"], "confirm", r["rows"])]
    ]
    columns = [
        TableColumn("Method"),
        TableColumn("Setting"),
        TableColumn("Source"),
        TableColumn("Published", True, "mean ± deviation"),
        TableColumn("Ours", True, "mean ± deviation over confirm seeds"),
        TableColumn("Difference", True, "ours less the paper's"),
        TableColumn("In deviations", True, "in units of the published deviation"),
        TableColumn("Gradient evaluations", True, "of a trial of ours"),
        TableColumn("Time", True, "of a trial of ours, with validation"),
        TableColumn("What we did otherwise"),
    ]
    caption = "Test AUROC: published and reproduced. Hover over a source for its own remarks."
    return Table("published", caption, columns, rows, table)


def _published(r: Row) -> str:
    """In the paper's three digits."""
    mean = f"{r['published_mean']:.3f}"
    return mean if math.isnan(r["published_std"]) else f"{mean} ± {r['published_std']:.3f}"


def _deviations(value: float, source: Trace) -> TableCell:
    mark = "flag" if abs(value) > NEAR else ""
    return number(value, _signed, title=source, mark=mark)


def _signed(value: float) -> str:
    return f"{value:+.1f}".replace("-", "\N{MINUS SIGN}")
