"""Best validation AUROC so far, trial by trial."""

from analysis import curves, figures, labels
from analysis.blocks import Figure, Prose, Section
from analysis.palette import Palette
from analysis.results import Results
from analysis.sections.words import short_setting

__all__ = ["section"]


def section(results: Results) -> Section | None:
    """One panel a setting; None before any search trial has finished."""
    table = curves.progress(results).dropna(subset=["best"])
    if table.empty:
        return None
    palette = Palette(results.methods, results.ratios)
    settings = [
        (t, r) for t, r in results.settings if ((table["task"] == t) & (table["ratio"] == r)).any()
    ]
    figure = figures.grid(
        [short_setting(*pair) for pair in settings],
        ["search trials"] * len(settings),
        "best validation AUROC so far",
        results.methods,
    )
    for i, (task, ratio) in enumerate(settings):
        for method in results.methods:
            mine = table[
                (table["task"] == task) & (table["ratio"] == ratio) & (table["method"] == method)
            ]
            if mine.empty:
                continue
            hover = [
                f"{method} after {r['trials']} trials\n"
                f"{labels.auroc(r['best'])} (search row {r['number']:.0f})"
                for r in mine.to_dict("records")
            ]
            line = figures.line(
                mine["trials"],
                mine["best"],
                palette.method(method),
                method,
                hover,
                mine["cell"].iloc[0],
                mode="lines",
                shape="hv",
            )
            figure.add_trace(line, **figures.place(i))
    prose = Prose(
        "Look at whether a line still climbs at its right end: then more trials would probably "
        "have helped that method, and a comparison at this budget is unkind to it."
    )
    caption = (
        "Best final validation AUROC among the first trials of each search, in the order in "
        "which the trials began; pruned and failed trials count as trials. One search each: it "
        "says what happened here, not what to expect of another search. Each panel has its own "
        "scale."
    )
    return Section(
        "tuning", "Tuning progress", [prose, Figure("tuning", figures.tidy_legend(figure), caption)]
    )
