"""Test AUROC against the imbalance ratio."""

import numpy as np

from analysis import labels
from analysis.findings import Findings
from analysis.labels import listing, setting
from analysis.read.traces import trace
from analysis.write import figures
from analysis.write.blocks import Block, Figure, Note, Prose, Section
from analysis.write.palette import Palette
from study.words import plural

__all__ = ["section"]

Z = 1.96
"""Half length of a 95 % interval, in standard errors."""
MOST_NOTES = 4


def section(findings: Findings) -> Section | None:
    """One panel a task with results at two ratios or more; None if there is no such task."""
    results = findings.results
    scores = findings.scores.dropna(subset=["imratio", "mean"])
    tasks = [t for t in results.tasks if scores.loc[scores["task"] == t, "imratio"].nunique() > 1]
    if not tasks:
        return None
    palette = Palette(results.methods, results.ratios)
    figure = figures.grid(
        tasks, ["imratio (% positives, log scale)"] * len(tasks), "test AUROC", results.methods
    )
    for i, task in enumerate(tasks):
        of_task = scores[scores["task"] == task].sort_values("imratio")
        ratios = sorted(of_task["imratio"].unique())
        # Methods stand side by side, so that their error bars do not hide each other.
        step = 0.016 * np.log(ratios[-1] / ratios[0])
        for j, method in enumerate(results.methods):
            rows = of_task[of_task["method"] == method]
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
        *_few_positives(findings),
        Figure(
            "imratio-curves",
            figures.tidy_legend(figure),
            "Mean test AUROC over confirm seeds; bars are ± one standard deviation. Points are "
            "set slightly aside so that bars can be told apart.",
        ),
    ]
    return Section("imratio-curves", "Imbalance ratio", blocks)


def _few_positives(findings: Findings) -> list[Block]:
    """Settings whose test images cannot tell the two best methods apart."""
    table = findings.scores.dropna(subset=["mean", "error_images"])
    notes = []
    for task, ratio in findings.results.settings:
        here = table[(table["task"] == task) & (table["ratio"] == ratio)]
        best = here.sort_values("mean", ascending=False).head(2)
        if len(best) < 2:
            continue
        gap = float(best["mean"].iloc[0] - best["mean"].iloc[1])
        half = float(Z * best["error_images"].max())
        if gap < half:
            notes.append(
                f"{setting(task, ratio)}: with {best['positives'].iloc[0]:.0f} positives among the "
                f"test images an AUROC is known to \N{PLUS-MINUS SIGN}{labels.auroc(half)}, while "
                f"{listing(best['method'])} are {labels.auroc(gap)} apart."
            )
    if not notes:
        return []
    shown = notes[:MOST_NOTES]
    if len(notes) > MOST_NOTES:
        shown.append(f"The same holds for {plural(len(notes) - MOST_NOTES, 'more setting')}.")
    return [
        Prose(
            "All seeds are tested on the same images, so the error bars do not show what other "
            "test images would have changed. Where that is more than the two best methods are "
            "apart, it is said here; both see the same images, so the pairwise table, which knows "
            "that, may still tell them apart."
        ),
        Note(shown),
    ]
