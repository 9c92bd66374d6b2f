"""How firm the ranking is: without a setting, without a method, seeds and images drawn anew."""

import math

import plotly.graph_objects as go

from analysis import labels
from analysis.columns import Row
from analysis.compare.stability import RESAMPLES, WAYS, Stability
from analysis.findings import Findings
from analysis.labels import short_setting
from analysis.read.traces import Trace
from analysis.sections.draws import of_groups
from analysis.sections.sources import confirmed
from analysis.write import figures
from analysis.write.blocks import Block, Figure, Note, Prose, Section, Table, TableCell, TableColumn
from analysis.write.cells import number
from analysis.write.palette import Palette
from analysis.write.theme import TEMPLATES
from study.words import plural

__all__ = ["section"]

ROW = 44
"""Pixels between two methods."""
LARGEST = 38
"""Pixels across a dot that stands for all resamples."""
LEAST = 0.005
"""Shares below it are not drawn."""


def section(findings: Findings) -> Section | None:
    """None below two methods or without a setting in which all have a result."""
    found, results = findings.stability, findings.results
    if found is None:
        return None
    blocks: list[Block] = [
        Prose(
            "Would the ranking be the same on other settings, beside other rivals, with other "
            "seeds and test images? Look at how often the best two keep their order: near a half, "
            "the lead is chance. A search that was made once is not drawn anew: its configuration "
            "is the one at hand."
        ),
        Prose(_words(found)),
        *of_groups(findings),
    ]
    if found.seeds_only:
        where = plural(len(found.seeds_only), "setting")
        named = "; ".join(short_setting(*setting) for setting in found.seeds_only)
        blocks.append(
            Note([f"Seeds alone are drawn anew in {where}, for want of images: {named}."])
        )
    blocks += [
        Figure(
            "rank-stability",
            _figure(found, Palette(results.methods, results.ratios)),
            f"Places in {RESAMPLES:,} draws of seeds and test images: the larger the dot, the more "
            "often. A ring marks the place in the study.",
        ),
        _order_table(findings, found),
        _place_table(findings, found),
    ]
    drawn = found.orders.loc[found.orders["way"] == WAYS[2], "two"].dropna()
    kept = [f"the best two keep their order in {100 * share:.0f} %" for share in drawn]
    return Section("rank-stability", "Rank stability", blocks, "".join(kept))


def _words(found: Stability) -> str:
    best, second = found.methods["method"].iloc[:2]
    said = [
        f"{100 * row['two']:.0f} % of {_tries(row)}"
        for row in found.orders.to_dict("records")
        if not math.isnan(row["two"])
    ]
    start = f"{best} has the best average rank, then comes {second}. They keep this order in "
    return f"{start}{labels.listing(said)}."


def _tries(row: Row) -> str:
    if row["way"] == WAYS[2]:
        return "draws of seeds and images"
    return f"rankings {row['way']}"


def _figure(found: Stability, palette: Palette) -> go.Figure:
    figure = go.Figure()
    for line, row in enumerate(found.methods.to_dict("records")):
        method = row["method"]
        shares = found.places.loc[method]
        shares = shares[shares >= LEAST]
        hover = [
            f"{method}: place {place} in {100 * share:.1f} %" for place, share in shares.items()
        ]
        sizes = [LARGEST * math.sqrt(share) for share in shares]
        style = palette.method(method)
        figure.add_trace(
            figures.dots(
                [float(place) for place in shares.index],
                [-line] * len(shares),
                style,
                method,
                hover,
                "",
                symbol="circle",
                size=sizes,
            )
        )
        ring = [f"{method}: place {row['place']} in the study"]
        figure.add_trace(
            figures.dots(
                [row["place"]], [-line], style, method, ring, "", symbol="circle-open", size=LARGEST
            )
        )
    names = [figures.text(method) for method in found.methods["method"]]
    figure.update_yaxes(
        tickvals=[-line for line in range(len(names))],
        ticktext=names,
        range=[0.4 - len(names), 0.6],
        showgrid=False,
        fixedrange=True,
    )
    figure.update_xaxes(
        title_text="place (1 is best)",
        range=[0.5, len(names) + 0.5],
        tickvals=list(range(1, len(names) + 1)),
        showgrid=True,
    )
    return figure.update_layout(
        template=TEMPLATES["light"],
        height=ROW * len(names) + 70,
        margin={"t": 12, "r": 12, "b": 54, "l": 96},
        showlegend=False,
    )


def _order_table(findings: Findings, found: Stability) -> Table:
    rows = [
        [
            TableCell(r["way"].capitalize(), mark="row"),
            TableCell(f"{r['tries']:,}", r["tries"]),
            *(number(r[name], _percent) for name in ("best", "two", "all")),
        ]
        for r in found.orders.to_dict("records")
    ]
    columns = [
        TableColumn("Ranking"),
        TableColumn("Tries", True),
        TableColumn("Best stays first", True, "of the tries that hold it"),
        TableColumn("Best two keep their order", True, "a tie counts half"),
        TableColumn("All keep their places", True, "among those that are left"),
    ]
    caption = "What is left of the ranking by average rank."
    sources = [_source(findings)] * len(rows)
    return Table("rank-orders", caption, columns, rows, found.orders, sources=sources)


def _place_table(findings: Findings, found: Stability) -> Table:
    rows = [
        [
            TableCell(r["method"], r["method"], mark="row"),
            TableCell(f"{r['rank']:.2f}", r["rank"]),
            TableCell(str(r["place"]), r["place"]),
            *(number(r[way], _percent) for way in WAYS),
            TableCell(labels.interval(r["low"], r["high"], "{:.0f}".format), r["high"] - r["low"]),
        ]
        for r in found.methods.to_dict("records")
    ]
    columns = [
        TableColumn("Method"),
        TableColumn("Average rank", True),
        TableColumn("Place", True, "1 is best"),
        *(TableColumn(way.capitalize(), True, "how often it keeps its place") for way in WAYS),
        TableColumn("95 % of places", True, "with seeds and images drawn anew"),
    ]
    caption = "How often each method keeps its place, and the places it takes."
    data = found.methods.merge(
        found.places.add_prefix("place_"), left_on="method", right_index=True
    )
    source = _source(findings)
    return Table("rank-places", caption, columns, rows, data, sources=[source] * len(rows))


def _source(findings: Findings) -> Trace:
    units = findings.units
    return confirmed(findings.results, list(units.values.columns), list(units.values.index))


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"
