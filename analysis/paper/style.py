"""The look of the figures for a paper: matplotlib, no window, the same bytes every time."""

import io
import textwrap
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from analysis.write.palette import Style

__all__ = ["KINDS", "RENDERER", "key", "looks", "panels", "ratio_ticks", "save", "styled"]

KINDS = ("svg", "pdf")
RENDERER = f"matplotlib {matplotlib.__version__}"

WIDTH = 7.0
"""Inches: the text width of most two-column papers."""
PANEL, ABOVE, BELOW = 1.5, 0.34, 0.42
"""Inches: height of a panel, room for its title, room for the title of its x axis."""
LEFT, RIGHT = 0.64, 0.12
"""Inches: room for the y axis of each panel, and at the end of a row."""
LETTER = 0.062
"""Inches that a letter of a title takes."""
KEY_ROW = 0.17
"""Inches a row of the legend."""
COLUMNS = 3

_NO_DATE: dict[str, Any] = {"svg": {"Date": None}, "pdf": {"CreationDate": None}}
_DASHES = {"solid": "-", "dash": "--", "dot": ":"}
_MARKERS = {
    "circle": "o",
    "square": "s",
    "diamond": "D",
    "triangle-up": "^",
    "triangle-down": "v",
    "star": "*",
    "hexagon": "h",
}
_SETTINGS: Any = {
    "axes.axisbelow": True,
    "axes.grid": True,
    "axes.grid.axis": "y",
    "axes.labelsize": 8,
    "axes.linewidth": 0.6,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlesize": 7.5,
    "font.size": 8,
    "grid.color": "#dfe3e7",
    "grid.linewidth": 0.5,
    "legend.fontsize": 7.5,
    "legend.frameon": False,
    "lines.linewidth": 1.2,
    "lines.markersize": 3.5,
    "pdf.fonttype": 42,  # letters stay letters, as publishers ask
    "svg.hashsalt": "aucstudy",
    "text.parse_math": False,  # a name with dollars is a name
    "xtick.labelsize": 7.5,
    "xtick.major.width": 0.6,
    "xtick.minor.visible": False,
    "ytick.labelsize": 7.5,
    "ytick.major.width": 0.6,
}


@contextmanager
def styled() -> Iterator[None]:
    """Draw in the look of a paper; what a caller had set for matplotlib comes back after."""
    with matplotlib.rc_context(_SETTINGS), warnings.catch_warnings():
        # A name may hold letters that the font lacks; boxes stand for them.
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        yield


def panels(
    titles: Sequence[str], y_title: str, names: Sequence[str], *, columns: int = COLUMNS
) -> tuple[Figure, list[Axes]]:
    """A figure of panels, row by row, above room for a legend; and the axes of each.

    Args:
        titles: of the panels; one or more.
        y_title: of the y axis, at the first panel of each row.
        names: what the legend will show, see ``key``.
        columns: panels a row, at most.
    """
    columns = min(columns, len(titles))
    rows = -(-len(titles) // columns)
    # Places are computed, not fitted to the drawn text, which would take longer than drawing.
    legend = KEY_ROW * -(-len(names) // _key_columns(names)) + 0.05
    height = rows * (PANEL + ABOVE + BELOW) + legend
    panel = (WIDTH - RIGHT) / columns - LEFT
    figure = Figure(figsize=(WIDTH, height))
    axes = []
    for i, title in enumerate(titles):
        row, column = divmod(i, columns)
        left = LEFT + column * (LEFT + panel)
        bottom = height - (row + 1) * (PANEL + ABOVE + BELOW) + BELOW
        place = (left / WIDTH, bottom / height, panel / WIDTH, PANEL / height)
        axis = figure.add_axes(place)
        axis.set_title(textwrap.fill(title, int(panel / LETTER)), loc="left")
        if column == 0:
            axis.set_ylabel(y_title)
        axes.append(axis)
    return figure, axes


def looks(style: Style, *, marker: bool = True) -> dict[str, Any]:
    """Arguments of ``plot`` and ``errorbar`` for a style of the palette."""
    sign = {"marker": _MARKERS[style.symbol]} if marker else {}
    return {"color": style.colour, "linestyle": _DASHES[style.dash], **sign}


def key(figure: Figure, names: Sequence[str]) -> None:
    """One legend below all panels: what was drawn, in the order of ``names``."""
    handles: dict[str, Any] = {}
    for axis in figure.axes:
        for handle, label in zip(*axis.get_legend_handles_labels(), strict=True):
            handles.setdefault(label, handle)
    shown = [name for name in names if name in handles]
    figure.legend(
        [handles[name] for name in shown],
        shown,
        loc="lower center",
        ncols=min(_key_columns(names), len(shown)),
        borderaxespad=0.2,
    )


def _key_columns(names: Sequence[str]) -> int:
    """Entries that stand side by side."""
    return max(1, int(WIDTH / (0.5 + 0.07 * max(map(len, names), default=0))))


def ratio_ticks(axis: Axes, ratios: Sequence[float]) -> None:
    """A logarithmic x axis of imbalance ratios, with a tick at each in per cent."""
    axis.set_xscale("log")
    axis.set_xticks(ratios, [f"{100 * ratio:g}" for ratio in ratios])
    axis.minorticks_off()
    axis.set_xlabel("imratio (% positives)")


def save(figure: Figure) -> dict[str, bytes]:
    """The figure as a file of each kind of ``KINDS``, without a date."""
    files = {}
    for kind in KINDS:
        stream = io.BytesIO()
        figure.savefig(stream, format=kind, metadata=_NO_DATE[kind])
        files[kind] = stream.getvalue()
    return files
