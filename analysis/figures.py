"""Parts of every figure: one template, panels in a grid, lines, bands and dots.

Names that come from a user pass through ``text``: plotly reads labels as markup.
"""

import html
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from analysis.palette import Style

__all__ = ["TEMPLATES", "band", "dots", "grid", "line", "place", "text", "tidy_legend"]

FONT = "'Helvetica Neue', Helvetica, Arial, 'Liberation Sans', sans-serif"
PANEL_HEIGHT = 270
LEGEND_ROW = 24
MAX_COLUMNS = 3


def _theme(ink: str, soft: str, rule: str, paper: str) -> dict[str, Any]:
    """A plotly layout template of four colours: text, axis text, grid lines, background."""
    axis = {
        "gridcolor": rule,
        "linecolor": soft,
        "tickcolor": soft,
        "zeroline": False,
        "showline": True,
        "ticks": "outside",
        "ticklen": 4,
        "automargin": True,
        "tickfont": {"color": soft, "size": 12},
        "title": {"font": {"color": ink, "size": 13}, "standoff": 8},
    }
    return {
        "layout": {
            "font": {"family": FONT, "size": 13, "color": ink},
            "paper_bgcolor": "rgba(0,0,0,0)",
            "plot_bgcolor": "rgba(0,0,0,0)",
            "hoverlabel": {
                "bgcolor": paper,
                "bordercolor": soft,
                "font": {"color": ink, "family": FONT, "size": 12},
                "align": "left",
                "namelength": 0,
            },
            "legend": {"bgcolor": "rgba(0,0,0,0)", "font": {"size": 13, "color": ink}},
            "annotationdefaults": {"font": {"size": 13, "color": ink}},
            "modebar": {
                "bgcolor": "rgba(0,0,0,0)",
                "color": rule,
                "activecolor": soft,
            },
            "xaxis": axis | {"showgrid": False},
            "yaxis": axis,
        }
    }


TEMPLATES = {
    "light": _theme(ink="#1d2125", soft="#5c646d", rule="#e4e7ea", paper="#ffffff"),
    "dark": _theme(ink="#e6e8ea", soft="#a0a8b0", rule="#2c3238", paper="#1d2126"),
}


def text(value: object) -> str:
    """``value`` as plotly shows it letter by letter."""
    return html.escape(str(value), quote=False)


def grid(
    titles: Sequence[str],
    x_titles: Sequence[str],
    y_title: str,
    legend: int,
    columns: int = MAX_COLUMNS,
) -> go.Figure:
    """An empty figure of panels that share the y axis' range.

    Args:
        titles: heading of each panel, row by row.
        x_titles: title of each panel's x axis.
        y_title: title of the y axis, shown at the first panel of each row.
        legend: entries of the legend, which stands above the panels.
        columns: panels a row, at most.
    """
    columns = min(columns, len(titles))
    rows = -(-len(titles) // columns)
    legend_rows = -(-legend // 5)
    top = 34 + LEGEND_ROW * legend_rows
    inner = PANEL_HEIGHT * rows
    figure = make_subplots(
        rows=rows,
        cols=columns,
        shared_yaxes="all",
        specs=[
            [{} if row * columns + column < len(titles) else None for column in range(columns)]
            for row in range(rows)
        ],
        subplot_titles=[text(title) for title in titles],
        horizontal_spacing=0.06 if columns > 1 else 0,
        vertical_spacing=0 if rows == 1 else 96 / (inner + 96 * (rows - 1)),
    )
    figure.update_layout(
        template=TEMPLATES["light"],
        height=top + inner + 96 * (rows - 1) + 60,
        margin={"t": top, "r": 12, "b": 60, "l": 64},
        legend={
            "orientation": "h",
            "yref": "container",
            "y": 1,
            "yanchor": "top",
            "x": 0,
            "xanchor": "left",
        },
    )
    for i, title in enumerate(x_titles):
        figure.update_xaxes(title_text=text(title), row=i // columns + 1, col=i % columns + 1)
    for row in range(1, rows + 1):
        figure.update_yaxes(title_text=y_title, showticklabels=True, row=row, col=1)
    figure.update_annotations(yshift=6, font_size=13)
    return figure


def place(index: int, columns: int = MAX_COLUMNS) -> Mapping[str, int]:
    """Row and column of panel ``index`` in a grid."""
    return {"row": index // columns + 1, "col": index % columns + 1}


def line(
    x: Iterable[float],
    y: Iterable[float],
    style: Style,
    name: str,
    hover: Iterable[str],
    source: str,
    *,
    mode: str = "lines+markers",
    shape: str = "linear",
    spread: Iterable[float] | None = None,
) -> go.Scatter:
    """A line, entered in the legend under ``name``; panels of one name toggle together.

    Args:
        hover: text of each point, shown when the pointer is over it.
        source: where all the points come from, shown below ``hover``.
        mode: plotly's mode.
        shape: "linear" or "hv" (steps).
        spread: half lengths of error bars.
    """
    return go.Scatter(
        x=_rounded(x),
        y=_rounded(y),
        mode=mode,
        name=text(name),
        legendgroup=text(name),
        line={"color": style.colour, "dash": style.dash, "width": 2, "shape": shape},
        marker={"color": style.colour, "symbol": style.symbol, "size": 7},
        error_y=None
        if spread is None
        else {"array": _rounded(spread), "color": style.colour, "thickness": 1.5, "width": 4},
        text=[text(words).replace("\n", "<br>") for words in hover],
        hovertemplate=_hover_template(source),
    )


def dots(
    x: Iterable[float],
    y: Iterable[float],
    style: Style,
    name: str,
    hover: Iterable[str],
    source: str,
    *,
    symbol: str | None = None,
    size: int = 6,
    opacity: float = 0.7,
) -> go.Scatter:
    """Single points; ``symbol`` stands in for the style's own."""
    return go.Scatter(
        x=_rounded(x),
        y=_rounded(y),
        mode="markers",
        name=text(name),
        legendgroup=text(name),
        showlegend=False,
        opacity=opacity,
        marker={"color": style.colour, "symbol": symbol or style.symbol, "size": size},
        text=[text(words).replace("\n", "<br>") for words in hover],
        hovertemplate=_hover_template(source),
    )


def tidy_legend(figure: go.Figure) -> go.Figure:
    """Show each name once, whatever the number of panels."""
    seen: set[str] = set()
    for trace in figure.data:
        if trace.showlegend is not False and len(trace.x):
            trace.showlegend = trace.legendgroup not in seen
            seen.add(trace.legendgroup)
    return figure


def band(
    x: Sequence[float], low: Sequence[float], high: Sequence[float], style: Style, name: str
) -> go.Scatter:
    """The area between ``low`` and ``high``; it toggles with the line of the same name."""
    return go.Scatter(
        x=_rounded([*x, *reversed(x)]),
        y=_rounded([*high, *reversed(low)]),
        fill="toself",
        fillcolor=style.colour + "26",
        line={"width": 0, "color": style.colour},
        mode="lines",
        legendgroup=text(name),
        showlegend=False,
        hoverinfo="skip",
    )


def _hover_template(source: str) -> str:
    # "%{" would be read as a variable.
    return "%{text}<br>" + text(source).replace("%", "&#37;") + "<extra></extra>"


def _rounded(values: Iterable[float]) -> list[float]:
    """Six digits: more than a screen shows, and half the size in the file."""
    return [float(f"{value:.6g}") for value in values]
