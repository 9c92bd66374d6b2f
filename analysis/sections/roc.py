"""ROC and precision-recall curves, and what the scores of the two classes look like."""

from collections.abc import Sequence

import pandas as pd
import plotly.graph_objects as go

from analysis.columns import MOST_FIGURES, by_setting
from analysis.findings import Findings
from analysis.images import roc
from analysis.labels import setting, short_setting
from analysis.read.traces import trace
from analysis.results import Results
from analysis.write import figures
from analysis.write.blocks import Block, Figure, Heading, Note, Prose, Section
from analysis.write.palette import LIGHT, Palette

__all__ = ["section"]

GREY = LIGHT[-1]
TITLES = {
    "roc": ("false positive rate", "true positive rate"),
    "pr": ("recall", "precision"),
}
CAPTION = {
    "roc": "Mean over the confirm seeds at equal false positive rates; the band runs from the "
    "lowest to the highest seed. Dotted: guessing.",
    "pr": "Mean over the confirm seeds at equal recall; the band runs from the lowest to the "
    "highest seed. Dotted: guessing, which is the share of positives among the test images.",
}
MEAN = (
    "Of a task with several labels each seed's curve is the mean over the labels, at equal false "
    "positive rates and at equal recall; the labels themselves follow below."
)


def section(findings: Findings) -> Section | None:
    """From the test scores of the confirm runs; None before any run has finished."""
    results = findings.results
    if not (results.confirm["state"] == "COMPLETE").any():
        return None
    judged, missing = roc.runs(results)
    blocks: list[Block] = []
    if missing:
        more = f" And {len(missing) - 1} more like this." if len(missing) > 1 else ""
        blocks.append(Note([missing[0] + more]))
    if not judged:
        blocks.append(Prose("No predictions can be read, so there are no curves to show."))
        return Section("roc", "ROC and scores", blocks)
    curves = roc.curves(judged)
    blocks += [
        Prose(
            "The ROC curve shows at each threshold how many positives are found against how many "
            "negatives are taken for positives. One AUROC can come from different curves: look at "
            "the left end if false alarms are dear, and at whether curves cross. Where positives "
            "are rare, look at precision and recall too: a small false positive rate of many "
            "negatives is many false alarms."
        ),
        *([Prose(MEAN)] if results.labels else []),
        Figure("roc", _figure(results, curves, "roc"), CAPTION["roc"]),
        Figure("precision-recall", _figure(results, curves, "pr"), CAPTION["pr"]),
        Heading("Scores by class"),
        Prose(
            "Filled: test images that are positive; line: those that are negative. Look at how far "
            "the two overlap, and whether a few positives lie among the lowest scores: each costs "
            "as much AUROC as many small mistakes near the middle. Scores of different methods "
            "are on different scales; only their order counts."
        ),
    ]
    shares = roc.histograms(judged)
    pooled = " All labels together." if results.labels else ""
    for i, (task, ratio) in enumerate(results.settings):
        bins = shares[(shares["task"] == task) & (shares["ratio"] == ratio)]
        if len(bins):
            caption = (
                f"{setting(task, ratio)}: share of each class in {roc.BINS} bins of the score, "
                f"first confirm seed of each method.{pooled}"
            )
            methods = [m for m in results.methods if (bins["method"] == m).any()]
            panels = [(m, m, bins[bins["method"] == m]) for m in methods]
            blocks.append(Figure(f"scores-{i}", _scores(results, panels), caption))
    blocks += _by_label(findings, judged)
    return Section("roc", "ROC and scores", blocks)


def _by_label(findings: Findings, judged: list[roc.Judged]) -> list[Block]:
    """Curves and scores of each label, of the first settings that have several."""
    results, curves = findings.results, roc.label_curves(judged)
    settings = by_setting(curves, findings.results.settings)
    if not settings:
        return []
    shares, scores = roc.label_histograms(judged), findings.scores
    blocks: list[Block] = [
        Heading("Label by label"),
        Prose(
            "Each panel is a label, on the images for which it is known; look for one whose curves "
            "are ordered otherwise than those of the mean, or hug the dotted line. Of more than "
            f"{figures.MOST_LABELS} labels so many evenly spread ones are drawn."
        ),
    ]
    for i, (place, here) in enumerate(settings[:MOST_FIGURES]):
        labels = figures.label_panels(here)
        for kind, name in (("roc", "roc"), ("pr", "precision-recall")):
            panels = [(label, rows[rows["kind"] == kind]) for label, rows in labels]
            caption = f"{setting(*place)}, label by label. {CAPTION[kind]}"
            blocks.append(Figure(f"{name}-labels-{i}", _panels(results, panels, kind), caption))
        own = scores[(scores["task"] == place[0]) & (scores["ratio"] == place[1])]
        known = own[own["cell"].isin(shares["cell"])].sort_values("mean", ascending=False)
        for row in known.head(1).to_dict("records"):
            bins = shares[shares["cell"] == row["cell"]]
            drawn = [(label, row["method"], rows) for label, rows in figures.label_panels(bins)]
            caption = (
                f"{setting(*place)}: scores of {row['method']}, the method with the highest mean, "
                "label by label; first confirm seed."
            )
            blocks.append(Figure(f"scores-labels-{i}", _scores(results, drawn), caption))
    if len(settings) > MOST_FIGURES:
        words = f"The first {MOST_FIGURES} of {len(settings)} settings are drawn label by label."
        blocks.append(Prose(words))
    return blocks


