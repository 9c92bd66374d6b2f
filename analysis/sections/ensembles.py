"""What averaging gives: seeds of a method together, and methods of a seed."""

import math
from collections.abc import Iterable, Sequence

from analysis import labels
from analysis.columns import MOST_FIGURES
from analysis.ensembles.ensembles import Ensembles, differences_table, table
from analysis.ensembles.lines import CALIBRATED, GREEDY, PICKED, RANKS, Difference, Line
from analysis.findings import Findings
from analysis.labels import setting, short_setting
from analysis.read.traces import Trace
from analysis.sections.draws import of_groups
from analysis.write.blocks import Block, Figure, Note, Prose, Section, Table, TableCell, TableColumn
from analysis.write.cells import number
from analysis.write.forest import Dot, forest
from analysis.write.palette import Palette
from study.plan.power import ALPHA
from study.words import plural

__all__ = ["section"]

NAMES = {
    PICKED: "picked by validation",
    RANKS: "all methods: ranks",
    CALIBRATED: "all methods: log odds",
    GREEDY: "greedy selection",
}
ONE, TOGETHER = "one seed", "seeds together"


def section(findings: Findings) -> Section | None:
    """None where no method has two seeds with predictions, and no setting two such methods."""
    found = findings.ensembles
    if not found.several:
        return None
    of_methods = any(not line.method for line in found.lines)
    blocks: list[Block] = [
        Prose(
            "Stored predictions, averaged; nothing was trained for it. One seed: the AUROC of a "
            "single model, the mean over the confirm seeds, as in the main table. Seeds together: "
            "the AUROC of one score an image, the mean of the ranks that the models of all seeds "
            "give it among the test images (ranks, since scores of different losses and runs share "
            "no scale). Look at the gain: it costs as many trainings, and as many models to run on "
            "each image, as there are seeds."
        ),
        *([Prose(_words(found.lines))] if of_methods else []),
        Prose(
            "Intervals are 95 %. That of one seed is over other seeds and other test images (where "
            "there is one seed alone, over images). Those of seeds together and of the gain are "
            "over other test images with these very models: what other seeds would give is not in "
            f"them. Of {plural(len(found.lines), 'line')} about one in twenty misses its truth."
        ),
        *_remarks(found),
        *of_groups(findings),
        *_figures(findings),
        _table(found.lines),
    ]
    if found.differences:
        blocks += [Prose(_against(found)), _differences(found.differences)]
    ahead = {(each.task, each.ratio) for each in found.differences if _reading(each) == "better"}
    tested = {(each.task, each.ratio) for each in found.differences}
    finding = f"methods together ahead of one in {len(ahead)} of {plural(len(tested), 'setting')}"
    if not ahead:
        finding = "no ensemble of methods ahead of one method" if tested else ""
    return Section("ensembles", "Ensembles", blocks, finding, found=bool(ahead))


def _words(lines: Iterable[Line]) -> str:
    kinds = {line.kind for line in lines}
    said = [
        "Methods of one seed share its cut of the data, so that they can be put together seed by "
        "seed: all of them alike, by their mean rank"
    ]
    if CALIBRATED in kinds:
        said.append(
            " or by their mean log odds (Platt's scaling of each, fitted on its validation images, "
            "by which a weak method counts little)"
        )
    if GREEDY in kinds:
        said.append(
            "; or the greedy selection (Caruana et al. 2004), which adds method after method, with "
            "repetition, as the AUROC of their mean rank on the validation images rises. What they "
            "have to beat is the method picked at that seed for its validation AUROC. Picking and "
            "selecting see no test image, so that these test AUROCs are not flattered; that of the "
            "method with the highest test mean is, being the highest of several"
        )
    said.append(
        ". Of such an ensemble, seeds together is the mean rank of what it says at each seed. It "
        "is of the seeds at which every method has a result."
    )
    return "".join(said)


def _remarks(found: Ensembles) -> list[Block]:
    said = [
        f"{setting(*place)}: {'; '.join(whys)}." for place, whys in found.missing.items() if whys
    ]
    return [Note(said)] if said else []


def _name(line: Line) -> str:
    return line.method or NAMES[line.kind]


