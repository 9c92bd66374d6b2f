"""Scores by class with a mix and without, one small figure a group of methods."""

from collections.abc import Sequence

import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from analysis.compare.diagnostics import Group
from analysis.write import figures
from analysis.write.blocks import Panels
from analysis.write.palette import LIGHT

__all__ = ["score_panels", "title_of"]

POSITIVE, NEGATIVE = LIGHT[1], LIGHT[-1]
ROW, GAP, TOP, BOTTOM = 110, 34, 24, 48
"""Heights in pixels: of one method's axes, between two, above and below them all."""

LEAST = 1e-3
"""Lowest share that is drawn: the axis is logarithmic, since most scores lie near 0 and 1."""

CAPTION = (
    "{}: share of each class in {} bins of the score after the last interval, mean over the "
    "confirm seeds, on a logarithmic scale. Filled: training images; line: test images; orange: "
    "positives; grey: negatives."
)


def title_of(group: Group) -> str:
    """ "ce | ce_mixup", or "ce and 3 mixes"."""
    if len(group.mixed) > 1:
        return f"{group.plain.method} and {len(group.mixed)} mixes"
    return f"{group.plain.method} | {group.mixed[0].method}"


def score_panels(scores: pd.DataFrame, groups: Sequence[Group], name: str, words: str) -> Panels:
    """Small figures of the groups of which scores were kept, the methods of each below each other.

    Args:
        scores: ``Diagnostics.scores``.
        groups: of one setting.
        name: of the block.
        words: the setting.
    """
    known = {*scores["cell"]}
    drawn = [
        (title_of(group), _figure(scores, group))
        for group in groups
        if all(cell.id in known for cell in group.cells)
    ]
    bins = len(scores.drop_duplicates("low"))
    return Panels(name, drawn, CAPTION.format(words, bins))


def _figure(scores: pd.DataFrame, group: Group) -> go.Figure:
    methods = len(group.cells)
    inner = ROW * methods + GAP * (methods - 1)
    figure = make_subplots(
        rows=methods,
        cols=1,
        shared_xaxes=True,
        vertical_spacing=GAP / inner if methods > 1 else 0,
        subplot_titles=[figures.text(cell.method) for cell in group.cells],
    )
    for row, cell in enumerate(group.cells, 1):
        for part, own in scores[scores["cell"] == cell.id].groupby("part", sort=False):
            for kind, ink in (("negative", NEGATIVE), ("positive", POSITIVE)):
                figure.add_trace(_steps(own, str(part), kind, ink), row=row, col=1)
    figure.update_layout(
        template=figures.TEMPLATE,
        height=TOP + inner + BOTTOM,
        margin={"t": TOP, "r": 8, "b": BOTTOM, "l": 48},
    )
    figure.update_annotations(font_size=12, yshift=-2)
    figure.update_xaxes(range=[-0.02, 1.02])
    figure.update_xaxes(title_text="score", row=methods, col=1)
    figure.update_yaxes(type="log", range=[-3, 0.05], tickvals=[0.001, 0.01, 0.1, 1])
    figure.update_yaxes(ticktext=["0.1 %", "1 %", "10 %", "100 %"])
    return figure


def _steps(own: pd.DataFrame, part: str, kind: str, ink: str) -> go.Scatter:
    """A step line through the bins, closed at the upper end; filled of training images."""
    along = [*own["low"], own["high"].iloc[-1]]
    shares = [max(share, LEAST) for share in [*own[kind], own[kind].iloc[-1]]]
    train = part == "train"
    return go.Scatter(
        x=[float(f"{x:.4g}") for x in along],
        y=[float(f"{y:.4g}") for y in shares],
        mode="lines",
        showlegend=False,
        line={"shape": "hv", "width": 0 if train else 1.4, "color": ink},
        fill="tozeroy" if train else None,
        fillcolor=f"{ink}4d" if train else None,
        hovertemplate=f"{kind}s, {part}, from %{{x:.3g}} on: %{{y:.2%}}<extra></extra>",
    )
