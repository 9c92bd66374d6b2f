"""Validation AUROC against every tuned hyperparameter, method by method."""

from typing import Any

import pandas as pd

from analysis import figures, labels, sensitivity
from analysis.blocks import Block, Cell, Column, Figure, Heading, Prose, Section, Table
from analysis.palette import Palette
from analysis.results import Results
from analysis.sections.words import setting, trace

__all__ = ["section"]


def section(results: Results) -> Section | None:
    """A figure a method and task, then where the curves peak; None if nothing was tuned."""
    points = sensitivity.points(results)
    if points.empty:
        return None
    curves = sensitivity.curves(points)
    palette = Palette(results.methods, results.ratios)
    blocks: list[Block] = [
        Prose(
            "Each dot is one finished search trial and each open cross a pruned one, placed at "
            "the last validation it reached. The curve shows where good values lie: look at how "
            "flat its top is (a flat top is easy to tune) and at whether the tops for different "
            "imbalance ratios stand above each other."
        ),
        Prose(
            "Two cautions. The other hyperparameters vary along with the one shown, and a "
            "guided search visits good regions more often. The curve runs through finished "
            "trials only, and pruned trials stopped because they did worse: where crosses are "
            "many, the curve flatters."
        ),
    ]
    for number, method in enumerate(results.methods):
        mine = points[points["method"] == method]
        if len(mine):
            blocks.append(Heading(method, palette.method(method).colour))
        for i, task in enumerate(t for t in results.tasks if (mine["task"] == t).any()):
            figure = _figure(
                mine[mine["task"] == task],
                curves[(curves["method"] == method) & (curves["task"] == task)],
                palette,
                method,
                results.ratios,
            )
            caption = (
                f"{method} on {task}. Curve: binned median, finished trials in bins of equal "
                f"count (at least {sensitivity.BIN_SIZE} a bin; every value of a choice is a "
                "bin). Ring: the selected configuration."
            )
            blocks.append(Figure(f"sensitivity-{number}-{i}", figure, caption))
    blocks.append(_table(results))
    return Section("sensitivity", "Sensitivity", blocks)


def _figure(
    points: pd.DataFrame, curves: pd.DataFrame, palette: Palette, method: str, ratios: list[str]
) -> Any:
    names = list(dict.fromkeys(points["hyperparameter"]))
    kinds = points.drop_duplicates("hyperparameter").set_index("hyperparameter")["kind"]
    scale = {"log": " (log scale)", "linear": "", "choice": ""}
    shown = [ratio for ratio in ratios if (points["ratio"] == ratio).any()]
    figure = figures.grid(
        [""] * len(names),
        [name + scale[kinds[name]] for name in names],
        "validation AUROC",
        len(shown),
    )
    for i, name in enumerate(names):
        panel = points[points["hyperparameter"] == name]
        for ratio in shown:
            style = palette.ratio(method, ratio)
            mine = panel[panel["ratio"] == ratio]
            bins = curves[(curves["hyperparameter"] == name) & (curves["ratio"] == ratio)]
            done, pruned = mine[mine["state"] == "COMPLETE"], mine[mine["state"] == "PRUNED"]
            traces = [
                figures.dots(done["value"], done["auroc"], style, ratio, _hover(done)),
                figures.dots(
                    pruned["value"],
                    pruned["auroc"],
                    style,
                    ratio,
                    _hover(pruned),
                    symbol="x-thin-open",
                ),
                figures.line(bins["x"], bins["median"], style, ratio, _bin_hover(bins)),
            ]
            chosen = done[done["selected"]]
            traces.append(
                figures.dots(
                    chosen["value"],
                    chosen["auroc"],
                    style,
                    ratio,
                    _hover(chosen),
                    symbol="circle-open",
                    size=14,
                    opacity=1,
                )
            )
            for trace_ in traces:
                figure.add_trace(trace_, **figures.place(i))
        if kinds[name] == "log":
            figure.update_xaxes(type="log", dtick=1, **figures.place(i))
        if kinds[name] == "choice":
            ticks = panel.drop_duplicates("value").sort_values("value")
            figure.update_xaxes(
                tickvals=list(ticks["value"]),
                ticktext=[figures.text(t) for t in ticks["text"]],
                **figures.place(i),
            )
    return figures.tidy_legend(figure)


def _hover(rows: pd.DataFrame) -> list[str]:
    return [
        f"{r.hyperparameter} = {r.text}\n{labels.auroc(r.auroc)} after interval {r.interval}"
        f"{' (pruned)' if r.state == 'PRUNED' else ''}\n{r.trial} ({r.origin})"
        for r in rows.itertuples(index=False)
    ]


def _bin_hover(bins: pd.DataFrame) -> list[str]:
    return [
        f"median of {r.n}: {labels.auroc(r.median)}\n{r.low:.4g} to {r.high:.4g}\n{r.cell}"
        for r in bins.itertuples(index=False)
    ]


def _table(results: Results) -> Table:
    optima = sensitivity.optima(results)
    rows = [
        [
            Cell(r["method"], r["method"], r["cell"], mark="row"),
            Cell(r["hyperparameter"]),
            Cell(setting(r["task"], r["ratio"])),
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
