"""The figure of one method's hyperparameters on one task."""

from typing import Any

import pandas as pd
import plotly.graph_objects as go

from analysis import labels
from analysis.read.traces import Trace
from analysis.results import Results
from analysis.search.sensitivity import POOLED, SIZE, Curve
from analysis.write import figures
from analysis.write.palette import Palette, Style

__all__ = ["MOST_DOTS", "draw"]

MOST_DOTS = 20_000
"""Trials drawn in all figures of a report together; of more, every so many-th is drawn."""

STRIP = 0.055
"""Height of a line of pruned trials below the finished ones, as a share of the panel."""


def draw(
    points: pd.DataFrame,
    curves: list[Curve],
    palette: Palette,
    results: Results,
    most: int,
) -> go.Figure:
    """A panel a hyperparameter: the finished trials, and the curves that there are.

    With several ratios the y axis is the distance from the best finished trial of the same
    search: searches at different ratios reach very different levels, and a common scale of
    levels would flatten every curve. Pruned trials stand in a strip below, where only their x
    counts: they stopped at different intervals, so their levels compare with nothing.

    Args:
        points, curves: as ``analysis.search.sensitivity`` makes them, of one method and task.
        results: the study.
        most: trials drawn a panel and ratio; the selected one always is.
    """
    names = list(dict.fromkeys(points["hyperparameter"]))
    kinds = points.drop_duplicates("hyperparameter").set_index("hyperparameter")["kind"]
    by = results.criterion
    shown = [ratio for ratio in results.ratios if (points["ratio"] == ratio).any()]
    method = points["method"].iloc[0]
    done = points[points["state"] == "COMPLETE"]
    best = done.groupby("ratio")["auroc"].max()
    legend = {r: f"{r} (best {labels.auroc(best.get(r, float('nan')))})" for r in shown}
    relative = len(shown) > 1
    level = best if relative else best * 0
    if any(curve.pooled for curve in curves):
        legend[POOLED] = POOLED
    figure = figures.grid(
        [""] * len(names),
        [name + (" (log scale)" if kinds[name] == "log" else "") for name in names],
        f"{by} \N{MINUS SIGN} best of its search" if relative else f"validation {by}",
        list(legend.values()),
        shared=True,
    )
    tried = dict(list(points.groupby(["hyperparameter", "ratio"])))
    drawn = {(curve.hyperparameter, curve.ratio): curve for curve in curves}
    traces: list[tuple[int, go.Scatter]] = []
    crosses: list[go.Scatter] = []
    axes: dict[str, Any] = {}
    for i, name in enumerate(names):
        for lane, ratio in enumerate(shown):
            if (name, ratio) not in tried:
                continue
            trials, curve = tried[name, ratio], drawn.get((name, ratio))
            style, label = palette.ratio(method, ratio), legend[ratio]
            base = level.get(ratio, 0.0)
            traces += [(i, t) for t in _finished(trials, curve, base, style, label, most)]
            if (trials["state"] == "PRUNED").any():
                crosses.append(_pruned(trials, lane, i, style, label, most))
        if (name, POOLED) in drawn:
            traces += [(i, t) for t in _curve(drawn[name, POOLED], 0.0, palette.method(method))]
        axes |= _axes(points[points["hyperparameter"] == name], i)
    figures.add(figure, traces)
    figure.add_traces(crosses)
    heights = done["auroc"] - done["ratio"].map(level)
    strip = STRIP * (len(shown) + 0.8) if len(done) < len(points) else 0.0
    if strip:
        axes["shapes"] = [_rule(i, strip) for i in range(len(names))]
    if len(heights):
        low, high = heights.min(), heights.max()
        span = max(high - low, 0.002)
        bottom = low - span * (0.08 + strip / (1 - strip))
        for i in range(len(names)):
            axes[f"yaxis{i + 1}"] = {"range": [bottom, high + 0.1 * span]}
    figure.update_layout(axes)
    return figures.tidy_legend(figure)


