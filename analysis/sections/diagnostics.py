"""Why soft labels help: what networks make of their images, trained with a mix and without."""

from collections.abc import Mapping, Sequence

import pandas as pd
import plotly.graph_objects as go

from analysis import labels
from analysis.columns import MOST_FIGURES
from analysis.compare.diagnostics import Diagnostics, Group
from analysis.findings import Findings
from analysis.labels import listing, setting, short_setting
from analysis.read.traces import joined, trace
from analysis.results import Results
from analysis.sections.score_panels import score_panels, title_of
from analysis.write import figures
from analysis.write.blocks import (
    Block,
    Figure,
    Heading,
    Prose,
    Section,
    Table,
    TableCell,
    TableColumn,
)
from analysis.write.cells import interval, number
from analysis.write.palette import Palette, Style
from study.words import plural

__all__ = ["section"]

ROWS = (
    ("gap between class means", ("gap_train", "gap_test")),
    ("generalisation gap (AUROC)", ("generalisation",)),
    ("norm of the gradient", ("gradient_positive", "gradient_negative")),
    ("share of active pairs", ("active",)),
)
"""Of a figure, from above: title of the axis, and what is drawn as a solid and as a dotted line."""

MOST_POINTS = 25
"""Intervals drawn a line; of more, so many evenly spread ones, the last among them."""

GAP = 44
"""Pixels between two of them, of which the lowest alone names its axis."""

WORDS = {
    "auroc_train": "training AUROC",
    "auroc_test": "test AUROC",
    "generalisation": "generalisation gap",
    "gap_train": "gap between class means, training",
    "gap_test": "gap between class means, test",
    "gradient_positive": "gradient norm, positives",
    "gradient_negative": "gradient norm, negatives",
    "gradient_share": "positives' share of the gradient",
    "active": "share of active pairs",
}

INTRODUCTION = (
    "Networks that were trained with a mix of images and soft labels, beside those of the same "
    "method without: what each makes of its training images (as they are, neither mixed nor "
    "augmented) and of the test images at every interval. Look at whether a mix closes the "
    "generalisation gap from above, by fitting the training images less, or from below, by ranking "
    "the test images better; and at whether the training images still pull at the network at the "
    "end, by their gradient and by pairs that are not settled.",
    "A score is the sigmoid of the logit, for every method. The generalisation gap is the AUROC of "
    "the training images less that of the test images. The gradient is that of the mean cross "
    "entropy of up to 64 training images of a class, whatever the method's own loss, so that "
    "methods compare. A pair of a positive and a negative training image is active unless the "
    "logit of the positive is higher by 1 or more. Methods that compare other scores than sigmoids "
    "(score_map) have logits on another scale: set them beside each other only with and without a "
    "mix.",
    "Each method has the hyperparameters that its own search selected, so that a difference is "
    "that of the mix and of what was tuned with it; and auc_mixup and ct_mixup have a loss without "
    "a prior. Where nothing is searched, two variants of one method that set mix alone differ in "
    "nothing else.",
    "Nothing was selected by these figures. The test images enter them at every interval, to be "
    "looked at after the fact: choose no method, trial or interval by them. The intervals of the "
    "table are not corrected for its length; they describe.",
)

CAPTION = (
    "{}: course of training with a mix and without. Median over the confirm seeds, the band from "
    "the lowest to the highest. Gap: solid line training images, dotted test images. Gradient: "
    "solid positives, dotted negatives."
)


def section(findings: Findings) -> Section | None:
    """Figures and panels a setting, and a table; None if no trial kept diagnostics."""
    found = findings.diagnostics
    if not found.kept:
        return None
    key, title = "diagnostics", "Why soft labels help"
    if not found.groups:
        words = (
            f"{plural(found.kept, 'confirm trial')} kept diagnostics, but no two methods of a "
            "setting differ in their mix alone, as ce and ce_mixup do, so that there is nothing to "
            "set side by side here; aucstudy export has the figures."
        )
        return Section(key, title, [Prose(words)], "no method with and without a mix")
    blocks: list[Block] = [*map(Prose, INTRODUCTION)]
    if several := listing(findings.results.labels):
        blocks.append(Prose(f"Of tasks with several labels nothing is kept: {several}."))
    settings = list(dict.fromkeys((group.task, group.ratio) for group in found.groups))
    for i, place in enumerate(settings[:MOST_FIGURES]):
        groups = [group for group in found.groups if (group.task, group.ratio) == place]
        blocks += _setting(findings.results, found, groups, i)
    if len(settings) > MOST_FIGURES:
        words = f"The first {MOST_FIGURES} of {len(settings)} settings are drawn."
        blocks.append(Prose(f"{words} The table has all."))
    blocks += [Heading("At the end"), _table(found.finals)]
    return Section(key, title, blocks, _finding(found.finals))


def _finding(finals: pd.DataFrame) -> str:
    own = finals[finals["figure"] == "generalisation"]
    smaller, larger = int((own["high"] < 0).sum()), int((own["low"] > 0).sum())
    counts = {"smaller": smaller, "larger": larger}
    told = [f"{word} in {count}" for word, count in counts.items() if count]
    if not told:
        return "no clear difference in generalisation gap"
    return f"with a mix the generalisation gap is {listing(told)} of {plural(len(own), 'pair')}"


def _setting(
    results: Results, found: Diagnostics, groups: Sequence[Group], place: int
) -> list[Block]:
    words = setting(groups[0].task, groups[0].ratio)
    blocks: list[Block] = [Heading(words)]
    for part, start in enumerate(range(0, len(groups), figures.MAX_COLUMNS)):
        shown = groups[start : start + figures.MAX_COLUMNS]
        name = f"diagnostics-{place}-{part}"
        blocks.append(Figure(name, _courses(results, found, shown), CAPTION.format(words)))
    panels = score_panels(found.scores, groups, f"diagnostics-scores-{place}", words)
    return blocks + ([panels] if panels.panels else [])


