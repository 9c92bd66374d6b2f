"""Two methods at a time within each setting: how sure the best is better than the others."""

import math
from collections.abc import Sequence

from analysis import labels
from analysis.compare import pairwise
from analysis.compare.pairwise import Pair
from analysis.findings import Findings
from analysis.labels import listing, setting, short_setting
from analysis.read.traces import Trace, joined, trace
from analysis.sections.draws import of_groups
from analysis.write.blocks import Block, Note, Prose, Section, Table, TableCell, TableColumn
from analysis.write.cells import interval, number
from study.plan.power import ALPHA, GAMMA, pairs_needed
from study.words import plural

__all__ = ["section"]

MOST_REASONS = 2
"""Why predictions could not be used, as many times as that is told in full."""


def section(findings: Findings) -> Section | None:
    """The best of each setting against every other; None where no two methods share a seed."""
    pairs, scores = findings.within.pairs, findings.scores
    if not any(pair.n for pair in pairs):
        return None
    best = set(scores.loc[scores["best"], "cell"])
    shown = [pair for pair in pairs if best & {pair.cell_a, pair.cell_b}]
    remarks = _remarks(findings)
    blocks: list[Block] = [
        Prose(
            "Each row asks whether the best method of a setting is better than another one. The "
            "difference is taken seed by seed, since methods share split, weights and order. Its "
            "interval and p value cover other seeds and, where predictions were stored, other "
            "test images as well (Obuchowski and Rockette's test, seeds as readers). p is "
            f"corrected (Holm) for all pairs of the setting; {ALPHA:g} is the level. Two methods "
            f"are equal within {findings.results.equivalence:g} where two one-sided tests say so, "
            "that is, where the 90 % interval lies within it, taken as wide as it would be were "
            "they that far apart; of AUROCs nearer to 1 than twice that this is not asked (a "
            "smaller equivalence in the spec may be)."
        ),
        *([Note(remarks)] if remarks else []),
        *of_groups(findings),
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
    apart = sum(pair.better for pair in pairs)
    finding = f"{plural(apart, 'pair')} told apart" if apart else "no pair told apart"
    if apart and not any(pair.better for pair in shown):
        finding += ", none with the best"
    return Section("pairwise", "Pairs of methods", blocks, finding, apart > 0)


_PAIR = (
    TableColumn("Setting"),
    TableColumn("A"),
    TableColumn("B"),
    TableColumn("Seeds", True, "paired seeds"),
)


def _difference_table(shown: Sequence[Pair], pairs: Sequence[Pair]) -> Table:
    columns = [
        *_PAIR,
        TableColumn("A \N{MINUS SIGN} B", True, "mean difference of the test AUROC"),
        TableColumn("95 % interval", True, "of the difference"),
        TableColumn("p (Holm)", True, "of no difference"),
        TableColumn("p unequal (Holm)", True, "of a difference of the margin or more"),
        TableColumn("Reading"),
        TableColumn("Covers"),
    ]
    rows = [
        [
            *_pair(pair),
            interval(pair.low, pair.high, labels.signed),
            number(pair.p_holm, labels.p_number),
            number(pair.p_equal_holm, labels.p_number),
            TableCell(_reading(pair)),
            TableCell(pair.why or pair.basis, mark="flag" if pair.why else ""),
        ]
        for pair in shown
    ]
    caption = (
        "The best method of each setting (highest mean over all its seeds) against the others; A "
        f"has the higher mean over the paired seeds. The files hold all pairs: {len(pairs)}."
    )
    sources = [_source(pair) for pair in shown]
    return Table("pairwise", caption, columns, rows, pairwise.table(pairs), sources=sources)


def _reading(pair: Pair) -> str:
    within = f"within {pair.margin:g}"
    if pair.better:
        return f"A better, {within}" if pair.equal else "A better"
    return f"equal {within}" if pair.equal else "no evidence"


def _share_table(shown: Sequence[Pair], pairs: Sequence[Pair]) -> Table:
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
            *_pair(pair)[:3],
            number(pair.wins, share),
            interval(pair.wins_low, pair.wins_high, share),
            TableCell(_decision(pair)),
            number(pair.std / math.sqrt(pair.sample) if pair.n else math.nan),
            number(pair.error_images),
            number(pair.p_images, labels.p_number),
        ]
        for pair in shown
    ]
    caption = "How often A is ahead, and where the uncertainty of the difference comes from."
    sources = [_source(pair) for pair in shown]
    return Table("pairwise-share", caption, columns, rows, pairwise.table(pairs), sources=sources)


def _pair(pair: Pair) -> list[TableCell]:
    """Setting, A, B, seeds and the difference."""
    dropped = f"{len(pair.dropped)} unpaired" if pair.dropped else ""
    return [
        TableCell(short_setting(pair.task, pair.ratio), mark="key"),
        TableCell(pair.a, mark="key"),
        TableCell(pair.b, mark="key"),
        TableCell(str(pair.n), pair.n, note=dropped),
        number(pair.difference, labels.signed),
    ]


def _source(pair: Pair) -> Trace:
    return joined(
        trace(cell, "confirm", rows)
        for cell, rows in ((pair.cell_a, pair.rows_a), (pair.cell_b, pair.rows_b))
    )


def _decision(pair: Pair) -> str:
    if pair.often:
        return "yes"
    if pair.p_wins_holm <= ALPHA:
        return "ahead, too seldom to matter"
    needed = pairs_needed()
    if pair.n < needed:
        return f"open: {pair.n} of {needed} seeds"
    return labels.MISSING if math.isnan(pair.p_wins_holm) else "no evidence"


def _remarks(findings: Findings) -> list[str]:
    """What was left out, and why predictions could not be used."""
    settings = {setting(pair.task, pair.ratio) for pair in findings.within.pairs if pair.dropped}
    reasons: dict[str, list[str]] = {}
    for cell, images in findings.within.images.items():
        if images.why:
            reasons.setdefault(images.why, []).append(cell)
    said = [
        f"The draw of the test images is not covered for {_cells(cells)}: {why.rstrip('.')}."
        for why, cells in list(reasons.items())[:MOST_REASONS]
    ]
    if len(reasons) > MOST_REASONS:
        rest = sum(map(len, list(reasons.values())[MOST_REASONS:]))
        said.append(f"Nor is it for {rest} more, for reasons like these.")
    if settings:
        said.append(
            "Only seeds that both methods finished enter a pair; in "
            f"{listing(sorted(settings))} some were left out."
        )
    return said


def _cells(cells: list[str]) -> str:
    return listing(cells) if len(cells) <= 3 else f"{len(cells)} cells"
