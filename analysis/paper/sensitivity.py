"""Validation AUROC against each tuned hyperparameter, one curve an imbalance ratio."""

from collections.abc import Iterator

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from analysis.findings import Findings
from analysis.paper.style import key, looks, panels
from analysis.write.palette import Palette, Style

__all__ = ["figures"]


def figures(findings: Findings) -> Iterator[tuple[str, Figure]]:
    """A figure a method and task that has a curve: its name (as in the report), and the figure."""
    results, points = findings.results, findings.points
    if points.empty:
        return
    # Columns of a frame that was put together from empty ones lose their dtype.
    numbers = dict.fromkeys(["x", "median", "lower", "upper"], float)
    curves = findings.sensitivity.astype(numbers)
    palette = Palette(results.methods, results.ratios)
    for i, method in enumerate(results.methods):
        known = points.loc[points["method"] == method, "task"].unique()
        for j, task in enumerate(task for task in results.tasks if task in known):
            tried = points[(points["method"] == method) & (points["task"] == task)]
            bins = curves[(curves["method"] == method) & (curves["task"] == task)]
            if len(bins):
                yield f"sensitivity-{i}-{j}", _draw(tried, bins, palette, results.ratios)


def _draw(
    points: pd.DataFrame, curves: pd.DataFrame, palette: Palette, ratios: list[str]
) -> Figure:
    method = points["method"].iloc[0]
    done = points[points["state"] == "COMPLETE"]
    best = done.groupby("ratio")["auroc"].max()
    shown = [ratio for ratio in ratios if ratio in best.index]
    # Searches at different ratios reach different levels: curves are drawn from their best.
    level = best if len(shown) > 1 else best * 0
    names = list(dict.fromkeys(points["hyperparameter"]))
    title = "AUROC - best of its search" if len(shown) > 1 else "validation AUROC"
    legend = {ratio: f"{ratio} (best {best[ratio]:.4f})" for ratio in shown}
    figure, axes = panels([""] * len(names), title, list(legend.values()))
    for name, axis in zip(names, axes, strict=True):
        for ratio in shown:
            here = done[(done["hyperparameter"] == name) & (done["ratio"] == ratio)]
            bins = curves[(curves["hyperparameter"] == name) & (curves["ratio"] == ratio)]
            style = palette.ratio(method, ratio)
            _curve(axis, here, bins, level[ratio], style, legend[ratio])
        _scale(axis, points[points["hyperparameter"] == name])
        axis.set_xlabel(name)
    key(figure, list(legend.values()))
    return figure


def _curve(
    axis: Axes, points: pd.DataFrame, bins: pd.DataFrame, level: float, style: Style, label: str
) -> None:
    look = looks(style)
    dots = {"linestyle": "none", "markersize": 2, "markeredgewidth": 0, "alpha": 0.35}
    axis.plot(points["value"], points["auroc"] - level, **look | dots)
    axis.plot(bins["x"], bins["median"] - level, label=label, **look)
    axis.fill_between(
        bins["x"],
        bins["lower"] - level,
        bins["upper"] - level,
        color=style.colour,
        alpha=0.12,
        linewidth=0,
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
