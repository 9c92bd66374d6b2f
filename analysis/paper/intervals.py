"""Every method's interval label by label, and category by category."""

import textwrap
from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from analysis.columns import MOST_FIGURES, by_setting
from analysis.findings import Findings
from analysis.labels import short_setting
from analysis.paper.style import WIDTH, key, looks
from analysis.write.palette import Palette

__all__ = ["figures"]

STEP, GAP = 0.085, 0.07
"""Inches a method, and between two lines."""
ABOVE, BELOW, LEFT = 0.3, 0.66, 1.7
"""Inches: room for the title, for the x axis and the legend, and for the names of the lines."""
LETTERS = 26
"""Of a name on one line."""


def figures(findings: Findings) -> Iterator[tuple[str, Figure]]:
    """A figure a setting, of the first ones; names as in the report."""
    known = findings.subgroups.cells
    parts = (
        ("label-intervals", findings.by_label.cells, ["label"]),
        ("subgroups", known[known["mean"].notna()], ["column", "category"]),
    )
    for name, cells, lines in parts:
        settings = by_setting(cells, findings.results.settings)
        for i, (place, here) in enumerate(settings[:MOST_FIGURES]):
            yield f"{name}-{i}", _figure(findings, short_setting(*place), here, lines)


def _figure(findings: Findings, title: str, cells: pd.DataFrame, lines: Sequence[str]) -> Figure:
    results = findings.results
    palette = Palette(results.methods, results.ratios)
    methods = [m for m in results.methods if (cells["method"] == m).any()]
    groups = list(cells.groupby([*lines], sort=False))
    step = STEP * len(methods) + GAP
    height = ABOVE + BELOW + step * len(groups)
    figure = Figure(figsize=(WIDTH, height))
    size = ((WIDTH - LEFT - 0.12) / WIDTH, step * len(groups) / height)
    axis = figure.add_axes((LEFT / WIDTH, BELOW / height, *size))
    axis.set_title(title, loc="left")
    axis.grid(axis="y", visible=False)
    axis.grid(axis="x", visible=True)
    for j, method in enumerate(methods):
        parts = (own.assign(line=i) for i, (_, own) in enumerate(groups))
        rows = pd.concat(part[part["method"] == method] for part in parts)
        shift = STEP / step * ((len(methods) - 1) / 2 - j)
        reach = np.nan_to_num([rows["mean"] - rows["low"], rows["high"] - rows["mean"]])
        axis.errorbar(
            rows["mean"],
            shift - rows["line"],
            xerr=reach,
            label=method,
            elinewidth=0.8,
            **looks(palette.method(method)) | {"linestyle": "none"},
        )
    names = [textwrap.fill(": ".join(map(str, name)), LETTERS) for name, _ in groups]
    axis.set_yticks([-i for i in range(len(groups))], names)
    axis.set_ylim(0.5 - len(groups), 0.5)
    axis.set_xlabel("test AUROC")
    key(figure, methods)
    return figure
