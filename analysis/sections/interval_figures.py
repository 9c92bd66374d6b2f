"""Figures of every method's interval, line by line: a label or a subgroup a line."""

from collections.abc import Callable, Sequence

import pandas as pd

from analysis import labels
from analysis.columns import MOST_FIGURES, Row, by_setting
from analysis.findings import Findings
from analysis.labels import setting
from analysis.read.traces import trace
from analysis.write.blocks import Block, Figure, Prose
from analysis.write.forest import Dot, forest
from analysis.write.palette import Palette
from study.words import plural

__all__ = ["interval_figures"]


def interval_figures(
    findings: Findings,
    cells: pd.DataFrame,
    name: str,
    lines: Sequence[str],
    caption: Callable[[str], str],
) -> list[Block]:
    """A figure a setting, the first ``MOST_FIGURES`` of them.

    Args:
        findings: of the study.
        cells: one row a method and line, with mean, low, high, positives, negatives and n.
        name: of the figures, with a number behind it.
        lines: columns that name a line.
        caption: of a setting in words.
    """
    palette = Palette(findings.results.methods, findings.results.ratios)
    settings = by_setting(cells, findings.results.settings)
    blocks: list[Block] = []
    for i, (place, here) in enumerate(settings[:MOST_FIGURES]):
        drawn = [
            (": ".join(map(str, key)), {r["method"]: _dot(r) for r in rows.to_dict("records")})
            for key, rows in here.groupby([*lines], sort=False)
        ]
        present = set(here["method"])
        shown = [method for method in findings.results.methods if method in present]
        figure = forest(drawn, shown, palette)
        blocks.append(Figure(f"{name}-{i}", figure, caption(setting(*place))))
    if len(settings) > MOST_FIGURES:
        words = f"The first {MOST_FIGURES} of {len(settings)} settings are drawn; tables have all."
        blocks.append(Prose(words))
    return blocks


def _dot(row: Row) -> Dot:
    classes = f"{row['positives']:,} positives, {row['negatives']:,} negatives"
    hover = (
        f"{row['method']}: {labels.auroc(row['mean'])}, "
        f"{labels.interval(row['low'], row['high'])}\n{classes}, {plural(row['n'], 'seed')}"
    )
    source = trace(row["cell"], "confirm", row["rows"])
    return Dot(row["mean"], row["low"], row["high"], hover, source)
