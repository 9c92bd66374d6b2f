"""Other metrics than AUROC, where the spec names them: who is ahead by each, and is it the same?"""

import math
from collections.abc import Sequence

import pandas as pd

from analysis import labels
from analysis.columns import Row
from analysis.compare import metrics
from analysis.compare.metrics import MetricPair
from analysis.findings import Findings
from analysis.labels import listing, short_setting
from analysis.read.traces import joined, trace
from analysis.sections.draws import of_groups
from analysis.write.blocks import Block, Note, Prose, Section, Table, TableCell, TableColumn
from analysis.write.cells import number
from study.words import METRICS, plural

__all__ = ["section"]

MEANT = {
    "auprc": "AUPRC (average precision) falls with the share of positives among the test images.",
    "auroc_low_fpr": "Partial AUROCs in one direction are normalised so that chance is 0.5 "
    "(McClish 1989).",
    "auroc_high_tpr": "Partial AUROCs in one direction are normalised so that chance is 0.5 "
    "(McClish 1989).",
    "auroc_corner": "The partial AUROC in both directions is the share of its corner that lies "
    "under the curve; it is 0 where the curve passes the corner by.",
    "accuracy": "Accuracy is the share of images whose own class has the highest score; label by "
    "label, of the images of that class (recall).",
    "hand_till": "Hand and Till's M (2001) is the mean AUROC over all pairs of classes, by the "
    "scores of either class; label by label, over the pairs of that class.",
    "brier": "Brier score (less is better) and calibration slope (1 is best) are of "
    "probabilities after Platt's scaling, fitted on each run's validation images.",
    "calibration_slope": "Brier score (less is better) and calibration slope (1 is best) are of "
    "probabilities after Platt's scaling, fitted on each run's validation images.",
}
BY_LABEL = (
    "Of a task with several labels each metric above is the mean over the labels, each on the "
    "images for which it is known; a calibration is fitted label by label. The labels one by one, "
    "without tests (the chapter Labels has those of the AUROC, and its intervals):"
)


def section(findings: Findings) -> Section | None:
    """None where the spec names AUROC alone, or nothing has a result."""
    names = findings.results.metrics
    if names == ["auroc"] or findings.measured.cells.empty:
        return None
    cells, pairs = findings.measured.cells, findings.measured.pairs
    meant = " ".join(dict.fromkeys(MEANT[name] for name in names if name in MEANT))
    blocks: list[Block] = [
        Prose(
            "Is the method that is best by AUROC also best by what else counts? In each setting "
            "the best by a metric is bold, and a ≈ marks those that the tests do not tell from it "
            "(paired seeds and the same test images, Holm-adjusted for the pairs of a setting "
            f"and metric). {meant} Configurations were selected by "
            f"validation {findings.results.criterion} alone."
        ),
        *_remarks(findings),
        *of_groups(findings),
        Prose(_agreement(cells, names)),
        _table(cells, names),
    ]
    if any(pair.n for pair in pairs):
        blocks.append(_claims_table(cells, pairs))
    if len(findings.measured.labels):
        blocks += [Prose(BY_LABEL), _label_table(findings.measured.labels, names)]
    told = sum(pair.better for pair in pairs)
    finding = f"{plural(told, 'pair')} told apart" if told else "no pair told apart"
    return Section("metrics", "Metrics", blocks, finding, found=told > 0)


def _remarks(findings: Findings) -> list[Block]:
    calibrated = [n for n in findings.results.metrics if n in ("brier", "calibration_slope")]
    without = findings.measured.uncalibrated
    said = []
    if calibrated and without:
        said.append(
            f"No {listing(METRICS[name] for name in calibrated)} for {plural(len(without), 'cell')}"
            ": the confirm trials there are of a version that did not keep validation scores"
            f"{' or lack a class of a label among them' if findings.results.labels else ''}."
        )
    measured = findings.measured.cells
    known = {*measured.loc[measured["metric"] != "auroc", "cell"]}
    undrawn = [
        cell
        for cell, images in findings.within.images.items()
        if not images.why and cell not in known
    ]
    if undrawn:
        said.append(
            f"Nothing but the AUROC of {listing(undrawn)}: next to no draw of the test images "
            "holds both classes of every label."
        )
    missing = [cell for cell, images in findings.within.images.items() if images.why]
    if missing:
        said.append(
            f"Without predictions that can be used: {listing(missing)}; see Pairs of methods."
        )
    return [Note(said)] if said else []


def _agreement(cells: pd.DataFrame, names: Sequence[str]) -> str:
    """In how many settings each metric has the best method of the AUROC."""
    best: dict[str, dict[tuple[str, str], set[str]]] = {name: {} for name in ("auroc", *names)}
    for row in cells[cells["best"]].to_dict("records"):
        setting = (row["task"], row["ratio"])
        best[row["metric"]].setdefault(setting, set()).add(row["method"])
    others = [name for name in names if name != "auroc" and best[name]]
    if not best["auroc"] or not others:
        return "Each metric is read on its own."
    shares: dict[str, list[str]] = {}
    for name in others:
        common = best[name].keys() & best["auroc"].keys()
        same = sum(bool(best[name][s] & best["auroc"][s]) for s in common)
        share = f"in {same} of {plural(len(common), 'setting')}"
        shares.setdefault(share, []).append(METRICS[name])
    parts = "; ".join(f"{share} by {listing(words)}" for share, words in shares.items())
    return f"The method with the highest AUROC is also the best {parts}."


