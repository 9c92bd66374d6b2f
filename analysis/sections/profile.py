"""Selected configurations with one hyperparameter moved: how much it matters, and where."""

import pandas as pd
import plotly.graph_objects as go

from analysis import labels
from analysis.compare.profile import SIDES, drawn, named, parts, reach, shown_side
from analysis.findings import Findings
from analysis.labels import setting, short_setting
from analysis.sections.sources import profiled
from analysis.write import figures
from analysis.write.blocks import Block, Figure, Prose, Section
from analysis.write.palette import Palette
from study.plan.power import ROPE
from study.words import plural

__all__ = ["section"]


def section(findings: Findings) -> Section | None:
    """One figure over all hyperparameters, settings and methods; None without profile trials."""
    table = findings.profiles
    if table.empty:
        return None
    side = shown_side(table)
    blocks: list[Block] = [
        Prose(
            f"{_said(table, side)} Each selected configuration was trained again with this one "
            "hyperparameter moved, with the data split, weights and order of a confirm trial each "
            f"time: what differs is its doing. Heights are differences of {SIDES[side]} AUROC from "
            "the selected configuration; look for lines that leave zero by more than their bars."
        ),
    ]
    if side == "test":
        blocks.append(
            Prose(
                "These trials met the test set and selected nothing: a value that does better "
                "here than the selected one is no result of the method, but says that its search "
                "did not find it."
            )
        )
    blocks += [
        Figure("profiles", _figure(findings, table, side), _caption(findings, side)),
    ]
    title = "How much a hyperparameter matters"
    return Section("profiles", title, blocks, finding=_finding(table, side), folds=False)


def _finding(table: pd.DataFrame, side: str) -> str:
    """The hyperparameter that moves an AUROC most, and how far."""
    moved = table.dropna(subset=[f"{side}_difference"])
    if moved.empty:
        return "no trial has finished yet"
    far = moved[f"{side}_difference"].abs()
    name = moved["hyperparameter"].iloc[int(far.argmax())]
    return f"{name}: up to {labels.auroc(float(far.max()))}"


def _said(table: pd.DataFrame, side: str) -> str:
    """A sentence a hyperparameter: where moving it hurts most, and in how many cells it does not
    matter."""
    said = []
    for name, rows in table[~table["own"]].groupby("hyperparameter", sort=False):
        known = rows.dropna(subset=[f"{side}_difference"])
        if known.empty:
            said.append(f"{name}: no trial has finished yet.")
            continue
        worst = known.sort_values(f"{side}_difference").iloc[0]
        furthest = known.groupby("cell")[f"{side}_difference"].agg(lambda d: d.abs().max())
        calm = int((furthest <= ROPE).sum())
        where = f"{worst['method']} on {setting(worst['task'], worst['ratio'])}"
        fall = worst[f"{side}_difference"]
        said.append(
            f"{name}: moved to {worst['text']}, {where} "
            + (f"loses {labels.auroc(-fall)} of" if fall < 0 else f"gains {labels.auroc(fall)} of")
            + f" {SIDES[side]} AUROC, the {'most' if fall < 0 else 'least'} of all; in {calm} of "
            f"{plural(len(furthest), 'cell')} no value changes it by more than {ROPE:g}."
        )
    return " ".join(said)


def _caption(findings: Findings, side: str) -> str:
    searched = bool((findings.results.cells["searches"] > 1).any())
    over = "searches" if searched else "confirm seeds"
    return (
        f"Difference of {SIDES[side]} AUROC, moved less selected, paired by confirm seed. Bars: "
        f"95 % t interval over {over}, each value by itself. Rings on the zero line: what was "
        "selected."
    )


def _figure(findings: Findings, table: pd.DataFrame, side: str) -> go.Figure:
    results = findings.results
    palette = Palette(results.methods, results.ratios)
    panels = [*parts(table, results.settings)]
    shown = [method for method in results.methods if (table["method"] == method).any()]
    figure = figures.grid(
        [f"{part.name}, {short_setting(part.task, part.ratio)}" for part in panels],
        [part.name for part in panels],
        f"{SIDES[side]} AUROC, difference",
        shown,
        shared=True,
    )
    for panel, part in enumerate(panels):
        here = part.rows
        for method in shown:
            rows = here[here["method"] == method]
            if rows.empty:
                continue
            style = palette.method(method)
            joined, own = drawn(rows, side)
            line = figures.line(
                joined["place"],
                joined[f"{side}_difference"],
                style,
                method,
                _hover(joined, side),
                profiled(joined),
                spread=(joined[f"{side}_high"] - joined[f"{side}_difference"]).fillna(0.0),
            )
            rings = figures.dots(
                own["place"],
                [0.0] * len(own),
                style,
                method,
                _hover(own, side),
                profiled(own),
                symbol="circle-open",
                size=13,
                opacity=1,
            )
            for each in (line, rings):
                figure.add_trace(each, **figures.place(panel))
        _axis(figure, here, panel)
    figure.update_yaxes(range=reach(table, side))
    return figures.tidy_legend(figure)


def _axis(figure: go.Figure, rows: pd.DataFrame, panel: int) -> None:
    tried = rows.drop_duplicates("text").sort_values("place")
    if rows["log"].all():
        values, texts = figures.log_ticks(tried["place"].min(), tried["place"].max())
        figure.update_xaxes(type="log", tickvals=values, ticktext=texts, **figures.place(panel))
    elif named(tried):
        ticks = {"tickvals": list(tried["place"]), "ticktext": [*map(figures.text, tried["text"])]}
        figure.update_xaxes(**ticks, **figures.place(panel))


def _hover(rows: pd.DataFrame, side: str) -> list[str]:
    return [
        f"{row['method']}, {row['hyperparameter']} = {row['text']}\n"
        + (
            "selected"
            if row["own"]
            else f"{labels.signed(row[f'{side}_difference'])} ("
            + labels.interval(row[f"{side}_low"], row[f"{side}_high"], labels.signed)
            + ")"
        )
        for row in rows.to_dict("records")
    ]
