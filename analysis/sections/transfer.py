"""What it costs to use a value that was tuned elsewhere."""

import pandas as pd

from analysis import labels
from analysis.findings import Findings
from analysis.labels import listing, short_setting
from analysis.read.traces import joined, trace
from analysis.results import Results
from analysis.search import transfer
from analysis.sections.refusals import reasons
from analysis.write.blocks import Block, Note, Prose, Section, Table, TableCell, TableColumn
from study.words import plural

__all__ = ["section"]


def section(findings: Findings) -> Section | None:
    """A row a method, hyperparameter and direction; None if no method has two searches."""
    results = findings.results
    tuned = {cell.id for cell in results.study.cells if cell.space}
    counts = results.cells[results.cells["cell"].isin(tuned)].groupby("method").size()
    if not (counts > 1).any():
        return None
    refused = transfer.refusals(results)
    refused = refused[refused["cell"].isin(tuned)]
    table = transfer.regrets(results, findings.points)
    blocks: list[Block] = []
    if len(table):
        words = (
            "What it costs to take a hyperparameter's value from a search at another imbalance "
            "ratio or on another data set, rather than tune it where it is used. Look at the "
            "highest regret and its interval: above zero, it pays to tune again; about zero, the "
            "value carries over, or the trials are too few to tell."
        )
        blocks.append(Prose(words))
    if len(refused):
        blocks.append(
            Note(
                [
                    f"Left out: {reasons(refused)} Regret needs random trials that ran to their "
                    "end (search: {sampler: random, pruner: none})."
                ]
            )
        )
    thin = _thin(results, refused, table)
    if thin:
        blocks.append(
            Prose(
                f"Not compared, since some value or part of the range has too few trials to choose "
                f"with one half and judge with the other: {thin}."
            )
        )
    if table.empty:
        words = (
            "What it costs to use a value that was tuned at another imbalance ratio or on another "
            "data set cannot be said: no pair of searches has the trials for it."
        )
        return Section("transfer", "Transfer", [Prose(words), *blocks], "too few random trials")
    blocks += [
        Prose(
            "Half of a search's trials choose the value and the other half judge it, so a noisy "
            "peak gains nothing. The cost is an average over the random values of all other "
            "hyperparameters, not the cost at their best values, and every hyperparameter is "
            "looked at by itself. Of many intervals one in forty lies above zero by chance."
        ),
        _table(transfer.summary(table), table, findings.results.criterion),
    ]
    return Section("transfer", "Transfer", blocks)


def _thin(results: Results, refused: pd.DataFrame, table: pd.DataFrame) -> str:
    """Hyperparameters of two or more searches that are left out for their bins."""
    gone = set(refused["cell"])
    kept = [cell for cell in results.study.cells if cell.id not in gone]
    tuned = [(cell.method, name) for cell in kept for name in cell.space]
    known = set(zip(table["method"], table["hyperparameter"], strict=True))
    left = [p for p in dict.fromkeys(tuned) if tuned.count(p) > 1 and p not in known]
    return listing(f"{name} of {method}" for method, name in left)


def _table(summary: pd.DataFrame, regrets: pd.DataFrame, by: str) -> Table:
    rows, sources = [], []
    for r in summary.to_dict("records"):
        both = (("source", r["source_rows"]), ("target", r["target_rows"]))
        sources.append(joined(trace(r[side], "search", numbers) for side, numbers in both))
        rows.append(
            [
                TableCell(r["method"], r["method"], mark="row"),
                TableCell(r["hyperparameter"], mark="key"),
                TableCell(r["across"]),
                TableCell(labels.signed(r["mean"]), r["mean"], note=plural(r["pairs"], "pair")),
                TableCell(labels.signed(r["regret"]), r["regret"]),
                TableCell(labels.interval(r["low"], r["high"], labels.signed), r["low"]),
                TableCell(short_setting(r["source_task"], r["source_ratio"]), mark="key"),
                TableCell(short_setting(r["target_task"], r["target_ratio"]), mark="key"),
                TableCell(f"{r['positive']} of {r['pairs']}", r["positive"]),
            ]
        )
    columns = [
        TableColumn("Method"),
        TableColumn("Hyperparameter"),
        TableColumn("Across"),
        TableColumn("Mean regret", True, "over all ordered pairs"),
        TableColumn("Highest", True, f"regret of the worst pair, in validation {by}"),
        TableColumn("Interval, 95 %", True, "of the worst pair: picked as the worst, it flatters"),
        TableColumn("Tuned on"),
        TableColumn("Used on"),
        TableColumn("Above zero", True, "pairs whose interval lies above zero"),
    ]
    caption = (
        f"Regret of using a value tuned elsewhere, in validation {by}; positive: tuning again "
        "would have paid. The file has every pair."
    )
    return Table("transfer", caption, columns, rows, regrets, sources=sources)
