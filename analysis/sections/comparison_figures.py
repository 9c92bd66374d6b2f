"""Figures of comparisons: the critical-difference diagram."""

import pandas as pd
import plotly.graph_objects as go

from analysis.write import figures
from analysis.write.palette import Palette
from analysis.write.theme import TEMPLATES

__all__ = ["critical_difference"]

ROW = 30
"""Pixels between two methods, or two bars."""
GREY = "rgba(128, 128, 128, 0.8)"


def critical_difference(ranks: pd.DataFrame, groups: pd.DataFrame, palette: Palette) -> go.Figure:
    """A line a method, its average rank as a dot; below, a bar a group that no test parts.

    Args:
        ranks: what ``analysis.compare.significance.ranks`` returns, at least one row.
        groups: what ``analysis.compare.critical_difference.groups`` returns for the same units.
        palette: of the study.
    """
    place = dict(zip(ranks["method"], ranks["rank"], strict=True))
    figure = go.Figure()
    for line, (method, rank) in enumerate(place.items()):
        hover = [f"{method}: average rank {rank:.2f}"]
        style = palette.method(method)
        figure.add_trace(
            figures.dots([rank], [-line], style, method, hover, "", size=11, opacity=1)
        )
        figure.add_shape(type="line", x0=1, x1=rank, y0=-line, y1=-line, line=_thin())
    for line, group in enumerate(groups.to_dict("records"), start=len(place)):
        ends = {"x0": group["low"], "x1": group["high"], "y0": -line, "y1": -line}
        figure.add_shape(type="line", line={"color": GREY, "width": 4}, **ends)
        hover = [f"not told apart: {', '.join(group['methods'])}"] * len(group["methods"])
        for method in group["methods"]:
            style = palette.method(method)
            figure.add_trace(figures.dots([place[method]], [-line], style, method, hover[:1], ""))
    lines = len(place) + len(groups)
    names = [*map(figures.text, place), *(["not told apart"] * len(groups))]
    figure.update_yaxes(
        tickvals=[-line for line in range(lines)],
        ticktext=names,
        range=[0.6 - lines, 0.6],
        showgrid=False,
        fixedrange=True,
    )
    figure.update_xaxes(
        title_text="average rank (1 is best)",
        range=[0.9, len(place) + 0.1],
        tickvals=list(range(1, len(place) + 1)),
        showgrid=True,
    )
    return figure.update_layout(
        template=TEMPLATES["light"],
        height=ROW * lines + 70,
        margin={"t": 12, "r": 12, "b": 54, "l": 64},
        showlegend=False,
    )


def _thin() -> dict[str, object]:
    return {"color": GREY, "width": 1, "dash": "dot"}
