"""Maps of what the last layer sees."""

import pandas as pd
import plotly.graph_objects as go

from analysis.findings import Findings
from analysis.images import embeddings, roc
from analysis.labels import setting
from analysis.results import Results
from analysis.write import figures
from analysis.write.blocks import Block, Figure, Prose, Section
from analysis.write.palette import LIGHT, Palette
from study.places import Places

__all__ = ["section"]

GREY = LIGHT[-1]


def section(findings: Findings) -> Section | None:
    """A figure a setting with a panel a method; None before any confirm run has finished."""
    results = findings.results
    if not (results.confirm["state"] == "COMPLETE").any():
        return None
    judged, _ = roc.runs(results)
    kept = len(embeddings.mapped(judged))
    if not kept:
        words = (
            "No trial kept its embeddings, so there is no map of them. With confirm: "
            "{embeddings: 1} in the spec the first seed of every method keeps them."
        )
        return Section("tsne", "Embeddings", [Prose(words)])
    maps = embeddings.maps(judged, Places(results.study.directory).report / "cache")
    blocks: list[Block] = [
        Prose(
            "Each dot is a test image, placed by t-SNE so that images which the last layer sees as "
            "alike lie together. Look at whether positives (in colour) gather apart from negatives "
            "(grey, hollow), and for positives inside a grey region: those the method confuses. "
            "Distances between groups and their sizes mean nothing, and a map is no evidence for "
            "one method over another: that is what the main table is for."
        )
    ]
    if kept > embeddings.MOST_MAPS:
        words = f"Of {kept} searches with embeddings the first {embeddings.MOST_MAPS} are drawn."
        blocks.append(Prose(words))
    for i, (task, ratio) in enumerate(results.settings):
        here = maps[(maps["task"] == task) & (maps["ratio"] == ratio)]
        if len(here):
            several = " Positive: in any of the labels." if task in results.labels else ""
            if task in results.classes:
                several = " Positive: of the rarer half of the classes."
            caption = (
                f"{setting(task, ratio)}: t-SNE (perplexity {embeddings.PERPLEXITY:g}, seeded) of "
                f"up to {embeddings.MOST} test images, half of them positives where there are as "
                "many, so densities are not those of the test set. First seed that kept them."
                f"{several}"
            )
            blocks.append(Figure(f"tsne-{i}", _figure(results, here), caption))
    return Section("tsne", "Embeddings", blocks)


def _figure(results: Results, maps: pd.DataFrame) -> go.Figure:
    palette = Palette(results.methods, results.ratios)
    methods = [m for m in results.methods if (maps["method"] == m).any()]
    figure = figures.grid(methods, [""] * len(methods), "", ["positive", "negative"])
    for i, method in enumerate(methods):
        images = maps[maps["method"] == method]
        for positive, name, symbol, colour in (
            (False, "negative", "circle-open", GREY),
            (True, "positive", "circle", palette.method(method).colour),
        ):
            rows = images[images["positive"] == positive]
            figure.add_trace(
                go.Scatter(
                    x=rows["x"].round(2),
                    y=rows["y"].round(2),
                    mode="markers",
                    name=name,
                    legendgroup=name,
                    marker={"color": colour, "symbol": symbol, "size": 5, "opacity": 0.7},
                    hoverinfo="skip",
                ),
                **figures.place(i),
            )
        bare = {"showticklabels": False, "ticks": "", "showgrid": False}
        figure.update_xaxes(**bare, **figures.place(i))
        figure.update_yaxes(**bare, **figures.place(i))
    return figures.tidy_legend(figure)
