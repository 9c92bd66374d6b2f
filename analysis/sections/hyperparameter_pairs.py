"""How two hyperparameters act together."""

import math
from collections.abc import Sequence

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from numpy.typing import NDArray

from analysis import labels
from analysis.findings import Findings
from analysis.search import contour
from analysis.search.contour import PairSurface, Surface
from analysis.write import figures
from analysis.write.blocks import Block, Figure, Heading, Prose, Section
from study.words import plural, span

__all__ = ["section"]

MOST_DOTS = 60
MOST_NAMED = 6
LEVELS = 8


def section(findings: Findings) -> Section | None:
    """A figure a pair with a panel a method and task; None if no method tunes such a pair."""
    surfaces = contour.pair_surfaces(findings.results, findings.points)
    if not surfaces:
        return None
    blocks: list[Block] = []
    if any(pair.sound for pair in surfaces):
        words = (
            "Each picture is a map: the brighter, the higher the validation "
            f"{findings.results.criterion}, as a distance "
            "from the median of the same search. Look at the shape of the bright region. Upright "
            "or level bands: one of the two decides and the other hardly matters. A slanting "
            "ridge: the best value of one depends on the other, so tune both together."
        )
        blocks.append(Prose(words))
    for x, y in contour.named(findings.results):
        drawn = [
            (pair, pair.surface)
            for pair in surfaces
            if (pair.x, pair.y) == (x, y) and pair.surface and pair.surface.sound
        ]
        if drawn:
            figure = Figure(f"pair-{x}-{y}".replace("_", "-"), _figure(drawn), _caption(drawn))
            blocks += [Heading(f"{x} and {y}"), figure]
    blocks += [Prose(words) for words in _refused([pair for pair in surfaces if not pair.sound])]
    sound = sum(pair.sound for pair in surfaces)
    finding = f"{plural(sound, 'map')} drawn" if sound else "nothing beyond noise"
    return Section("pairs", "Pairs of hyperparameters", blocks, finding)


_Drawn = Sequence[tuple[PairSurface, Surface]]


def _caption(drawn: _Drawn) -> str:
    skills = [round(100 * surface.skill) for _, surface in drawn]
    skill = span(min(skills), max(skills), str)
    return (
        "Kernel regression through all finished trials of a method and task, the widths chosen by "
        f"left-out trials, of whose variance it foretells {skill} %. The lowest twentieth of the "
        "trials counts as its best one. Dots: trials; ring: a selected configuration."
    )


def _refused(pairs: Sequence[PairSurface]) -> list[str]:
    """Sentences on what is not drawn."""
    few = [f"{_what(pair)}: {pair.why}" for pair in pairs if pair.why]
    noise = [_what(pair) for pair in pairs if not pair.why]
    said = []
    if few:
        said.append(f"No map, for want of trials, of {_shortened(few)}.")
    if noise:
        said.append(
            f"No map of {_shortened(noise)}: the trials show no more than noise would. There the "
            "two matter little, next to the other hyperparameters and the seeds."
        )
    return said


def _what(pair: PairSurface) -> str:
    return f"{pair.x} and {pair.y} ({pair.method} on {pair.task})"


def _shortened(items: list[str]) -> str:
    more = len(items) - MOST_NAMED
    return "; ".join(items[:MOST_NAMED]) + (f"; and {more} more" if more > 0 else "")


