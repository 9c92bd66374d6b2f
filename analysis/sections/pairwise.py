"""Two methods at a time within each setting: how sure the best is better than the others."""

import math
from typing import Any

import pandas as pd

from analysis import labels
from analysis.compare import comparison, pairwise
from analysis.labels import listing, setting, short_setting
from analysis.read.traces import Trace, joined, trace
from analysis.results import Results
from analysis.write.blocks import Block, Note, Prose, Section, Table, TableCell, TableColumn
from analysis.write.cells import interval, number
from study.plan.power import ALPHA, GAMMA, pairs_needed

__all__ = ["section"]

MOST_REASONS = 2
"""Why predictions could not be used, as many times as that is told in full."""


def section(results: Results) -> Section | None:
    """The best of each setting against every other; None where no two methods share a seed."""
    pairs = pairwise.pairs(results)
    if not len(pairs) or not pairs["n"].any():
        return None
    scores = comparison.scores(results)
    best = set(scores.loc[scores["best"], "cell"])
    shown = pairs[pairs["cell_a"].isin(best) | pairs["cell_b"].isin(best)]
    remarks = _remarks(results, pairs)
    blocks: list[Block] = [
        Prose(
            "Each row asks whether the best method of a setting is better than another one. The "
            "difference is taken seed by seed, since methods share split, weights and order. Its "
            "interval and p value cover other seeds and, where predictions were stored, other "
            "test images as well (Obuchowski and Rockette's test, seeds as readers). p is "
            f"corrected (Holm) for all pairs of the setting; {ALPHA:g} is the level."
        ),
        *([Note(remarks)] if remarks else []),
        _difference_table(shown, pairs),
        Prose(
            f"P(A > B) is the share of seeds at which A is ahead. It matters from {GAMMA:g} on "
            f"(Bouthillier et al. 2021), and it takes about {pairs_needed()} seeds to find that "
            "in 95 of 100 studies. Its bootstrap interval is shown (the exact binomial one where "
            "all seeds agree); the decision is by an exact sign test with Holm's correction, "
            "since the bootstrap of a few wins and losses claims too much. Beside it stand the "
            "two parts of the uncertainty, as standard errors of the difference: what the seeds "
            "leave open, and what the draw of the test images does (DeLong)."
        ),
        _share_table(shown, pairs),
    ]
    return Section("pairwise", "Pairs of methods", blocks)


_PAIR = (
    TableColumn("Setting"),
    TableColumn("A"),
    TableColumn("B"),
    TableColumn("Seeds", True, "paired seeds"),
)


def _difference_table(shown: pd.DataFrame, pairs: pd.DataFrame) -> Table:
    columns = [
        *_PAIR,
        TableColumn("A \N{MINUS SIGN} B", True, "mean difference of the test AUROC"),
        TableColumn("95 % interval", True, "of the difference"),
        TableColumn("p (Holm)", True),
        TableColumn("Reading"),
        TableColumn("Covers"),
    ]
    rows = [
        [
            *_pair(r),
            interval(r["low"], r["high"], labels.signed),
            number(r["p_holm"], labels.p_number),
            TableCell("A better" if r["better"] else "no evidence"),
            TableCell(r["why"] or r["basis"], mark="flag" if r["why"] else ""),
        ]
        for r in shown.to_dict("records")
    ]
    caption = (
        "The best method of each setting (highest mean over all its seeds) against the others; A "
        f"has the higher mean over the paired seeds. The files hold all pairs: {len(pairs)}."
    )
    sources = [_source(r) for r in shown.to_dict("records")]
    return Table("pairwise", caption, columns, rows, pairs, sources=sources)


def _share_table(shown: pd.DataFrame, pairs: pd.DataFrame) -> Table:
    columns = [
        *_PAIR[:3],
        TableColumn("P(A > B)", True),
        TableColumn("95 % interval", True, "of P(A > B)"),
        TableColumn("Often enough", title=f"P(A > B) above a half, and possibly above {GAMMA:g}"),
        TableColumn("Error, seeds", True, "standard error of the difference over seeds"),
        TableColumn("Error, images", True, "DeLong's standard error of the difference over images"),
        TableColumn("p (DeLong)", True, "these models on other test images; not corrected"),
    ]
    share = "{:.2f}".format
    rows = [
        [
            *_pair(r)[:3],
            number(r["wins"], share),
            interval(r["wins_low"], r["wins_high"], share),
            TableCell(_decision(r)),
            number(r["std"] / math.sqrt(r["n"]) if r["n"] else math.nan),
            number(r["error_images"]),
            number(r["p_images"], labels.p_number),
        ]
        for r in shown.to_dict("records")
    ]
    caption = "How often A is ahead, and where the uncertainty of the difference comes from."
    sources = [_source(r) for r in shown.to_dict("records")]
    return Table("pairwise-share", caption, columns, rows, pairs, sources=sources)


def _pair(r: Any) -> list[TableCell]:
    """Setting, A, B, seeds and the difference."""
    dropped = f"{len(r['dropped'])} unpaired" if r["dropped"] else ""
    return [
        TableCell(short_setting(r["task"], r["ratio"]), mark="key"),
        TableCell(r["a"], mark="key"),
        TableCell(r["b"], mark="key"),
        TableCell(str(r["n"]), r["n"], note=dropped),
        number(r["difference"], labels.signed),
    ]


def _source(r: Any) -> Trace:
    return joined(
        trace(cell, "confirm", rows)
        for cell, rows in ((r["cell_a"], r["rows_a"]), (r["cell_b"], r["rows_b"]))
    )


def _decision(r: Any) -> str:
    if math.isnan(r["p_wins_holm"]):
        return labels.MISSING
    if r["often"]:
        return "yes"
    if r["p_wins_holm"] <= ALPHA:
        return "ahead, too seldom to matter"
    needed = pairs_needed()
    return "no evidence" if r["n"] >= needed else f"open: {r['n']} of {needed} seeds"


def _remarks(results: Results, pairs: pd.DataFrame) -> list[str]:
    """What was left out, and why predictions could not be used."""
    lost = pairs[pairs["dropped"].map(len) > 0]
    settings = {setting(t, r) for t, r in zip(lost["task"], lost["ratio"], strict=True)}
    images = pairwise.images(results)
    reasons = images[images["why"] != ""].groupby("why", sort=False)["cell"].agg(list)
    said = [
        f"The draw of the test images is not covered for {_cells(cells)}: {str(why).rstrip('.')}."
        for why, cells in reasons.head(MOST_REASONS).items()
    ]
    if len(reasons) > MOST_REASONS:
        rest = sum(map(len, reasons.iloc[MOST_REASONS:]))
        said.append(f"Nor is it for {rest} more, for reasons like these.")
    if settings:
        said.append(
            "Only seeds that both methods finished enter a pair; in "
            f"{listing(sorted(settings))} some were left out."
        )
    return said


def _cells(cells: list[str]) -> str:
    return listing(cells) if len(cells) <= 3 else f"{len(cells)} cells"
