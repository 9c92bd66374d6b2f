"""Validation AUROC over the course of training, of the selected configurations."""

from collections.abc import Sequence

import pandas as pd
import plotly.graph_objects as go

from analysis import labels
from analysis.columns import MOST_FIGURES, by_setting
from analysis.findings import Findings
from analysis.labels import setting, short_setting
from analysis.read.traces import trace
from analysis.results import Results
from analysis.write import figures
from analysis.write.blocks import Block, Figure, Heading, Prose, Section
from analysis.write.palette import Palette

__all__ = ["section"]

MOST_POINTS = 25
"""Intervals drawn a line; of more, so many evenly spread ones, the last among them."""
AXES = (
    (
        "interval",
        "interval (one validation each)",
        "An interval is the same share of every training.",
    ),
    (
        "gradient_evaluations",
        "gradient evaluations",
        "A gradient evaluation is one training image through forward and backward.",
    ),
    (
        "seconds",
        "seconds",
        "Training and validation time, median over the seeds; on machines that differ or are "
        "shared, seconds compare poorly.",
    ),
)

CAPTION = (
    "Median over the finished confirm seeds; the band runs from the lowest to the highest seed. "
    "Each panel has its own scale. {}"
)


def section(findings: Findings) -> Section | None:
    """Two figures, one panel a setting; None before any confirm run has finished."""
    results, table = findings.results, findings.convergence
    if table.empty:
        return None
    blocks: list[Block] = [
        Prose(
            "Look at how early each method settles, and at whether it is still rising at the "
            "end. Compare the figures: methods that spend several passes on an image look "
            "faster by interval than they are by gradient evaluations or by the clock."
        )
    ]
    for column, title, words in AXES:
        known = table.dropna(subset=[column])
        if len(known):
            name = f"convergence-{column}".replace("_", "-")
            blocks.append(
                Figure(name, _figure(results, known, column, title), CAPTION.format(words))
            )
    return Section("convergence", "Convergence", [*blocks, *_by_label(findings)])


def _by_label(findings: Findings) -> list[Block]:
    """A figure a setting with several labels, a panel each."""
    settings = by_setting(findings.label_convergence, findings.results.settings)
    if not settings:
        return []
    blocks: list[Block] = [
        Heading("Label by label"),
        Prose(
            "Above stands the mean over the labels that have both classes among the validation "
            "images; here each of these by itself, of more than "
            f"{figures.MOST_LABELS} so many evenly spread ones. Rare labels jump about."
        ),
    ]
    column, title, words = AXES[0]
    for i, (place, here) in enumerate(settings[:MOST_FIGURES]):
        panels = figures.label_panels(here)
        figure = _panels(findings.results, panels, column, title)
        caption = f"{setting(*place)}, label by label. {CAPTION.format(words)}"
        blocks.append(Figure(f"convergence-labels-{i}", figure, caption))
    if len(settings) > MOST_FIGURES:
        words = f"The first {MOST_FIGURES} of {len(settings)} settings are drawn label by label."
        blocks.append(Prose(words))
    return blocks


def _figure(results: Results, table: pd.DataFrame, x: str, x_title: str) -> go.Figure:
    groups = dict(list(table.groupby(["task", "ratio"], sort=False)))
    panels = [(short_setting(*p), groups[p]) for p in results.settings if p in groups]
    return _panels(results, panels, x, x_title)


def _panels(
    results: Results, panels: Sequence[tuple[str, pd.DataFrame]], x: str, x_title: str
) -> go.Figure:
    """A panel a title, with the lines of its methods."""
    palette = Palette(results.methods, results.ratios)
    titles = [title for title, _ in panels]
    x_titles = [x_title] * len(panels)
    figure = figures.grid(titles, x_titles, "validation AUROC", results.methods)
    traces: list[tuple[int, go.Scatter]] = []
    for i, (_, here) in enumerate(panels):
        groups = dict(list(here.groupby("method", sort=False)))
        for method in results.methods:
            every = groups.get(method)
            if every is None:
                continue
            style = palette.method(method)
            shown = every.iloc[figures.thinned(len(every), MOST_POINTS)]
            hover = [
                f"{method}, interval {r['interval']}\nmedian {labels.auroc(r['median'])}, "
                f"{labels.interval(r['low'], r['high'])}, n = {r['n']}"
                for r in shown.to_dict("records")
            ]
            source = trace(shown["cell"].iloc[0], "confirm", shown["rows"].iloc[0])
            along = list(shown[x])
            area = figures.band(along, list(shown["low"]), list(shown["high"]), style, method)
            traces.append((i, area))
            middle = figures.line(
                along, shown["median"], style, method, hover, source, mode="lines"
            )
            traces.append((i, middle))
    figures.add(figure, traces)
    return figures.tidy_legend(figure)