def _figure(drawn: _Drawn) -> go.Figure:
    first = drawn[0][0]
    x_title, y_title = (
        name + (" (log scale)" if kind == "log" else "")
        for name, kind in zip((first.x, first.y), first.kinds, strict=True)
    )
    titles = [f"{pair.method}, {pair.task}" for pair, _ in drawn]
    figure = figures.grid(titles, [x_title] * len(drawn), y_title, [])
    heights = np.concatenate([surface.z.ravel() for _, surface in drawn])
    low, high = float(np.nanmin(heights)), float(np.nanmax(heights))
    levels = _levels(low, high)
    figure.update_layout(coloraxis=_colours(low, high))
    figure.update_layout(margin={"r": 96})
    for i, (pair, surface) in enumerate(drawn):
        rows, (x_kind, y_kind) = pair.rows, pair.kinds
        figure.add_trace(
            go.Contour(
                x=_stretch(surface.x, rows["x"], x_kind),
                y=_stretch(surface.y, rows["y"], y_kind),
                z=np.round(surface.z, 5),
                coloraxis="coloraxis",
                contours=levels,
                line={"width": 0.5, "color": "rgba(128, 128, 128, 0.6)"},
                hoverinfo="skip",
            ),
            **figures.place(i),
        )
        for trace in _dots(rows):
            figure.add_trace(trace, **figures.place(i))
        _axes(figure, rows, pair.kinds, i)
    return figure


def _colours(low: float, high: float) -> dict[str, object]:
    """One scale for all panels, the same on a light and on a dark page."""
    return {
        "colorscale": "Cividis",
        "cmin": low,
        "cmax": high,
        "colorbar": {
            "title": {"text": "AUROC \N{MINUS SIGN} median", "side": "right"},
            "thickness": 12,
            "outlinewidth": 0,
            "lenmode": "pixels",
            "len": 270,
            "y": 1,
            "yanchor": "top",
            "nticks": 6,
            "tickformat": ".3~f",
        },
    }


def _levels(low: float, high: float) -> dict[str, float]:
    """About ``LEVELS`` lines at round heights."""
    rough = max(high - low, 1e-6) / LEVELS
    scale = 10.0 ** math.floor(math.log10(rough))
    step = scale * min(n for n in (1, 2, 5, 10) if n * scale >= rough)
    return {"start": step * math.ceil(low / step), "end": high, "size": step}


def _dots(rows: pd.DataFrame) -> list[go.Scatter]:
    shown = rows.iloc[figures.thinned(len(rows), MOST_DOTS)]
    chosen = rows[rows["selected"]]
    traces = []
    for part, symbol, size in ((shown, "circle", 5), (chosen, "circle-open", 13)):
        traces.append(
            go.Scatter(
                x=[float(f"{value:.4g}") for value in part["x"]],
                y=[float(f"{value:.4g}") for value in part["y"]],
                mode="markers",
                showlegend=False,
                marker={
                    "color": "white",
                    "symbol": symbol,
                    "size": size,
                    "line": {"color": "white" if symbol.endswith("open") else "black", "width": 1},
                },
                text=[
                    figures.text(f"{r['x_text']}, {r['y_text']}: {labels.signed(r['height'])}")
                    + f"<br>{figures.text(r['cell'])}, trial {r['number']}"
                    for r in part.to_dict("records")
                ],
                hovertemplate="%{text}<extra></extra>",
            )
        )
    return traces


def _axes(figure: go.Figure, rows: pd.DataFrame, kinds: tuple[str, str], panel: int) -> None:
    for axis, kind, update in zip(
        "xy", kinds, (figure.update_xaxes, figure.update_yaxes), strict=True
    ):
        tried = rows.drop_duplicates(axis).sort_values(axis)
        few = len(tried) <= 8
        if kind == "log" and not few:
            values, texts = figures.log_ticks(tried[axis].min(), tried[axis].max())
            update(type="log", tickvals=values, ticktext=texts, **figures.place(panel))
        elif few:
            texts = [figures.text(words) for words in tried[f"{axis}_text"]]
            update(
                type="log" if kind == "log" else "linear",
                tickvals=list(tried[axis]),
                ticktext=texts,
                **figures.place(panel),
            )


def _stretch(unit: NDArray[np.float64], values: pd.Series, kind: str) -> list[float]:
    """Places from 0 to 1 in the unit of the axis."""
    low, high = values.min(), values.max()
    places = low * (high / low) ** unit if kind == "log" else low + (high - low) * unit
    return [float(f"{place:.5g}") for place in places]
