"""All settings together: ranks, Friedman, pairs of methods, and the Bayesian signed-rank test."""

import pandas as pd

from analysis import labels
from analysis.columns import Row
from analysis.compare import bayes, critical_difference, significance
from analysis.compare.significance import Units
from analysis.findings import Findings
from analysis.results import Results
from analysis.sections.across import left_out, nesting
from analysis.sections.comparison_figures import critical_difference as diagram
from analysis.sections.sources import confirmed
from analysis.write.blocks import Block, Figure, Note, Prose, Section, Table, TableCell, TableColumn
from analysis.write.cells import number
from analysis.write.palette import Palette
from study.plan.power import ALPHA
from study.words import plural

__all__ = ["section"]


def section(findings: Findings) -> Section | None:
    """None below two methods or two settings in the study."""
    results = findings.results
    if len(results.methods) < 2 or len(results.settings) < 2:
        return None
    units = findings.units
    remarks = left_out(units)
    settings, methods = units.values.shape
    if settings < 2 or methods < 2:
        remarks.append(
            "Tests over settings take two settings or more in which two methods or more all have "
            f"results; there are {settings}, with {plural(methods, 'method')}."
        )
        return Section("critical-difference", "All settings", [Note(remarks)], "too few to test")
    pairs = findings.wilcoxon
    friedman = significance.friedman(units)
    posterior = bayes.signed_rank(units, results.equivalence)
    remarks += [
        said
        for said in (
            nesting(units),
            _because("Friedman's test is left out", friedman),
            _because("The Wilcoxon tests can claim nothing beyond these data sets", pairs),
            _because("The Bayesian test is not read", posterior),
        )
        if said
    ]
    blocks: list[Block] = [
        Prose(
            f"Which method is best over all {settings} complete settings? Each setting counts "
            "once, by its mean over seeds. Look at the ranks first, then at whether the tests part "
            "them: methods that share a bar are not told apart."
        )
    ]
    if remarks:
        blocks.append(Note(remarks))
    ranks, bars = significance.ranks(units), critical_difference.groups(units, pairs)
    figure = diagram(ranks, bars, Palette(results.methods, results.ratios))
    blocks += [
        Figure("critical-difference", figure, _caption(units)),
        _rank_table(results, units, ranks),
        _friedman_table(results, units, friedman),
        Prose(
            "Pairs of methods: Wilcoxon's signed-rank test with Holm's correction, and beside it "
            "the Bayesian signed-rank test. The latter asks what is likeliest in a new setting: "
            f"A ahead by more than {results.equivalence:g} AUROC, both within that, or B ahead by "
            f"more; the three numbers are the probabilities, and from {bayes.PROBABILITY:g} on one "
            "of them is named. It can say that two methods are equal, which a p value cannot."
        ),
        _pair_table(results, units, pairs.merge(posterior, on=["a", "b"], suffixes=("", "_bayes"))),
    ]
    told = int((pairs["better"] | pairs["better_here"]).sum())
    finding = f"{plural(told, 'pair')} told apart" if told else "no pair told apart"
    return Section("critical-difference", "All settings", blocks, finding, found=told > 0)


def _because(what: str, table: pd.DataFrame) -> str:
    why = table["why"].iloc[0]
    return f"{what}: {why}." if why else ""


def _caption(units: Units) -> str:
    settings, methods = units.values.shape
    difference = critical_difference.nemenyi_difference(methods, settings)
    return (
        f"Critical-difference diagram: average rank over {settings} settings; a bar joins methods "
        f"no two of which the Wilcoxon tests tell apart (Holm-adjusted p above {ALPHA:g}, settings "
        "taken as independent). Nemenyi's test, which older papers use, would ask for a "
        f"difference of {difference:.2f} ranks."
    )