def _figure(results: Results, table: pd.DataFrame, kind: str) -> go.Figure:
    """A panel a setting."""
    table = table[table["kind"] == kind]
    groups = dict(list(table.groupby(["task", "ratio"], sort=False)))
    panels = [(short_setting(*p), groups[p]) for p in results.settings if p in groups]
    return _panels(results, panels, kind)


def _panels(results: Results, panels: Sequence[tuple[str, pd.DataFrame]], kind: str) -> go.Figure:
    """A panel a title, with the curves of its methods."""
    palette = Palette(results.methods, results.ratios)
    x_title, y_title = TITLES[kind]
    titles = [title for title, _ in panels]
    figure = figures.grid(titles, [x_title] * len(panels), y_title, results.methods)
    traces: list[tuple[int, go.Scatter]] = []
    for i, (_, here) in enumerate(panels):
        groups = dict(list(here.groupby("method", sort=False)))
        for method in results.methods:
            if method not in groups:
                continue
            curve = groups[method]
            style, along = palette.method(method), list(curve["x"])
            if curve["n"].iloc[0] > 1:
                area = figures.band(along, list(curve["low"]), list(curve["high"]), style, method)
                traces.append((i, area))
            source = f"{method}\n{trace(curve['cell'].iloc[0], 'confirm', curve['rows'].iloc[0])}"
            line = figures.line(along, curve["mean"], style, method, None, source, mode="lines")
            traces.append((i, line))
        figure.add_shape(_guessing(kind, here), **figures.place(i))
        figure.update_xaxes(range=[-0.02, 1.02], **figures.place(i))
        figure.update_yaxes(range=[-0.02, 1.04], **figures.place(i))
    figures.add(figure, traces)
    return figures.tidy_legend(figure)


def _guessing(kind: str, rows: pd.DataFrame) -> dict[str, object]:
    share = float(rows["share"].iloc[0])
    low, high = (0, 1) if kind == "roc" else (share, share)
    line = {"color": "rgba(128, 128, 128, 0.8)", "width": 1, "dash": "dot"}
    return {"type": "line", "x0": 0, "x1": 1, "y0": low, "y1": high, "line": line}


def _scores(results: Results, panels: Sequence[tuple[str, str, pd.DataFrame]]) -> go.Figure:
    """A panel for each title, method and its bins."""
    palette = Palette(results.methods, results.ratios)
    titles = [title for title, _, _ in panels]
    figure = figures.grid(titles, ["score"] * len(panels), "share of the class", [])
    traces: list[tuple[int, go.Scatter]] = []
    for i, (_, method, bins) in enumerate(panels):
        colour = palette.method(method).colour
        # A step line through the bins, closed at both ends.
        along = [*bins["low"], bins["high"].iloc[-1]]
        for kind, fill in (("positive", colour), ("negative", None)):
            shares = [*bins[kind], bins[kind].iloc[-1]]
            step = go.Scatter(
                x=[float(f"{x:.4g}") for x in along],
                y=[float(f"{y:.4g}") for y in shares],
                mode="lines",
                showlegend=False,
                line={"shape": "hv", "width": 1.2, "color": colour if fill else GREY},
                fill="tozeroy" if fill else None,
                fillcolor=f"{fill}59" if fill else None,
                hovertemplate=f"{kind}s from %{{x:.3g}} on: %{{y:.1%}}<extra></extra>",
            )
            traces.append((i, step))
        figure.update_yaxes(rangemode="tozero", tickformat=".0%", **figures.place(i))
    figures.add(figure, traces)
    return figure
