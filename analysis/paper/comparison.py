"""Main comparison, and test AUROC along the imbalance ratio."""

from matplotlib.figure import Figure

from analysis.findings import Findings
from analysis.paper.style import key, looks, panels, ratio_ticks
from analysis.write.palette import Palette

__all__ = ["along_imratio", "main"]

SPREAD = 0.7
"""Width that the methods of one setting take, as a share of the distance between settings."""


def main(findings: Findings) -> Figure | None:
    """Mean +- standard deviation by method and imbalance ratio, a panel a task."""
    results, scores = findings.results, findings.scores.dropna(subset=["mean"])
    if scores.empty:
        return None
    palette = Palette(results.methods, results.ratios)
    tasks = [task for task in results.tasks if (scores["task"] == task).any()]
    figure, axes = panels(tasks, "test AUROC", results.methods, columns=2)
    count = len(results.methods)
    for task, axis in zip(tasks, axes, strict=True):
        of_task = scores[scores["task"] == task]
        ratios = [ratio for ratio in results.ratios if (of_task["ratio"] == ratio).any()]
        place = {ratio: float(i) for i, ratio in enumerate(ratios)}
        for j, method in enumerate(results.methods):
            rows = of_task[of_task["method"] == method]
            shift = SPREAD * ((j + 0.5) / count - 0.5)
            axis.errorbar(
                [place[ratio] + shift for ratio in rows["ratio"]],
                rows["mean"],
                yerr=rows["std"].fillna(0),
                label=method,
                capsize=1.5,
                elinewidth=0.8,
                **looks(palette.method(method)) | {"linestyle": "none"},
            )
        axis.set_xticks(list(place.values()), ratios)
        axis.set_xlim(-0.5, len(ratios) - 0.5)
        axis.set_xlabel("imratio")
    key(figure, results.methods)
    return figure


def along_imratio(findings: Findings) -> Figure | None:
    """Mean test AUROC against imratio, a panel a task; None without a task at two ratios."""
    results = findings.results
    scores = findings.scores.dropna(subset=["imratio", "mean"])
    known = scores.groupby("task")["imratio"].nunique()
    tasks = [task for task in results.tasks if known.get(task, 0) > 1]
    if not tasks:
        return None
    palette = Palette(results.methods, results.ratios)
    figure, axes = panels(tasks, "test AUROC", results.methods, columns=2)
    for task, axis in zip(tasks, axes, strict=True):
        of_task = scores[scores["task"] == task].sort_values("imratio")
        for method in results.methods:
            rows = of_task[of_task["method"] == method]
            if len(rows):
                style = palette.method(method)
                axis.plot(rows["imratio"], rows["mean"], label=method, **looks(style))
                low, high = rows["mean"] - rows["std"], rows["mean"] + rows["std"]
                axis.fill_between(
                    rows["imratio"], low, high, color=style.colour, alpha=0.12, linewidth=0
                )
        ratio_ticks(axis, sorted(of_task["imratio"].unique()))
    key(figure, results.methods)
    return figure
