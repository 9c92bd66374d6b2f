"""Curves over the course of training, and over the number of random trials."""

import pandas as pd
from matplotlib.figure import Figure

from analysis.findings import Findings
from analysis.labels import short_setting
from analysis.paper.style import key, looks, panels
from analysis.results import Results
from analysis.write.palette import Palette

__all__ = ["best_of_random", "convergence"]


def convergence(findings: Findings) -> Figure | None:
    """Median validation AUROC over the confirm seeds, and their range, against the interval."""
    results = findings.results
    return _grid(results, findings.convergence, "interval", "interval", "AUROC")


def best_of_random(findings: Findings) -> Figure | None:
    """Validation value of the best of n random trials: median and confidence band."""
    results = findings.results
    return _grid(results, findings.best_of_n, "n", "random trials", results.criterion)


def _grid(results: Results, table: pd.DataFrame, x: str, x_title: str, by: str) -> Figure | None:
    """A panel a setting; lines from column median, bands from low to high."""
    groups = dict(list(table.groupby(["task", "ratio", "method"]))) if len(table) else {}
    settings = [s for s in results.settings if any((*s, m) in groups for m in results.methods)]
    if not settings:
        return None
    palette = Palette(results.methods, results.ratios)
    titles = [short_setting(*setting) for setting in settings]
    figure, axes = panels(titles, f"validation {by}", results.methods)
    for setting, axis in zip(settings, axes, strict=True):
        for method in results.methods:
            rows = groups.get((*setting, method))
            if rows is None:
                continue
            style = palette.method(method)
            axis.plot(rows[x], rows["median"], label=method, **looks(style, marker=len(rows) < 2))
            axis.fill_between(
                rows[x], rows["low"], rows["high"], color=style.colour, alpha=0.1, linewidth=0
            )
        lows = [rows["median"].min() for s, rows in groups.items() if s[:2] == setting]
        highs = [rows["median"].max() for s, rows in groups.items() if s[:2] == setting]
        # Bands that reach from 0 to 1 would leave no room for the lines.
        margin = 0.25 * max(max(highs) - min(lows), 0.02)
        axis.set_ylim(max(min(lows) - margin, 0), min(max(highs) + margin, 1))
        axis.set_xlabel(x_title)
    key(figure, results.methods)
    return figure
