"""Validation AUROC against every tuned hyperparameter, method by method."""

import pandas as pd

from analysis import labels, sensitivity
from analysis.blocks import Block, Cell, Column, Figure, Heading, Prose, Section, Table
from analysis.palette import Palette
from analysis.results import Results
from analysis.sections.sensitivity_figure import draw
from analysis.sections.words import short_setting, trace

__all__ = ["section"]

CURVE = (
    "Curve: binned median of finished trials, bins of equal count (at least "
    f"{sensitivity.BIN_SIZE} trials; each value of a choice is a bin)."
)
NO_CURVE = f"No curve: it takes {2 * sensitivity.BIN_SIZE} finished trials."
MARKS = "Ring: the selected configuration. Crosses: pruned trials; their height means nothing."


def section(results: Results) -> Section | None:
    """A figure a method and task, then where the curves peak; None if nothing was tuned."""
    points = sensitivity.points(results)
    if points.empty:
        return None
    curves = sensitivity.curves(points)
    palette = Palette(results.methods, results.ratios)
    blocks: list[Block] = [
        Prose(
            "Each dot is one finished search trial; the curve shows where good values lie. Look "
            "at how flat its top is (a flat top is easy to tune) and at whether the tops for "
            "different imbalance ratios stand above each other. Searches at different ratios "
            "reach different levels, so where there are several, heights are distances from "
            "the best trial of the same search; the legend gives its validation AUROC."
        ),
        Prose(
            "Two cautions. The other hyperparameters vary along with the one shown, and a "
            "guided search visits good regions more often. And the curve runs through finished "
            "trials only: pruned ones, the crosses at the bottom, stopped because they did "
            "worse, so where crosses are many the curve flatters."
        ),
    ]
    for number, method in enumerate(results.methods):
        mine = points[points["method"] == method]
        if len(mine):
            blocks.append(Heading(method, palette.method(method).colour))
        for i, task in enumerate(t for t in results.tasks if (mine["task"] == t).any()):
            bins = curves[(curves["method"] == method) & (curves["task"] == task)]
            figure = draw(mine[mine["task"] == task], bins, palette, results.ratios)
            caption = f"{method} on {task}. {NO_CURVE if bins.empty else CURVE} {MARKS}"
            blocks.append(Figure(f"sensitivity-{number}-{i}", figure, caption))
    blocks.append(_table(sensitivity.optima(results, points, curves)))
    return Section("sensitivity", "Sensitivity", blocks)


def _table(optima: pd.DataFrame) -> Table:
    rows = [
        [
            Cell(r["method"], r["method"], r["cell"], mark="row"),
            Cell(r["hyperparameter"], mark="key"),
            Cell(short_setting(r["task"], r["ratio"]), mark="key"),
            Cell(r["searched"]),
            Cell(r["chosen"] or labels.MISSING),
            Cell(
                f"{r['best_low']} to {r['best_high']}"
                if r["best_low"] != r["best_high"]
                else r["best_low"] or labels.MISSING,
                title=trace(r["cell"], "search", r["rows"]) if r["rows"] else "",
            ),
            Cell(labels.auroc(r["swing"]), _sortable(r["swing"])),
            Cell(f"{r['finished']} / {r['pruned']}", r["finished"]),
        ]
        for r in optima.to_dict("records")
    ]
    columns = [
        Column("Method"),
        Column("Hyperparameter"),
        Column("Setting"),
        Column("Searched"),
        Column("Selected", title="value in the selected configuration"),
        Column("Best bin", title="values that the bin with the highest median spans"),
        Column("Swing", True, "best minus worst bin median: how much the hyperparameter matters"),
        Column("Finished / pruned", True, "search trials with this hyperparameter"),
    ]
    caption = "Where the curves peak. Swing is the best minus the worst bin median, in AUROC."
    return Table("sensitivity", caption, columns, rows, optima)


def _sortable(value: float) -> float | None:
    return None if value != value else value
