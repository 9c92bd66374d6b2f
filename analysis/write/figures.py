"""Parts of every figure: panels in a grid, lines, bands and dots.

Names that come from a user pass through ``text``: plotly reads labels as markup.
"""

import html
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from analysis.read.traces import Trace
from analysis.write.palette import Style
from analysis.write.theme import TEMPLATES

__all__ = [
    "MOST_LABELS",
    "add",
    "band",
    "dots",
    "grid",
    "label_panels",
    "line",
    "log_ticks",
    "place",
    "text",
    "thinned",
    "tidy_legend",
]

# Checked once: plotly takes 35 ms for it, every time that it is given as a dict.
TEMPLATE = go.layout.Template(TEMPLATES["light"])
PANEL_HEIGHT = 270
GAP = 96
LEGEND_ROW = 29
LEGEND_WIDTH = 860
MAX_COLUMNS = 3


def text(value: object) -> str:
    """``value`` as plotly shows it letter by letter."""
    return html.escape(str(value), quote=False)


def grid(
    titles: Sequence[str],
    x_titles: Sequence[str],
    y_title: str,
    legend: Sequence[str],
    *,
    shared: bool = False,
    columns: int = MAX_COLUMNS,
    gap: int = GAP,
) -> go.Figure:
    """An empty figure of panels, at most ``columns`` a row.

    Args:
        titles: heading of each panel, row by row; "" for none.
        x_titles: title of each panel's x axis.
        y_title: title of the y axis, shown at the first panel of each row.
        legend: names that the legend will show; it stands above the panels.
        shared: all panels have one range of y.
        columns: most panels of a row.
        gap: between two rows, in pixels; less suits rows without titles.
    """
    columns = min(columns, len(titles))
    rows = -(-len(titles) // columns)
    top = 14 + LEGEND_ROW * _legend_rows(legend) + (26 if any(titles) else 0)
    inner = PANEL_HEIGHT * rows + gap * (rows - 1)
    figure = make_subplots(
        rows=rows,
        cols=columns,
        shared_yaxes="all" if shared else False,
        specs=[
            [{} if row * columns + column < len(titles) else None for column in range(columns)]
            for row in range(rows)
        ],
        subplot_titles=[text(title) for title in titles],
        horizontal_spacing=(0.05 if shared else 0.075) if columns > 1 else 0,
        vertical_spacing=0 if rows == 1 else gap / inner,
    )
    figure.update_layout(
        template=TEMPLATE,
        height=top + inner + 60,
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
    axes: dict[str, Any] = {
        f"xaxis{i + 1}": {"title": {"text": text(title)}} for i, title in enumerate(x_titles)
    }
    for i in range(0, len(titles), columns):
        axes[f"yaxis{i + 1}"] = {"title": {"text": y_title}, "showticklabels": True}
    figure.update_layout(axes)
    figure.update_annotations(yshift=6, font_size=13)
    return figure


def add(figure: go.Figure, traces: Iterable[tuple[int, go.Scatter]]) -> None:
    """Put (panel, trace) pairs into a grid, all at once: one by one takes several times as long."""
    placed = list(traces)
    for panel, trace in placed:
        trace.xaxis, trace.yaxis = f"x{panel + 1}", f"y{panel + 1}"
    figure.add_traces([trace for _, trace in placed])


def place(index: int) -> Mapping[str, int]:
    """Row and column of panel ``index`` in a grid."""
    return {"row": index // MAX_COLUMNS + 1, "col": index % MAX_COLUMNS + 1}


def line(
    x: Iterable[float],
    y: Iterable[float],
    style: Style,
    name: str,
    hover: Iterable[str] | None,
    source: str,
    *,
    mode: str = "lines+markers",
    shape: str = "linear",
    spread: Iterable[float] | None = None,
) -> go.Scatter:
    """A line, entered in the legend under ``name``; panels of one name toggle together.

    Args:
        hover: text of each point, shown when the pointer is over it; None shows x and y, which
            keeps the file small.
        source: where all the points come from, shown below ``hover``; a click on a point opens
            the trials of a ``Trace``.
        mode: plotly's mode.
        shape: "linear" or "hv" (steps).
        spread: half lengths of error bars.
    """
    along = _rounded(x)
    return go.Scatter(
        x=along,
        y=_rounded(y),
        # A line of one point would not be seen.
        mode="lines+markers" if len(along) == 1 else mode,
        name=text(name),
        legendgroup=text(name),
        line={"color": style.colour, "dash": style.dash, "width": 2, "shape": shape},
        marker={"color": style.colour, "symbol": style.symbol, "size": 7},
        error_y=None
        if spread is None
        else {"array": _rounded(spread), "color": style.colour, "thickness": 1.5, "width": 4},
        text=_texts(hover),
        hovertemplate=_hover_template(source, hover is None),
        meta=source.packed if isinstance(source, Trace) else None,
    )


def dots(
    x: Iterable[float],
    y: Iterable[float],
    style: Style,
    name: str,
    hover: Iterable[str] | None,
    source: str,
    *,
    symbol: str | None = None,
    size: float | Sequence[float] = 6,
    opacity: float = 0.7,
    legend: bool = False,
    rows: Iterable[int] | None = None,
) -> go.Scatter:
    """Single points; ``symbol`` stands in for the style's own, ``legend`` enters the name.

    Args:
        rows: the search row of each point, where ``source`` is their cell; a click opens it.
    """
    return go.Scatter(
        x=_rounded(x),
        y=_rounded(y),
        mode="markers",
        name=text(name),
        legendgroup=text(name),
        showlegend=legend,
        opacity=opacity,
        marker={"color": style.colour, "symbol": symbol or style.symbol, "size": size},
        text=_texts(hover),
        hovertemplate=_hover_template(source, hover is None),
        meta=None if rows is None else f"{source}/search/",
        customdata=None if rows is None else [int(row) for row in rows],
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
    x: Sequence[float],
    low: Sequence[float],
    high: Sequence[float],
    style: Style,
    name: str,
    *,
    faint: bool = False,
) -> go.Scatter:
    """The area between ``low`` and ``high``; it toggles with the line of the same name.

    Args:
        faint: for bands that lie over one another.
    """
    return go.Scatter(
        x=_rounded([*x, *reversed(x)]),
        y=_rounded([*high, *reversed(low)]),
        fill="toself",
        fillcolor=style.colour + ("14" if faint else "26"),
        line={"width": 0, "color": style.colour},
        mode="lines",
        legendgroup=text(name),
        showlegend=False,
        hoverinfo="skip",
    )


def thinned(count: int, most: int) -> list[int]:
    """Places of ``most`` of ``count`` rows, evenly spread, the first and the last among them."""
    if count <= most:
        return list(range(count))
    return sorted({round(i * (count - 1) / (most - 1)) for i in range(most)})


MOST_LABELS = 20
"""Labels that have a panel each in one figure."""


def label_panels(rows: pd.DataFrame) -> list[tuple[str, pd.DataFrame]]:
    """Each label and its rows, in their order; of many labels ``MOST_LABELS``, evenly spread."""
    groups = [(str(label), own) for label, own in rows.groupby("label", sort=False)]
    return [groups[place] for place in thinned(len(groups), MOST_LABELS)]


def log_ticks(low: float, high: float) -> tuple[list[float], list[str]]:
    """Ticks at powers of ten; also at 2 and 5 times those if the range is short."""
    decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    steps = (1,) if high / low > 30 else (1, 2, 5)
    ticks = [(step, decade) for decade in decades for step in steps]
    texts = [
        f"{step * 10.0**decade:g}"
        if decade >= -3
        else ("" if step == 1 else f"{step} \N{MIDDLE DOT} ") + f"10<sup>{decade}</sup>"
        for step, decade in ticks
    ]
    return [step * 10.0**decade for step, decade in ticks], texts


def _legend_rows(names: Sequence[str]) -> int:
    """Rows that plotly will need, from the length of the names."""
    rows, used = min(1, len(names)), 0.0
    for name in names:
        width = 46 + 6.4 * len(name)
        if used and used + width > LEGEND_WIDTH:
            rows, used = rows + 1, 0
        used += width
    return rows


def _texts(hover: Iterable[str] | None) -> list[str] | None:
    return None if hover is None else [text(words).replace("\n", "<br>") for words in hover]


def _hover_template(source: str, numbers: bool) -> str:
    # "%{" would be read as a variable.
    start = "%{x:.4~g}: %{y:.4f}<br>" if numbers else "%{text}<br>"
    return start + text(source).replace("%", "&#37;") + "<extra></extra>"


def _rounded(values: Iterable[float]) -> list[float]:
    """Six digits: more than a screen shows, and half the size in the file."""
    return [float(f"{value:.6g}") for value in values]
