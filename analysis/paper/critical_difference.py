"""Critical-difference diagram: average ranks, and bars over methods that no test tells apart."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from analysis.compare import critical_difference, significance
from analysis.findings import Findings
from analysis.paper.style import WIDTH

__all__ = ["draw"]

STEP = 0.24
"""Inches between two names, or two bars."""


def draw(findings: Findings) -> Figure | None:
    """The diagram, best rank at the left; None below three methods or two complete settings."""
    units = findings.units
    settings, count = units.values.shape
    if count < 3 or settings < 2:
        return None
    ranks = significance.ranks(units)
    bars = critical_difference.groups(units, findings.wilcoxon)
    lines = (count + 1) // 2
    height = STEP * (lines + len(bars) + 3)
    figure = Figure(figsize=(WIDTH, height))
    axis = figure.add_axes((0.22, 0.02, 0.56, 0.96))
    axis.set_axis_off()
    axis.set_xlim(0.9, count + 0.1)
    axis.set_ylim(-(lines + len(bars) + 1.5), 1.5)
    _ruler(axis, count)
    for i, bar in enumerate(bars.to_dict("records")):
        axis.plot([bar["low"] - 0.03, bar["high"] + 0.03], [-0.6 - i] * 2, lw=3, c="#3d434b")
    _names(axis, ranks, len(bars), count)
    return figure


def _ruler(axis: Axes, count: int) -> None:
    axis.plot([1, count], [0, 0], lw=0.8, c="black")
    for rank in range(1, count + 1):
        axis.plot([rank, rank], [0, 0.25], lw=0.8, c="black")
        axis.text(rank, 0.4, str(rank), ha="center", va="bottom")


def _names(axis: Axes, ranks: pd.DataFrame, bars: int, count: int) -> None:
    """The better half at the left, the rest at the right, each on a line of its own."""
    half = (len(ranks) + 1) // 2
    for place, row in enumerate(ranks.to_dict("records")):
        left = place < half
        line = -(bars + 1 + (place if left else len(ranks) - 1 - place))
        edge = 0.95 if left else count + 0.05
        axis.plot([row["rank"], row["rank"], edge], [0, line, line], lw=0.8, c="#5c646d")
        text = f"{row['method']} ({row['rank']:.2f})"
        offset = -0.05 if left else 0.05
        axis.text(edge + offset, line, text, ha="right" if left else "left", va="center")
