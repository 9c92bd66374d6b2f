"""Test AUROC against the imbalance ratio."""

import numpy as np

from analysis import comparison, figures, labels
from analysis.blocks import Block, Figure, Prose, Section
from analysis.palette import Palette
from analysis.results import Results
from analysis.sections.words import trace

__all__ = ["section"]


def section(results: Results) -> Section | None:
    """One panel a task with results at two ratios or more; None if there is no such task."""
    scores = comparison.scores(results).dropna(subset=["imratio", "mean"])
    tasks = [t for t in results.tasks if scores.loc[scores["task"] == t, "imratio"].nunique() > 1]
    if not tasks:
        return None
    palette = Palette(results.methods, results.ratios)
    figure = figures.grid(
        tasks, ["imratio (% positives, log scale)"] * len(tasks), "test AUROC", results.methods
    )
    for i, task in enumerate(tasks):
        mine = scores[scores["task"] == task].sort_values("imratio")
        ratios = sorted(mine["imratio"].unique())
        # Methods stand side by side, so that their error bars do not hide each other.
        step = 0.016 * np.log(ratios[-1] / ratios[0])
        for j, method in enumerate(results.methods):
            rows = mine[mine["method"] == method]
            shift = np.exp(step * (j - (len(results.methods) - 1) / 2))
            hover = [
                f"{method}, {r['ratio']}\n{labels.mean_std(r['mean'], r['std'])}, n = {r['n']}\n"
                + trace(r["cell"], "confirm", r["rows"])
                for r in rows.to_dict("records")
            ]
            figure.add_trace(
                figures.line(
                    100 * rows["imratio"] * shift,
                    rows["mean"],
                    palette.method(method),
                    method,
                    hover,
                    task,
                    spread=rows["std"],
                ),
                **figures.place(i),
            )
        figure.update_xaxes(
            type="log",
            tickvals=[100 * r for r in ratios],
            ticktext=[f"{100 * r:g}" for r in ratios],
            **figures.place(i),
        )
    blocks: list[Block] = [
        Prose(
            "Look at whether the lines cross or fan out towards the left, where positives are "
            "rare. Where error bars of two methods overlap, their order is not established."
        ),
        Figure(
            "imratio-curves",
            figures.tidy_legend(figure),
            "Mean test AUROC over confirm seeds; bars are ± one standard deviation. Points are "
            "set slightly aside so that bars can be told apart.",
        ),
    ]
    return Section("imratio-curves", "Imbalance ratio", blocks)
