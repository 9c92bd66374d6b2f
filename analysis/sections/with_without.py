"""Which evaluation options were in force, and what they do to the test AUROC."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from analysis import labels
from analysis.findings import Findings
from analysis.labels import listing, short_setting
from analysis.read.traces import trace
from analysis.write.blocks import Block, Prose, Table, TableCell, TableColumn
from analysis.write.cells import interval, number
from study.words import plural

__all__ = ["of_options"]

_WORDS = {
    "tta": "test and kept validation scores are means over {} augmented copies of each image",
    "ema": "evaluated are moving averages of the weights, of decay {}",
    "swa": "evaluated are means of the weights over the last {} of a trial, as soon as it begins",
    "best": "each trial is judged by the highest of its validations, which luck has raised, and "
    "tested with the weights of that interval",
}


def of_options(findings: Findings) -> list[Block]:
    """Nothing where every trial is evaluated as it is."""
    asked = _asked(findings)
    if not asked:
        return []
    said = ["Evaluation options were in force."]
    said += [f"{tasks}: {_in_words(options)}." for options, tasks in asked]
    if any("tta" in options for options, _ in asked):
        said.append("Validation AUROCs in curves and searches are without copies.")
    table = findings.without
    if table.empty:
        return [Prose(" ".join(said))]
    said.append(
        "The table sets beside it the same trials without these options, tested with their last "
        "weights and each image as it is."
    )
    return [Prose(" ".join(said)), _table(table)]


def _asked(findings: Findings) -> list[tuple[Mapping[str, Any], str]]:
    """The options that are in force, and the tasks that they are for."""
    found: list[tuple[Mapping[str, Any], dict[str, None]]] = []
    for cell in findings.results.study.cells:
        options = cell.run.get("evaluation", {})
        same = [tasks for known, tasks in found if known == options]
        if same:
            same[0][cell.task] = None
        elif options:
            found.append((options, {cell.task: None}))
    return [(options, listing(tasks)) for options, tasks in found]


def _in_words(options: Mapping[str, Any]) -> str:
    words = [
        _WORDS[name].format(f"{100 * value:g} %" if name == "swa" else f"{value:g}")
        for name, value in options.items()
        if name in _WORDS
    ]
    return "; ".join(words)


def _table(table: pd.DataFrame) -> Table:
    rows = [
        [
            TableCell(r["method"], r["method"], r["cell"], mark="row"),
            TableCell(short_setting(r["task"], r["ratio"]), mark="key"),
            number(r["n"], "{:.0f}".format),
            number(r["auroc_with"]),
            number(r["auroc_without"]),
            number(r["auroc_difference"], labels.signed),
            interval(r["auroc_low"], r["auroc_high"], labels.signed),
        ]
        for r in table.to_dict("records")
    ]
    columns = [
        TableColumn("Method"),
        TableColumn("Setting"),
        TableColumn("n", True, "confirm seeds"),
        TableColumn("With", True, "mean test AUROC"),
        TableColumn("Without", True, "mean test AUROC of the same trials"),
        TableColumn("Difference", True, "with less without, paired by seed"),
        TableColumn("95 % interval", True, "t interval of the difference, over seeds"),
    ]
    caption = (
        f"Test AUROC with and without the evaluation options, {plural(len(rows), 'cell')}; the "
        "file has AUPRC, too."
    )
    sources = [trace(r["cell"], "confirm", r["rows"]) for r in table.to_dict("records")]
    return Table("with-without", caption, columns, rows, table, sources=sources)