def _table(cells: pd.DataFrame, names: Sequence[str]) -> Table:
    by_cell = {(row["cell"], row["metric"]): row for row in cells.to_dict("records")}
    firsts = cells.drop_duplicates("cell").to_dict("records")
    rows = [
        [
            TableCell(short_setting(first["task"], first["ratio"]), mark="key"),
            TableCell(first["method"], first["method"], first["cell"], mark="row"),
            *(_cell(by_cell.get((first["cell"], name))) for name in names),
        ]
        for first in firsts
    ]
    columns = [
        TableColumn("Setting"),
        TableColumn("Method"),
        *(TableColumn(METRICS[name][0].upper() + METRICS[name][1:], True) for name in names),
    ]
    caption = (
        "Each metric on the test images, mean over confirm seeds, with its 95 % interval over "
        "seeds and images. The file has deviations and numbers of seeds."
    )
    return Table("metrics", caption, columns, rows, cells)


def _cell(row: Row | None) -> TableCell:
    if row is None or math.isnan(row["mean"]):
        return TableCell(labels.MISSING)
    mark = "best" if row["best"] else "near" if row["near"] else ""
    note = "" if math.isnan(row["low"]) else labels.interval(row["low"], row["high"], _short)
    title = trace(row["cell"], "confirm", row["rows"])
    return TableCell(labels.auroc(row["mean"]), row["mean"], title, mark, note)


_short = "{:.3f}".format


def _label_table(cells: pd.DataFrame, names: Sequence[str]) -> Table:
    shown = [name for name in names if (cells["metric"] == name).any()]
    rows = [
        [
            TableCell(short_setting(found[0]["task"], found[0]["ratio"]), mark="key"),
            TableCell(str(label), str(label), mark="key"),
            TableCell(found[0]["method"], found[0]["method"], found[0]["cell"], mark="row"),
            *(_cell({r["metric"]: r | NO_MARK for r in found}.get(name)) for name in shown),
        ]
        for (_, label), own in cells.groupby(["cell", "label"], sort=False)
        for found in [own.to_dict("records")]
    ]
    columns = [
        TableColumn("Setting"),
        TableColumn("Label"),
        TableColumn("Method"),
        *(TableColumn(METRICS[name][0].upper() + METRICS[name][1:], True) for name in shown),
    ]
    caption = "Each metric label by label, mean over confirm seeds, with its 95 % interval."
    return Table("metrics-labels", caption, columns, rows, cells)


NO_MARK = {"best": False, "near": False}


def _claims_table(cells: pd.DataFrame, pairs: Sequence[MetricPair]) -> Table:
    """What the tests say of the best of each setting and metric."""
    best = cells[cells["best"]].drop_duplicates(["task", "ratio", "metric"]).to_dict("records")
    names = list(cells["metric"].unique())
    settings = list(dict.fromkeys((row["task"], row["ratio"]) for row in best))
    best.sort(key=lambda r: (settings.index((r["task"], r["ratio"])), names.index(r["metric"])))
    rows, sources = [], []
    for row in best:
        own = [
            pair
            for pair in pairs
            if pair.metric == row["metric"] and row["cell"] in (pair.cell_a, pair.cell_b)
        ]
        beaten = [pair for pair in own if pair.better and pair.cell_a == row["cell"]]
        rest = [
            b if a == row["method"] else a for a, b in _names(own) if (a, b) not in _names(beaten)
        ]
        rows.append(
            [
                TableCell(short_setting(row["task"], row["ratio"]), mark="key"),
                TableCell(METRICS[row["metric"]], mark="key"),
                TableCell(row["method"], row["method"], mark="key"),
                TableCell(listing(pair.b for pair in beaten) or labels.MISSING),
                number(max((pair.p_holm for pair in beaten), default=math.nan), labels.p_number),
                TableCell(listing(rest) or labels.MISSING),
            ]
        )
        sources.append(
            joined(
                trace(cell, "confirm", numbers)
                for cell, numbers in dict(
                    each
                    for pair in own
                    for each in ((pair.cell_a, pair.rows_a), (pair.cell_b, pair.rows_b))
                ).items()
            )
        )
    columns = [
        TableColumn("Setting"),
        TableColumn("Metric"),
        TableColumn("Best"),
        TableColumn("Better than"),
        TableColumn("p (Holm)", True, "the largest of these"),
        TableColumn("No evidence against"),
    ]
    caption = (
        "The best method of each setting and metric against the others, seed by seed on the same "
        f"test images. The files have the differences and intervals of all pairs: {len(pairs)}."
    )
    return Table("metrics-pairs", caption, columns, rows, metrics.table(pairs), sources=sources)


def _names(pairs: Sequence[MetricPair]) -> list[tuple[str, str]]:
    return [(pair.a, pair.b) for pair in pairs]
