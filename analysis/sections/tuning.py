"""How the searches went: best value so far, by trials and by cost, and what n trials are worth."""

from collections.abc import Sequence
from typing import NamedTuple

import pandas as pd
import plotly.graph_objects as go

from analysis import labels
from analysis.findings import Findings
from analysis.labels import short_setting
from analysis.read.traces import trace
from analysis.results import Results
from analysis.search import best_of_n, curves
from analysis.sections.refusals import reasons
from analysis.write import figures
from analysis.write.blocks import (
    Block,
    Figure,
    Heading,
    Note,
    Prose,
    Section,
    Table,
    TableCell,
    TableColumn,
)
from analysis.write.palette import Palette

__all__ = ["section"]


class _Axis(NamedTuple):
    """What a search is followed along: a column of ``curves.progress``."""

    column: str
    title: str
    caption: str


AXES = (
    _Axis("trials", "search trials", "Pruned and failed trials count as trials."),
    _Axis(
        "gradient_evaluations",
        "gradient evaluations of the search",
        "A gradient evaluation is one training image through forward and backward.",
    ),
    _Axis(
        "seconds",
        "seconds of training in the search",
        "Training and validation time summed over trials, as if they had run one by one; on "
        "machines that differ or are shared, seconds compare poorly.",
    ),
)
CAPTION = (
    "Best final validation {by} so far, trials in the order in which they began. One search "
    "each: it says what happened here, not what to expect of another search. Each panel has its "
    "own scale; early values may lie below it. "
)
BEST_OF_N = (
    "Validation {by} of the best of n random trials: half of all such searches do better than "
    f"the line. Band: {100 * best_of_n.CONFIDENCE:.0f} %, for all n at once; above the line it "
    "ends where so few trials set no upper limit. Failed trials count as {chance:g}. The value of "
    "a single trial may lie below the panel."
)


def section(findings: Findings) -> Section | None:
    """Progress by trials and cost, then the best of n; None before any trial has finished."""
    results = findings.results
    table = curves.progress(results).dropna(subset=["best"])
    if table.empty:
        return None
    blocks: list[Block] = [
        Prose(
            "Look at whether a line still climbs at its right end: then more trials would probably "
            "have helped that method, and a comparison at this budget is unkind to it. Then "
            "compare the pictures: a method whose trials cost more passes per image falls back "
            "when the search is followed by gradient evaluations."
        )
    ]
    for axis in AXES:
        known = table.dropna(subset=[axis.column])
        if len(known):
            name = "tuning" if axis.column == "trials" else f"tuning-{axis.column}"
            figure = _progress(results, known, axis)
            blocks.append(
                Figure(
                    name.replace("_", "-"),
                    figure,
                    CAPTION.format(by=results.criterion) + axis.caption,
                )
            )
    return Section("tuning", "Tuning progress", [*blocks, *_best_of_n(findings)])


