"""Which hyperparameters matter, method by method."""

import pandas as pd
import plotly.graph_objects as go

from analysis import labels
from analysis.columns import Row
from analysis.findings import Findings
from analysis.labels import listing
from analysis.read.traces import joined, trace
from analysis.results import Results
from analysis.search import importance
from analysis.search.random_draws import draws
from analysis.write import figures
from analysis.write.blocks import Block, Figure, Note, Prose, Section, Table, TableCell, TableColumn
from analysis.write.palette import LIGHT
from study.words import plural

__all__ = ["section"]

INK = LIGHT[-1]
SYMBOLS = dict(zip(importance.MEASURES, ("circle", "diamond"), strict=True))
SHIFT = dict(zip(importance.MEASURES, (0.16, -0.16), strict=True))

MEANINGS = {
    "everywhere": "Either a coarse setting of it is enough to be among the best, or the trials are "
    "too few to see it there",
    "at the top": "It moves the trials as a whole little: tune it last, with the others set",
}


def section(findings: Findings) -> Section | None:
    """Both measures in a panel a method; None if nothing was tuned."""
    results = findings.results
    refused = importance.refusals(results)
    table = importance.importance(results)
    if table.empty and refused.empty:
        return None
    blocks: list[Block] = []
    if len(table):
        blocks += [
            Prose(
                "How much of what happened in the random trials one hyperparameter explains by "
                "itself, by two measures: everywhere (how a trial stands among the trials of its "
                "search) and at the top (whether it is in the best quarter). Look for filled "
                "marks: those stand out from what chance gives. A hollow mark is no evidence that "
                "the hyperparameter matters, nor, where its band is long, that it does not."
            ),
            Prose(
                "Settings of a method are put together, each trial compared with its own search. "
                "An effect that only two hyperparameters have together stays unseen: the surfaces "
                "of pairs may show it."
            ),
        ]
    notes = _notes(table, refused)
    if notes:
        blocks.append(Note(notes))
    if len(table):
        blocks += [
            Figure(
                "importance",
                _figure(results, table),
                "Share of the variance, freed of the bias of few trials (so that it can fall below "
                "0, which is noise about 0). Bars: bootstrap over trials, 95 %. Filled: p at most "
                f"{importance.LEVEL:g} after Holm's correction over the method's hyperparameters, "
                "by shuffling trials within each search.",
            ),
            _table(results, table),
        ]
    named = table.loc[table["important"].astype(bool), ["method", "hyperparameter"]]
    count = len(named.drop_duplicates())
    finding = f"{plural(count, 'hyperparameter matters', 'hyperparameters matter')}"
    if not count:
        finding = "none stands out" if len(table) else "too few random trials"
    return Section("importance", "Importance", blocks, finding, count > 0)


def _notes(table: pd.DataFrame, refused: pd.DataFrame) -> list[str]:
    notes = [
        f"The measures disagree on {r['hyperparameter']} of {r['method']}: it is important "
        f"{r['measure']} only. {MEANINGS[r['measure']]}."
        for r in importance.disagreements(table).to_dict("records")
    ]
    if len(refused):
        named = listing(f"{r['method']} ({r['n']})" for r in refused.to_dict("records"))
        notes.append(
            f"Too few random trials to tell what matters: {named}; it takes {importance.LEAST} a "
            "method. Guided trials are no sample of the space, so they cannot stand in."
        )
    methods = table.drop_duplicates("method").astype({"apart": bool, "pruned": int, "cells": int})
    shared = methods[~methods["apart"] & (methods["cells"] > 1)]
    if len(shared):
        notes.append(
            f"An effect that turns round from one setting to the next would cancel for "
            f"{listing(shared['method'])}: it takes {importance.LEAST} random trials a search to "
            "look at each by itself."
        )
    pruned = methods[methods["pruned"] > 0]
    if len(pruned):
        counts = (f"{r['method']} {r['pruned']} of {r['n']}" for r in pruned.to_dict("records"))
        notes.append(
            "Some random trials were pruned and stand below all that finished, by how far they "
            f"came: {listing(counts)}."
        )
    return notes


