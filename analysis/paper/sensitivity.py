"""Validation AUROC against each tuned hyperparameter: the curves, at each ratio and over all."""

from collections.abc import Iterator

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from analysis.findings import Findings
from analysis.paper.style import key, looks, panels
from analysis.results import Results
from analysis.search.sensitivity import POOLED, SIZE, Curve
from analysis.write.palette import Palette, Style

__all__ = ["figures"]


def figures(findings: Findings) -> Iterator[tuple[str, Figure]]:
    """A figure a method and task that has a curve: its name (as in the report), and the figure."""
    results, points = findings.results, findings.points
    if points.empty:
        return
    palette = Palette(results.methods, results.ratios)
    for i, method in enumerate(results.methods):
        known = points.loc[points["method"] == method, "task"].unique()
        for j, task in enumerate(task for task in results.tasks if task in known):
            tried = points[(points["method"] == method) & (points["task"] == task)]
            curves = [c for c in findings.sensitivity if (c.method, c.task) == (method, task)]
            if curves:
                yield f"sensitivity-{i}-{j}", _draw(tried, curves, palette, results)


def _draw(points: pd.DataFrame, curves: list[Curve], palette: Palette, results: Results) -> Figure:
    method = points["method"].iloc[0]
    done = points[points["state"] == "COMPLETE"]
    best = done.groupby("ratio")["auroc"].max()
    shown = [ratio for ratio in results.ratios if ratio in best.index]
    # Searches at different ratios reach different levels: curves are drawn from their best.
    level = best if len(shown) > 1 else best * 0
    names, by = list(dict.fromkeys(points["hyperparameter"])), results.criterion
    title = f"{by} - best of its search" if len(shown) > 1 else f"validation {by}"
    legend = {ratio: f"{ratio} (best {best[ratio]:.4f})" for ratio in shown}
    if any(curve.pooled for curve in curves):
        legend[POOLED] = POOLED
    figure, axes = panels([""] * len(names), title, list(legend.values()))
    for name, axis in zip(names, axes, strict=True):
        for ratio in shown:
            here = done[(done["hyperparameter"] == name) & (done["ratio"] == ratio)]
            style = palette.ratio(method, ratio)
            dots = {"linestyle": "none", "markersize": 2, "markeredgewidth": 0, "alpha": 0.35}
            axis.plot(here["value"], here["auroc"] - level[ratio], **looks(style) | dots)
        for curve in (curve for curve in curves if curve.hyperparameter == name):
            if curve.pooled:
                _curve(axis, curve, 0.0, palette.method(method), POOLED)
            else:
                style = palette.ratio(method, curve.ratio)
                _curve(axis, curve, level[curve.ratio], style, legend[curve.ratio])
        _scale(axis, points[points["hyperparameter"] == name])
        axis.set_xlabel(name)
    key(figure, list(legend.values()))
    return figure


def _curve(axis: Axes, curve: Curve, level: float, style: Style, label: str) -> None:
    lower, upper = curve.effect.band
    look = looks(style, marker=len(curve.x) < SIZE) | {"linewidth": 2.0 if curve.pooled else 1.2}
    axis.plot(curve.x, curve.effect.mean - level, label=label, **look)
    axis.fill_between(
        curve.x, lower - level, upper - level, color=style.colour, alpha=0.12, linewidth=0
    )


def _scale(axis: Axes, points: pd.DataFrame) -> None:
    kind = points["kind"].iloc[0]
    if kind == "log":
        axis.set_xscale("log")
        axis.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
        axis.minorticks_off()
    elif kind == "choice":
        tried = points.drop_duplicates("value")
        axis.set_xticks(list(tried["value"]), list(tried["text"]))