def _progress(results: Results, table: pd.DataFrame, axis: _Axis) -> go.Figure:
    palette = Palette(results.methods, results.ratios)
    settings = _with_rows(results.settings, table)
    titles = [short_setting(*pair) for pair in settings]
    y_title = f"best validation {results.criterion} so far"
    figure = figures.grid(titles, [axis.title] * len(settings), y_title, results.methods)
    panels = _panels(results, settings, table)
    traces: list[tuple[int, go.Scatter]] = []
    for i in range(len(settings)):
        # From where every method has had half of its trials: the first ones would flatten the rest.
        halves = [line["best"].iloc[len(line) // 2] for panel, line in panels if panel == i]
        high = max(line["best"].iloc[-1] for panel, line in panels if panel == i)
        span = max(high - min(halves), 0.002)
        figure.update_yaxes(range=[high - 1.4 * span, high + 0.08 * span], **figures.place(i))
    for i, rows in panels:
        # A step needs its corners only, and the end of the search.
        last = rows.index == rows.index[-1]
        corners = rows[rows["improved"] | last]
        hover = [
            f"{r['method']} after {r['trials']} trials\n"
            f"{labels.auroc(r['best'])} (search trial {r['number']:.0f})"
            for r in corners.to_dict("records")
        ]
        method = rows["method"].iloc[0]
        line = figures.line(
            corners[axis.column],
            corners["best"],
            palette.method(method),
            method,
            hover,
            rows["cell"].iloc[0],
            mode="lines",
            shape="hv",
        )
        traces.append((i, line))
    figures.add(figure, traces)
    return figures.tidy_legend(figure)


def _best_of_n(findings: Findings) -> list[Block]:
    """The figure and the table, or the words why there is none."""
    results = findings.results
    refused = best_of_n.refusals(results)
    words = _refused(refused, len(results.cells))
    table = findings.best_of_n
    blocks: list[Block] = [Heading("What n random trials are worth")]
    if table.empty:
        return [*blocks, *words]
    blocks += [
        Prose(
            "Look at how soon a line flattens: there, more trials buy nothing. A method whose line "
            "lies above another's at small n is the easier one to tune. Only the random trials "
            "count, since the theory needs independent draws: guided and warm-started trials are "
            "left out."
        ),
        *words,
        Figure("best-of-n", _best_figure(results, table), _best_caption(results)),
        Prose(
            "The next table tells how easy each method is to tune: the share of the searched space "
            f"(of its random trials) that comes within {best_of_n.EPSILON:g} of the best "
            "trial that the whole search found. The interval allows for that best having been "
            "picked from the same trials. A large share says that almost anything works."
        ),
        _share_table(results, table),
    ]
    return blocks


def _best_caption(results: Results) -> str:
    return BEST_OF_N.format(by=results.criterion, chance=best_of_n.CHANCE[results.selects_by])


def _best_figure(results: Results, table: pd.DataFrame) -> go.Figure:
    palette = Palette(results.methods, results.ratios)
    settings = _with_rows(results.settings, table)
    titles = [short_setting(*pair) for pair in settings]
    y_title = f"validation {results.criterion} of the best"
    figure = figures.grid(titles, ["random trials (n)"] * len(settings), y_title, results.methods)
    traces: list[tuple[int, go.Scatter]] = []
    for i, (task, ratio) in enumerate(settings):
        here = table[(table["task"] == task) & (table["ratio"] == ratio)]
        # A single trial is often far worse than two, and would flatten all the rest.
        low, high = here.loc[here["n"] > 1, "median"].min(), here["median"].max()
        span = max(high - low, 0.005)
        top = min(high + 0.25 * span, 1 + 0.03 * span)
        figure.update_yaxes(range=[low - 0.4 * span, top], **figures.place(i))
    for i, rows in _panels(results, settings, table):
        method, style = rows["method"].iloc[0], palette.method(rows["method"].iloc[0])
        along = list(rows["n"])
        # Where the band is open at the top, only its lower half is drawn.
        high = rows["high"].where(rows["high"] < 1, rows["median"])
        area = figures.band(along, list(rows["low"]), list(high), style, method)
        traces.append((i, area))
        hover = [
            f"{method}, best of {r['n']}\nmedian {labels.auroc(r['median'])}, band "
            f"{labels.interval(r['low'], r['high'])}\n"
            f"mean {labels.auroc(r['expected'])}, from {r['draws']} random trials"
            for r in rows.to_dict("records")
        ]
        cell = rows["cell"].iloc[0]
        line = figures.line(along, rows["median"], style, method, hover, cell, mode="lines")
        traces.append((i, line))
    figures.add(figure, traces)
    return figures.tidy_legend(figure)


def _share_table(results: Results, bests: pd.DataFrame) -> Table:
    shares, by = best_of_n.within(results), results.criterion
    single = bests[bests["n"] == 1].set_index("cell")
    whole = bests.groupby("cell").last()
    rows, sources = [], []
    for r in shares.to_dict("records"):
        sources.append(trace(r["cell"], "search", r["rows"]))
        one, every = single.loc[r["cell"]], whole.loc[r["cell"]]
        rows.append(
            [
                TableCell(r["method"], r["method"], r["cell"], mark="row"),
                TableCell(short_setting(r["task"], r["ratio"]), mark="key"),
                TableCell(str(r["draws"]), r["draws"], note=_failed(r["failed"])),
                TableCell(f"{100 * r['share']:.0f} %", r["share"]),
                TableCell(f"{100 * r['low']:.0f} to {100 * r['high']:.0f} %", r["low"]),
                TableCell(labels.auroc(one["expected"]), one["expected"]),
                TableCell(labels.auroc(every["expected"]), every["expected"]),
                TableCell(labels.auroc(r["best"]), r["best"]),
            ]
        )
    columns = [
        TableColumn("Method"),
        TableColumn("Setting"),
        TableColumn("Random trials", True),
        TableColumn("Within", True, f"share within {best_of_n.EPSILON:g} {by} of the best found"),
        TableColumn("Interval, 95 %", True),
        TableColumn("One trial", True, f"mean validation {by} of one random trial"),
        TableColumn(
            "Best of all", True, f"mean validation {by} of the best of as many random trials"
        ),
        TableColumn(
            "Best found", True, f"highest validation {by} of the search, guided trials too"
        ),
    ]
    caption = (
        f"Share of random trials within {best_of_n.EPSILON:g} {by} of the best of the search, and "
        "what one and all random trials are worth on average. Validation values: the best of many "
        "looks better than it is."
    )
    return Table("tuning-ease", caption, columns, rows, shares, sources=sources)


def _refused(refused: pd.DataFrame, cells: int) -> list[Block]:
    if refused.empty:
        return []
    start = (
        "No method has a curve of the best of n"
        if len(refused) == cells
        else "Some searches have no curve of the best of n"
    )
    return [
        Note(
            [
                f"{start}: {reasons(refused)}",
                "What a pruned trial would have reached is unknown, so such curves need random "
                "trials that all ran to their end: set search: {sampler: random, pruner: none}, "
                "or pruner: none with more random_trials.",
            ]
        )
    ]


def _failed(count: int) -> str:
    return f"{count} failed" if count else ""


def _with_rows(settings: Sequence[tuple[str, str]], table: pd.DataFrame) -> list[tuple[str, str]]:
    present = set(zip(table["task"], table["ratio"], strict=True))
    return [pair for pair in settings if pair in present]


def _panels(
    results: Results, settings: Sequence[tuple[str, str]], table: pd.DataFrame
) -> list[tuple[int, pd.DataFrame]]:
    """The rows of each line with the panel it goes to, methods in the study's order; a line for
    each search, where the table tells searches apart."""
    groups = dict(list(table.groupby(["task", "ratio", "method"], sort=False)))
    return [
        (i, rows)
        for i, (task, ratio) in enumerate(settings)
        for method in results.methods
        if (task, ratio, method) in groups
        for rows in _searches(groups[task, ratio, method])
    ]


def _searches(rows: pd.DataFrame) -> list[pd.DataFrame]:
    return [each for _, each in rows.groupby("repeat")] if "repeat" in rows else [rows]
