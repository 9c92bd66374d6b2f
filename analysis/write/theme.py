"""The one look of all figures, in light and in dark."""

from typing import Any

__all__ = ["TEMPLATES"]

FONT = "'Helvetica Neue', Helvetica, Arial, 'Liberation Sans', sans-serif"


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


TEMPLATES: dict[str, dict[str, Any]] = {
    "light": _theme(ink="#1d2125", soft="#5c646d", rule="#e4e7ea", paper="#ffffff"),
    "dark": _theme(ink="#e6e8ea", soft="#a0a8b0", rule="#2c3238", paper="#1d2126"),
}
