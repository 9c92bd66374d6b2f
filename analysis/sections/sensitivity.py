"""Validation AUROC against every tuned hyperparameter, method by method."""

import pandas as pd

from analysis import labels
from analysis.findings import Findings
from analysis.labels import short_setting
from analysis.read.traces import Trace, trace
from analysis.search import optimum, sensitivity, smooth
from analysis.search.sensitivity import Curve
from analysis.sections.sensitivity_figure import MOST_DOTS, draw
from analysis.write.blocks import (
    Block,
    Figure,
    Heading,
    Prose,
    Section,
    Table,
    TableCell,
    TableColumn,
)
from analysis.write.cells import number
from analysis.write.palette import Palette
from study.words import plural

__all__ = ["section"]

CURVE = (
    "Curve: what the hyperparameter does on average over the trials' values of the others, from a "
    "Gaussian process over all of them. Band: where that average lies, "
    f"{100 * smooth.CONFIDENCE:.0f} % at each point."
)
POOLED = "Thick: the trials at all ratios together, the ratio being one more dimension."
NO_CURVE = f"Points only: a curve takes {sensitivity.LEAST} finished trials."
SOME = f"A search of fewer than {sensitivity.LEAST} finished trials has points only."
SUBSET = (
    f"A curve of more than {sensitivity.MOST} trials is fitted to {sensitivity.MOST} of them, "
    "drawn at random (a fixed seed)."
)
MARKS = "Ring: the selected configuration."
CROSSES = "Crosses: pruned trials; their height means nothing."
LEAST_DOTS = 12


def section(findings: Findings) -> Section | None:
    """A figure a method and task, then where the curves peak; None if nothing was tuned."""
    results, points = findings.results, findings.points
    if points.empty:
        return None
    curves = findings.sensitivity
    palette = Palette(results.methods, results.ratios)
    pruned = bool((points["state"] == "PRUNED").any())
    blocks: list[Block] = [
        Prose(
            "Each dot is one finished search trial; a curve shows what the hyperparameter does by "
            "itself. Look at how flat its top is (a flat top is easy to tune) and at whether the "
            "tops for different imbalance ratios stand above each other: the band says how surely. "
            "Searches at different ratios "
            "reach different levels, so where there are several, heights are distances from "
            "the best trial of the same search; the legend gives its validation "
            f"{results.criterion}."
        ),
        Prose(
            f"From {sensitivity.LEAST} finished trials on there is a curve; a line through fewer "
            "would show what is not there. It averages over the other hyperparameters as they were "
            "tried, so that most dots lie beside it. A guided search visits good regions more "
            "often: where it did not look, the band is wide. The curve is smooth: at a sharp step "
            "it runs ahead, and its band there is too narrow." + (_PRUNED if pruned else "")
        ),
    ]
    groups = points.groupby(["cell", "hyperparameter"]).ngroups
    most = max(LEAST_DOTS, MOST_DOTS // groups)
    for place, method in enumerate(results.methods):
        tried = points[points["method"] == method]
        if len(tried):
            blocks.append(Heading(method, palette.method(method).colour))
        for i, task in enumerate(t for t in results.tasks if (tried["task"] == t).any()):
            own = [curve for curve in curves if (curve.method, curve.task) == (method, task)]
            rows = tried[tried["task"] == task]
            figure = draw(rows, own, palette, results, most)
            caption = f"{method} on {task}. {_caption(rows, own, most)}"
            blocks.append(Figure(f"sensitivity-{place}-{i}", figure, caption))
    optima = optimum.optima(results, points, curves)
    blocks += [
        Heading("Where the curves peak"),
        Prose(
            "Look at the interval before the best value: a wide one says that the trials cannot "
            "tell where the optimum lies, or that it does not matter. In simulated searches of 25 "
            "to 80 trials it held the true optimum in 95 of 100 cases or more, for random and for "
            "guided trials alike."
        ),
        _table(optima, points),
    ]
    located = int(optima["located"].sum())
    finding = f"{plural(located, 'optimum', 'optima')} located" if located else "no optimum located"
    return Section("sensitivity", "Sensitivity", blocks, finding, located > 0)


_PRUNED = (
    " The curve runs through finished trials only: pruned ones, the crosses at the bottom, "
    "stopped because they did worse, so where crosses are many the curve flatters."
)


def _caption(rows: pd.DataFrame, curves: list[Curve], most: int) -> str:
    parts = [CURVE, MARKS] if curves else [NO_CURVE, MARKS]
    if any(curve.pooled for curve in curves):
        parts.insert(1, POOLED)
    if curves and len({curve.cell for curve in curves} - {""}) < rows["cell"].nunique():
        parts.append(SOME)
    if (rows["state"] == "PRUNED").any():
        parts.append(CROSSES)
    if rows.groupby(["cell", "hyperparameter", "state"]).size().max() > most:
        parts.append(f"Of more than {most} trials every so many-th is drawn.")
    if any(sum(len(s.numbers) for s in c.sources) > sensitivity.MOST for c in curves):
        parts.append(SUBSET)
    return " ".join(parts)


def _table(optima: pd.DataFrame, points: pd.DataFrame) -> Table:
    numbers = points.groupby(["cell", "hyperparameter"])["number"].agg(tuple)
    behind = [Trace(rows) for rows in optima["rows"]]
    sources = [
        trace(cell, "search", numbers[cell, name]) if (cell, name) in numbers.index else own or None
        for cell, name, own in zip(optima["cell"], optima["hyperparameter"], behind, strict=True)
    ]
    rows = [
        [
            TableCell(r["method"], r["method"], r["cell"], mark="row"),
            TableCell(r["hyperparameter"], mark="key"),
            TableCell(short_setting(r["task"], r["ratio"]), mark="key"),
            TableCell(r["searched"]),
            TableCell(r["chosen"] or labels.MISSING),
            TableCell(
                r["best"] or labels.MISSING,
                title=own,
            ),
            TableCell(
                r["optimum"] if r["located"] else "anywhere" if r["best"] else labels.MISSING
            ),
            number(r["swing"]),
            TableCell(f"{r['finished']} / {r['pruned']}", r["finished"]),
        ]
        for r, own in zip(optima.to_dict("records"), behind, strict=True)
    ]
    columns = [
        TableColumn("Method"),
        TableColumn("Hyperparameter"),
        TableColumn("Setting"),
        TableColumn("Searched"),
        TableColumn("Selected", title="value in the selected configuration"),
        TableColumn("Best", title="where the curve is highest"),
        TableColumn("Interval, 95 %", title="where the curves that the trials allow are highest"),
        TableColumn("Swing", True, "highest minus lowest point of the curve"),
        TableColumn("Finished / pruned", True, "search trials with this hyperparameter"),
    ]
    caption = (
        "Where the curves peak. The interval is of the curve's posterior; anywhere: it leaves no "
        "part of the searched space out. Swing is the highest minus the lowest point of the curve, "
        "in AUROC."
    )
    data = optima.assign(rows=pd.Series([one.packed.replace("\n", ";") for one in behind]))
    return Table("sensitivity", caption, columns, rows, data, sources=sources)
