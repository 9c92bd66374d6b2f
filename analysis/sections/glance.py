"""At a glance: every method in every setting, best first, and three sentences."""

import math

import plotly.graph_objects as go
from markupsafe import Markup

from analysis import labels
from analysis.columns import Row
from analysis.findings import Findings
from analysis.labels import short_setting
from analysis.read.traces import trace
from analysis.sections import verdict
from analysis.write import figures
from analysis.write.blocks import Block, Panels, Prose, Section
from analysis.write.palette import Palette
from study.words import plural

__all__ = ["section"]

ROW = 24
"""Pixels a method."""
CAPTION = (
    "Mean test AUROC of each method, best first, with its 95 % interval{}. Filled: the highest "
    "mean, and what the tests do not tell from it. Open: what the tests place below it. Intervals "
    "of two methods may overlap and their paired seeds differ all the same."
)
TIERS = {"best": "the highest mean", "near": "not told from the best", "": "told from the best"}


def section(findings: Findings) -> Section:
    """Sentences first, so that a reader of the first screen has both."""
    said = [*verdict.summary(findings), _care(verdict.cautions(findings))]
    blocks: list[Block] = [Prose(Markup(" ").join(said))]
    palette = Palette(findings.results.methods, findings.results.ratios)
    scores = findings.scores[findings.scores["n"] > 0]
    cells: dict[tuple[str, str], list[Row]] = {}
    for row in scores.sort_values("mean", ascending=False, kind="stable").to_dict("records"):
        cells.setdefault((row["task"], row["ratio"]), []).append(row)
    shown = [pair for pair in findings.results.settings if pair in cells]
    if shown:
        titles = [short_setting(*pair) for pair in shown]
        drawn = [_panel(cells[pair], palette) for pair in shown]
        bases = {_interval(row)[2] for rows in cells.values() for row in rows}
        over = f" over {bases.pop()}" if len(bases) == 1 else ""
        panels = Panels("glance", list(zip(titles, drawn, strict=True)), CAPTION.format(over))
        blocks.append(panels)
    return Section("glance", "At a glance", blocks, folds=False)


def _care(cautions: list[str]) -> Markup:
    """The first thing that casts doubt on the sentences before, and how many more there are."""
    if not cautions:
        return Markup('What this rests on stands in the <a href="#verdict">verdict</a>.')
    more = len(cautions) - 1
    rest = f" {plural(more, 'more caution')} in the " if more else " More in the "
    link = Markup('<a href="#verdict">verdict</a>.')
    return Markup("<strong>Read with care.</strong> ") + cautions[0] + rest + link


def _interval(row: Row) -> tuple[float, float, str]:
    """The widest that the data give, and what it is over; the mean itself where they give none."""
    # Predictions that are not those of the mean beside them would place it elsewhere.
    for name, over in (("both_", "seeds and test images"), ("", "seeds")):
        low, high = row[f"{name}low"], row[f"{name}high"]
        if low <= row["mean"] <= high:
            return low, high, over
    return row["mean"], row["mean"], "seeds"


def _panel(rows: list[Row], palette: Palette) -> go.Figure:
    """The methods of one setting, the best on top."""
    figure = go.Figure()
    low, high = math.inf, -math.inf
    for place, row in enumerate(rows):
        lower, upper, _ = _interval(row)
        low, high = min(low, lower), max(high, upper)
        style = palette.method(row["method"])
        tier = "best" if row["best"] else "near" if row["near"] else ""
        hover = (
            f"{row['method']}: {labels.auroc(row['mean'])}, {labels.interval(lower, upper)}\n"
            f"{TIERS[tier]}, {plural(row['n'], 'seed')}"
        )
        source = trace(row["cell"], "confirm", row["rows"])
        dot = figures.line([row["mean"]], [-place], style, row["method"], [hover], source)
        dot.mode, dot.marker.size = "markers", 10
        if not tier:
            dot.marker.symbol = f"{style.symbol}-open"
        dot.error_x = {
            "symmetric": False,
            "array": [upper - row["mean"]],
            "arrayminus": [row["mean"] - lower],
            "color": style.colour,
            "thickness": 2,
            "width": 0,
        }
        figure.add_trace(dot)
    span = max(high - low, 0.004)
    figure.update_xaxes(
        range=[low - 0.06 * span, high + 0.06 * span], nticks=4, showgrid=True, fixedrange=True
    )
    figure.update_yaxes(
        tickvals=[-place for place in range(len(rows))],
        ticktext=[figures.text(row["method"]) for row in rows],
        range=[0.6 - len(rows), 0.6],
        showgrid=False,
        fixedrange=True,
    )
    return figure.update_layout(
        template=figures.TEMPLATE,
        height=ROW * len(rows) + 38,
        margin={"t": 4, "r": 10, "b": 34, "l": 10},
        showlegend=False,
    )