def _figure(results: Results, table: pd.DataFrame) -> go.Figure:
    shown = [m for m in results.methods if (table["method"] == m).any()]
    axis = "share of the variance explained"
    figure = figures.grid(shown, [axis] * len(shown), "", list(importance.MEASURES))
    for i, method in enumerate(shown):
        of_method = table[table["method"] == method]
        names = list(dict.fromkeys(of_method["hyperparameter"]))
        for measure in importance.MEASURES:
            rows = of_method[of_method["measure"] == measure].reset_index(drop=True)
            figure.add_trace(_marks(rows, measure, names), **figures.place(i))
        figure.update_yaxes(
            tickvals=list(range(len(names))),
            ticktext=[figures.text(name) for name in names],
            range=[len(names) - 0.5, -0.5],
            showgrid=False,
            **figures.place(i),
        )
        low = min(-0.1, float(of_method["low"].min()) - 0.03)
        figure.update_xaxes(range=[low, 1.02], zeroline=True, **figures.place(i))
    return figures.tidy_legend(figure)


def _marks(rows: pd.DataFrame, measure: str, names: list[str]) -> go.Scatter:
    hollow = [("" if important else "-open") for important in rows["important"]]
    return go.Scatter(
        x=rows["share"].round(4),
        y=[names.index(name) - SHIFT[measure] for name in rows["hyperparameter"]],
        mode="markers",
        name=measure,
        legendgroup=measure,
        marker={"color": INK, "symbol": [SYMBOLS[measure] + end for end in hollow], "size": 9},
        error_x={
            "array": (rows["high"] - rows["share"]).round(4),
            "arrayminus": (rows["share"] - rows["low"]).round(4),
            "color": INK,
            "thickness": 1.2,
            "width": 0,
        },
        text=[
            f"{figures.text(r['hyperparameter'])}, {measure}: {r['share']:.2f} "
            f"({r['low']:.2f} to {r['high']:.2f})<br>p = {r['p']:.3f}, {r['n']} random trials"
            for r in rows.to_dict("records")
        ],
        hovertemplate="%{text}<extra></extra>",
    )


def _table(results: Results, table: pd.DataFrame) -> Table:
    trials_of = {
        method: joined(
            trace(str(cell), "search", tuple(rows))
            for cell, rows in drawn.groupby("cell", sort=False)["number"]
        )
        for method, drawn in draws(results).groupby("method")
    }
    measured = {
        (r["method"], r["hyperparameter"], r["measure"]): r for r in table.to_dict("records")
    }
    rows, sources = [], []
    for method, name in dict.fromkeys(zip(table["method"], table["hyperparameter"], strict=True)):
        both = [measured[method, name, measure] for measure in importance.MEASURES]
        cells = [cell for one in both for cell in _cells(one)]
        first = both[0]
        trials = TableCell(
            str(first["n"]), int(first["n"]), note=plural(int(first["cells"]), "search", "searches")
        )
        rows.append(
            [TableCell(method, method, mark="row"), TableCell(name, mark="key"), *cells, trials]
        )
        sources.append(trials_of[method])
    heads = [
        TableColumn("Share", True, "of the variance that the hyperparameter explains by itself"),
        TableColumn("Band, 95 %", True),
        TableColumn("p", True, "by shuffling, before Holm's correction"),
    ]
    columns = [TableColumn("Method"), TableColumn("Hyperparameter"), *heads, *heads]
    groups = [("", 2), *((measure, 3) for measure in importance.MEASURES), ("", 1)]
    caption = (
        "Importance by both measures. Bold: important after Holm's correction within the method."
    )
    columns.append(TableColumn("Random trials", True))
    return Table("importance", caption, columns, rows, table, groups, sources)


def _cells(one: Row) -> list[TableCell]:
    mark = "best" if one["important"] else ""
    return [
        TableCell(_share(one["share"]), float(one["share"]), mark=mark),
        TableCell(labels.interval(one["low"], one["high"], _share), float(one["low"])),
        TableCell(f"{one['p']:.3f}", float(one["p"])),
    ]


def _share(value: float) -> str:
    return f"{value:.2f}".replace("-0.00", "0.00").replace("-", "\N{MINUS SIGN}")