def _courses(results: Results, found: Diagnostics, groups: Sequence[Group]) -> go.Figure:
    """A row one of ``ROWS``, a column a group."""
    palette, columns = Palette(results.methods, results.ratios), len(groups)
    titles = [title_of(group) for group in groups] + [""] * (columns * (len(ROWS) - 1))
    x_titles = [""] * (columns * (len(ROWS) - 1)) + ["interval"] * columns
    methods = list(dict.fromkeys(cell.method for group in groups for cell in group.cells))
    figure = figures.grid(titles, x_titles, "", methods, columns=columns, gap=GAP)
    courses = found.courses.groupby(["cell", "figure"], sort=False)
    rows = {(str(cell), str(name)): own for (cell, name), own in courses}
    traces: list[tuple[int, go.Scatter]] = []
    for i, (title, drawn) in enumerate(ROWS):
        first = i * columns
        figure.layout[f"yaxis{first + 1}"].title.text = title
        for j, group in enumerate(groups):
            figure.layout[f"yaxis{first + j + 1}"].update(_axis(rows, group, drawn))
            for cell in group.cells:
                for name, dash in zip(drawn, ("", "dot"), strict=False):
                    own = rows.get((cell.id, name))
                    if own is not None:
                        style = _dashed(palette.method(cell.method), dash)
                        lines = _line(own, style, cell.method, WORDS[name])
                        traces += [(first + j, each) for each in lines]
    figures.add(figure, traces)
    return figures.tidy_legend(figure)


def _axis(
    rows: Mapping[tuple[str, str], pd.DataFrame], group: Group, drawn: Sequence[str]
) -> dict[str, object]:
    """Of the figures ``drawn``: a share has all of its range, a norm a logarithmic scale."""
    if drawn[0] == "active":
        return {"range": [-0.03, 1.03]}
    shown = [
        rows[key] for cell in group.cells for name in drawn if (key := (cell.id, name)) in rows
    ]
    if not drawn[0].startswith("gradient") or not shown:
        return {}
    low, high = min(own["low"].min() for own in shown), max(own["high"].max() for own in shown)
    if low <= 0:
        return {}
    values, texts = figures.log_ticks(low, high)
    return {"type": "log", "tickvals": values, "ticktext": texts}


def _dashed(style: Style, dash: str) -> Style:
    return Style(style.colour, dash or style.dash, style.symbol)


def _line(own: pd.DataFrame, style: Style, method: str, what: str) -> tuple[go.Scatter, go.Scatter]:
    """The band and the line of a method's figure."""
    own = own.sort_values("interval")
    own = own.iloc[figures.thinned(len(own), MOST_POINTS)]
    along = list(own["interval"])
    hover = [
        f"{method}, {what}, interval {r['interval']}\nmedian {_short(r['median'])}, "
        f"{labels.interval(r['low'], r['high'], _short)}, n = {r['n']}"
        for r in own.to_dict("records")
    ]
    source = trace(own["cell"].iloc[0], "confirm", own["rows"].iloc[0])
    area = figures.band(along, list(own["low"]), list(own["high"]), style, method, faint=True)
    middle = figures.line(along, own["median"], style, method, hover, source, mode="lines")
    return area, middle


_short = "{:.3g}".format


def _signed(value: float) -> str:
    return f"{value:+.3g}".replace("-", "\N{MINUS SIGN}")


AUROCS = ("auroc_train", "auroc_test", "generalisation")
OTHERS = (_short, _signed)


def _table(finals: pd.DataFrame) -> Table:
    records = finals.to_dict("records")
    rows = [
        [
            TableCell(short_setting(r["task"], r["ratio"]), mark="key"),
            TableCell(r["mixed"], r["mixed"], r["cell_mixed"], mark="row"),
            TableCell(r["plain"], r["plain"], r["cell_plain"], mark="key"),
            TableCell(WORDS[r["figure"]], WORDS[r["figure"]]),
            number(r["n"], "{:.0f}".format),
            number(r["mean_plain"], write),
            number(r["mean_mixed"], write),
            number(r["difference"], signed, mark=_mark(r["low"], r["high"])),
            interval(r["low"], r["high"], signed),
        ]
        for r in records
        for write, signed in [(labels.auroc, labels.signed) if r["figure"] in AUROCS else OTHERS]
    ]
    columns = [
        TableColumn("Setting"),
        TableColumn("With a mix"),
        TableColumn("Without"),
        TableColumn("Figure"),
        TableColumn("n", True, "confirm seeds that both finished"),
        TableColumn("Without", True, "mean"),
        TableColumn("With", True, "mean"),
        TableColumn(
            "Difference", True, "with less without, paired by seed; bold: its interval has no 0"
        ),
        TableColumn("95 % interval", True, "t interval of the difference, over seeds"),
    ]
    caption = (
        f"What a mix changes at the last interval: {plural(len(rows), 'row')}, paired by seed. "
        "Bold: the interval of the difference does not hold 0."
    )
    sources = [
        joined(
            trace(r[f"cell_{which}"], "confirm", r[f"rows_{which}"]) for which in ("plain", "mixed")
        )
        for r in records
    ]
    return Table("diagnostics", caption, columns, rows, finals, sources=sources)


def _mark(low: float, high: float) -> str:
    return "best" if low > 0 or high < 0 else ""
