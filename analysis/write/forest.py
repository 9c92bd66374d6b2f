"""Intervals of several methods side by side, one line a label or subgroup."""

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import plotly.graph_objects as go

from analysis.read.traces import Trace
from analysis.write import figures
from analysis.write.palette import Palette

__all__ = ["Dot", "forest"]

DOT, GAP = 11, 10
"""Pixels a method, and between two lines."""


class Dot(NamedTuple):
    """A mean and its interval.

    Attributes:
        mean: what is drawn.
        low, high: its interval; NaN where there is none.
        hover: what the dot says.
        source: the trials that it comes from.
    """

    mean: float
    low: float
    high: float
    hover: str
    source: Trace


def forest(
    lines: Sequence[tuple[str, Mapping[str, Dot]]], methods: Sequence[str], palette: Palette
) -> go.Figure:
    """A figure of intervals, the first line on top.

    Args:
        lines: name, and by method its dot; one or more.
        methods: in order, from the top of a line to its foot.
        palette: of the study.
    """
    figure = figures.grid([""], ["test AUROC"], "", methods)
    step = DOT / (DOT * len(methods) + GAP)
    shift = {method: step * ((len(methods) - 1) / 2 - i) for i, method in enumerate(methods)}
    traces: list[tuple[int, go.Scatter]] = []
    for method in methods:
        for i, (_, dots) in enumerate(lines):
            if method not in dots:
                continue
            dot, place = dots[method], shift[method] - i
            shown = figures.line(
                [dot.mean], [place], palette.method(method), method, [dot.hover], dot.source
            )
            shown.mode = "markers"
            if not math.isnan(dot.low):
                shown.error_x = {
                    "symmetric": False,
                    "array": [dot.high - dot.mean],
                    "arrayminus": [dot.mean - dot.low],
                    "color": palette.method(method).colour,
                    "thickness": 1.5,
                    "width": 0,
                }
            traces.append((0, shown))
    figures.add(figure, traces)
    figure.update_yaxes(
        tickvals=[-i for i in range(len(lines))],
        ticktext=[figures.text(name) for name, _ in lines],
        range=[0.5 - len(lines), 0.5],
        showgrid=False,
    )
    for i in range(1, len(lines)):
        figure.add_hline(-i + 0.5, line={"color": "rgba(128, 128, 128, 0.25)", "width": 1})
    figure.update_xaxes(showgrid=True)
    margin = figure.layout.margin
    height = len(lines) * (DOT * len(methods) + GAP) + margin.t + margin.b
    figure.update_layout(height=height)
    return figures.tidy_legend(figure)