def _figures(findings: Findings) -> list[Block]:
    lines = findings.ensembles.lines
    palette = Palette((ONE, TOGETHER), findings.results.ratios)
    places = list(dict.fromkeys((line.task, line.ratio) for line in lines))
    blocks: list[Block] = []
    for i, place in enumerate(places[:MOST_FIGURES]):
        drawn = [(_name(line), _dots(line)) for line in lines if (line.task, line.ratio) == place]
        caption = (
            f"{setting(*place)}: test AUROC of one seed (mean) and of all seeds together, with "
            "95 % intervals; that of one seed covers other seeds, too."
        )
        figure = forest(drawn, (ONE, TOGETHER), palette)
        blocks.append(Figure(f"ensembles-{i}", figure, caption))
    if len(places) > MOST_FIGURES:
        words = f"The first {MOST_FIGURES} of {len(places)} settings are drawn; the table has all."
        blocks.append(Prose(words))
    return blocks


def _dots(line: Line) -> dict[str, Dot]:
    parts = {
        ONE: (line.one, line.one_low, line.one_high),
        TOGETHER: (line.together, line.together_low, line.together_high),
    }
    return {
        name: Dot(
            mean,
            low,
            high,
            f"{_name(line)}, {name}: {labels.auroc(mean)}, {labels.interval(low, high)}",
            Trace(line.trials),
        )
        for name, (mean, low, high) in parts.items()
        if not math.isnan(mean)
    }


def _table(lines: Sequence[Line]) -> Table:
    weighed = any(not math.isnan(line.weight) for line in lines)
    rows = []
    for line in lines:
        source = Trace(line.trials)
        of = plural(line.n, "seed")
        rows.append(
            [
                TableCell(short_setting(line.task, line.ratio), mark="key"),
                TableCell(_name(line), _name(line), mark="row"),
                TableCell(str(line.n), line.n),
                _measured(line.one, line.one_low, line.one_high, source),
                _measured(line.together, line.together_low, line.together_high, source),
                _measured(line.gain, line.gain_low, line.gain_high, source, sign=True),
                *([_weight(line, of, source)] if weighed else []),
            ]
        )
    columns = [
        TableColumn("Setting"),
        TableColumn("Model"),
        TableColumn("n", True, "confirm seeds"),
        TableColumn("One seed", True, "mean over seeds; interval over seeds and images"),
        TableColumn("Seeds together", True, "interval over images, these models given"),
        TableColumn("Gain", True, "seeds together less one seed; interval over images"),
    ]
    if weighed:
        title = "mean share of the method in the greedy selection, and seeds whose selection has it"
        columns.append(TableColumn("Greedy weight", True, title))
    caption = (
        "Test AUROC of one seed, of all seeds together, and of the methods of a seed together."
    )
    return Table("ensembles", caption, columns, rows, table(lines))


def _measured(
    value: float, low: float, high: float, source: Trace, *, sign: bool = False
) -> TableCell:
    write, short = (labels.signed, labels.signed) if sign else (labels.auroc, "{:.3f}".format)
    note = "" if math.isnan(low) else labels.interval(low, high, short)
    cell = number(value, write, title=source)
    return cell if math.isnan(value) else TableCell(cell.text, value, source, note=note)


def _weight(line: Line, of: str, source: Trace) -> TableCell:
    if math.isnan(line.weight):
        return TableCell(labels.MISSING)
    return TableCell(f"{line.weight:.2f}", line.weight, source, note=f"in {line.taken:.0f} of {of}")


def _against(found: Ensembles) -> str:
    count = len(found.differences)
    return (
        "Is an ensemble of methods better than the method that validation picks? The differences "
        "are taken seed by seed on the same test images, and tested over other seeds and other "
        f"images, as pairs of methods are; p is Holm-adjusted for {plural(count, 'difference')}, "
        "all that this chapter tests."
    )


def _differences(differences: Sequence[Difference]) -> Table:
    rows = [
        [
            TableCell(short_setting(each.task, each.ratio), mark="key"),
            TableCell(NAMES[each.kind], NAMES[each.kind], mark="row"),
            TableCell(str(each.n), each.n),
            _measured(each.difference, each.low, each.high, Trace(each.trials), sign=True),
            number(each.p_holm, labels.p_number),
            TableCell(_reading(each)),
        ]
        for each in differences
    ]
    columns = [
        TableColumn("Setting"),
        TableColumn("Ensemble"),
        TableColumn("n", True, "confirm seeds"),
        TableColumn("Less the picked method", True, "95 % interval over seeds and images"),
        TableColumn("p (Holm)", True),
        TableColumn("Reading"),
    ]
    caption = "Ensembles of the methods of a seed against the method picked there by validation."
    data = differences_table(differences)
    sources = [Trace(each.trials) for each in differences]
    return Table("ensembles-differences", caption, columns, rows, data, sources=sources)


def _reading(each: Difference) -> str:
    if each.why:
        return f"not tested: {each.why}"
    if each.p_holm > ALPHA:
        return "no evidence"
    return "better" if each.difference > 0 else "worse"