def _rank_table(results: Results, units: Units, ranks: pd.DataFrame) -> Table:
    rows = [
        [
            TableCell(r["method"], r["method"], mark="row"),
            TableCell(f"{r['rank']:.2f}", r["rank"]),
            TableCell(str(r["first"]), r["first"]),
        ]
        for r in ranks.to_dict("records")
    ]
    columns = [
        TableColumn("Method"),
        TableColumn("Average rank", True),
        TableColumn("First in", True, "settings"),
    ]
    caption = f"Average ranks over {len(units.values)} settings."
    sources = [confirmed(results, [m], list(units.values.index)) for m in ranks["method"]]
    return Table("ranks", caption, columns, rows, ranks, sources=sources)


def _friedman_table(results: Results, units: Units, friedman: pd.DataFrame) -> Table:
    (r,) = friedman.to_dict("records")
    statistic = "{:.2f}".format
    rows = [
        [
            *(TableCell(str(r[name]), r[name]) for name in ("methods", "settings", "datasets")),
            number(r["chi2"], statistic),
            number(r["p_chi2"], labels.p_number),
            number(r["f"], statistic),
            *(number(r[name], labels.p_number) for name in ("p_f", "p")),
        ]
    ]
    columns = [
        *(TableColumn(name, True) for name in ("Methods", "Settings", "Data sets")),
        TableColumn("χ²", True, "Friedman"),
        TableColumn("p (χ²)", True),
        TableColumn("F", True, "Iman and Davenport"),
        TableColumn("p (F)", True),
        TableColumn(
            "p (permutation)", True, "whole data sets permuted; good at any number of settings"
        ),
    ]
    caption = "Friedman's test: do the methods differ at all?"
    source = confirmed(results, list(units.values.columns), list(units.values.index))
    return Table("friedman", caption, columns, rows, friedman, sources=[source])


def _pair_table(results: Results, units: Units, pairs: pd.DataFrame) -> Table:
    rows = [
        [
            TableCell(r["a"], mark="key"),
            TableCell(r["b"], mark="key"),
            TableCell(f"{r['won']} / {r['tied']} / {r['lost']}", r["won"] - r["lost"]),
            TableCell(labels.signed(r["median"]), r["median"]),
            *(
                number(r[name], labels.p_number)
                for name in ("p", "p_holm", "p_datasets", "p_datasets_holm")
            ),
            TableCell(_wilcoxon(r)),
            *(number(r[f"p_{name}"], "{:.2f}".format) for name in ("better", "equal", "worse")),
            TableCell(_likeliest(r)),
        ]
        for r in pairs.to_dict("records")
    ]
    columns = [
        TableColumn("A"),
        TableColumn("B"),
        TableColumn("Won / tied / lost", True, "settings, by A"),
        TableColumn("Median", True, "of A \N{MINUS SIGN} B"),
        TableColumn("p", True, "Wilcoxon, settings taken as independent"),
        TableColumn("p, Holm", True),
        TableColumn("p, by data set", True, "whole data sets change sides"),
        TableColumn("p, by data set, Holm", True, "the one that claims rest on"),
        TableColumn("Wilcoxon", title="here: on these data sets, not known of others"),
        TableColumn("P(A better)", True),
        TableColumn("P(equal)", True),
        TableColumn("P(B better)", True),
        TableColumn("Bayes"),
    ]
    caption = "Pairs of methods over settings; A has the better average rank."
    groups = [("", 4), ("signed rank", 5), ("Bayesian signed rank", 4)]
    sources = [
        confirmed(results, pair, list(units.values.index))
        for pair in zip(pairs["a"], pairs["b"], strict=True)
    ]
    return Table("settings-pairs", caption, columns, rows, pairs, groups, sources)


def _wilcoxon(r: Row) -> str:
    if r["better"]:
        return "A better"
    return "A better here" if r["better_here"] else "no evidence"


def _likeliest(r: Row) -> str:
    names = {"a better": "A better", "equal": "equal", "a worse": "B better"}
    if r["reading"]:
        return names[r["reading"]]
    return "not read" if r["why_bayes"] else "open"