def _finished(
    trials: pd.DataFrame, curve: Curve | None, base: float, style: Style, label: str, most: int
) -> list[go.Scatter]:
    every = trials[trials["state"] == "COMPLETE"]
    done = every.iloc[figures.thinned(len(every), most)]
    chosen = every[every["selected"]]
    cell = trials["cell"].iloc[0]
    # The curve stands in the legend; without one, the dots do.
    dots = figures.dots(
        done["value"],
        done["auroc"] - base,
        style,
        label,
        _hover(done),
        cell,
        rows=done["number"],
        size=5,
        opacity=0.5,
        legend=curve is None,
    )
    traces = [dots] if curve is None else [dots, *_curve(curve, base, style, label)]
    if len(chosen):
        ring = figures.dots(
            chosen["value"],
            chosen["auroc"] - base,
            style,
            label,
            _hover(chosen),
            cell,
            rows=chosen["number"],
            symbol="circle-open",
            size=15,
            opacity=1,
        )
        traces.append(ring)
    return traces


def _curve(curve: Curve, base: float, style: Style, label: str = POOLED) -> list[go.Scatter]:
    """Its band and its line."""
    lower, upper = curve.effect.band
    x, mean = list(curve.x), curve.effect.mean - base
    mode = "lines" if len(x) == SIZE else "lines+markers"
    line = figures.line(x, mean, style, label, None, Trace(curve.sources), mode=mode)
    line.line.width = 4 if curve.pooled else 2
    return [
        figures.band(
            x, list(lower - base), list(upper - base), style, label, faint=not curve.pooled
        ),
        line,
    ]


def _pruned(
    trials: pd.DataFrame, lane: int, panel: int, style: Style, label: str, most: int
) -> go.Scatter:
    """A line of crosses on an axis of its own, which zooming does not move."""
    every = trials[trials["state"] == "PRUNED"]
    rows = every.iloc[figures.thinned(len(every), most)]
    heights = [STRIP * (lane + 0.9)] * len(rows)
    cell = trials["cell"].iloc[0]
    trace = figures.dots(
        rows["value"],
        heights,
        style,
        label,
        _hover(rows),
        cell,
        rows=rows["number"],
        symbol="x-thin-open",
        legend=len(every) == len(trials),
    )
    trace.xaxis, trace.yaxis = f"x{panel + 1}", f"y{100 + panel}"
    return trace


def _axes(points: pd.DataFrame, panel: int) -> dict[str, Any]:
    """Of the panel's x, and of the strip that lies over it."""
    overlay = {"overlaying": f"y{panel + 1}", "range": [0, 1], "visible": False}
    axes: dict[str, Any] = {f"yaxis{100 + panel}": overlay | {"fixedrange": True}}
    kind = points["kind"].iloc[0]
    tried = points.drop_duplicates("value").sort_values("value")
    if kind == "log":
        values, texts = figures.log_ticks(tried["value"].min(), tried["value"].max())
        axes[f"xaxis{panel + 1}"] = {"type": "log", "tickvals": values, "ticktext": texts}
    elif kind == "choice" or _whole(tried["value"]):
        texts = [figures.text(text) for text in tried["text"]]
        axes[f"xaxis{panel + 1}"] = {"tickvals": list(tried["value"]), "ticktext": texts}
    return axes


def _whole(values: pd.Series) -> bool:
    """A few whole numbers, which deserve a tick each and none between."""
    return len(values) <= 8 and bool((values % 1 == 0).all())


def _rule(panel: int, height: float) -> dict[str, object]:
    """A hairline between the finished trials and the strip."""
    return {
        "type": "line",
        "xref": f"x{panel + 1 if panel else ''} domain",
        "yref": f"y{100 + panel}",
        "x0": 0,
        "x1": 1,
        "y0": height,
        "y1": height,
        "line": {"color": "rgba(128, 128, 128, 0.5)", "width": 1, "dash": "dot"},
    }


def _hover(rows: pd.DataFrame) -> list[str]:
    """Short: there is one for every dot."""
    names = ("text", "auroc", "origin", "number", "state", "interval")
    return [
        f"{words}: {labels.auroc(auroc)}, {origin} trial {number}"
        + (f", pruned at interval {interval}" if state == "PRUNED" else "")
        for words, auroc, origin, number, state, interval in zip(
            *(rows[name] for name in names), strict=True
        )
    ]
