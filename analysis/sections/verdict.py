"""The verdict in words: what means and deviations show, and what they do not."""

from typing import Any

from markupsafe import Markup

from analysis import budget, comparison, failures, labels
from analysis.blocks import Block, Note, Prose, Section
from analysis.results import Results
from analysis.sections.words import listing, plural, setting

__all__ = ["section"]

READING = (
    "Every number above is the mean ± standard deviation of the test AUROC over the confirm "
    "seeds: fresh seeds on which each method's selected configuration was trained again. "
    "Intervals that lie apart describe these runs; they are not a significance test, and few "
    "seeds cannot show a small difference."
)
_READINGS = {
    "none": "No method has a result yet.",
    "alone": "It is the only method with a result, so there is nothing to compare it with.",
    "one seed": "It rests on one seed: no evidence of a difference.",
    "overlap": "Its mean ± std interval meets {near}: no evidence of a difference from {them}.",
    "apart": "Its mean ± std interval lies above {all} in these runs.",
}


def section(results: Results) -> Section:
    """One sentence a setting, under a summary and whatever the reader must know first."""
    table = comparison.verdicts(comparison.scores(results), results.settings)
    blocks: list[Block] = [Prose(_summary(results, table.to_dict("records")))]
    cautions = _cautions(results)
    if cautions:
        blocks.append(Note(cautions))
    blocks += [Prose(_sentence(row)) for row in table.to_dict("records")]
    if table["n"].any():
        blocks.append(Prose(READING))
    return Section("verdict", "Verdict", blocks)


def _summary(results: Results, rows: list[Any]) -> Markup:
    known = [row for row in rows if row["best"] is not None]
    compared = [row for row in known if row["rivals"]]
    apart = [row for row in compared if row["reading"] == "apart"]
    start = Markup("{} compared on {}. ").format(
        plural(len(results.methods), "method"), plural(len(rows), "setting")
    )
    if not known:
        return start + "No confirm run has finished, so there is no result to report yet."
    if not compared:
        return start + "No setting has results of two methods, so nothing can be compared yet."
    leads = [(m, sum(row["best"] == m for row in compared)) for m in results.methods]
    counted = [
        Markup("<strong>{}</strong> in {}").format(method, plural(count, "setting"))
        for method, count in leads
        if count
    ]
    said = start + "Highest mean test AUROC: " + Markup(listing(counted)) + ". "
    if not apart:
        return said + (
            "In no setting does the best method's interval lie apart from all others: these "
            "runs give no evidence of a difference between the best methods."
        )
    if len(apart) == len(compared):
        return said + "In each, the best method's mean ± std interval lies apart from all others."
    return said + (
        f"In {len(apart)} of {len(compared)} settings the best method's mean ± std interval "
        "lies apart from all others."
    )


def _sentence(row: Any) -> Markup:
    where = Markup("<strong>{}.</strong> ").format(setting(row["task"], row["ratio"]))
    reading = _READINGS[row["reading"]].format(
        near="that of " + listing(row["near"])
        if len(row["near"]) == 1
        else "those of " + listing(row["near"]),
        them="it" if len(row["near"]) == 1 else "them",
        all=f"that of {listing(row['rivals'])}" if len(row["rivals"]) == 1 else "all others",
    )
    if row["best"] is None:
        return where + reading
    result = Markup("{} has the highest mean test AUROC, {} ({}). ").format(
        row["best"],
        labels.mean_std(row["mean"], row["std"]),
        plural(row["n"], "seed"),
    )
    absent = f" No result: {listing(row['absent'])}." if row["absent"] else ""
    return where + result + reading + absent


def _cautions(results: Results) -> list[str]:
    missing = failures.missing_rows(results)
    search, confirm = int(missing["search"].sum()), int(missing["confirm"].sum())
    failed = len(failures.failed_rows(results))
    empty = failures.without_result(results)
    empty = empty[empty["over"]]
    cells = budget.by_cell(results)
    unequal = cells.loc[cells["unequal"] != "", "method"].unique()
    counts = ((search, "search row"), (confirm, "confirm row"))
    awaited = listing(plural(count, noun) for count, noun in counts if count)
    partial = (
        f"Partial report: the study is not finished. Still missing: {awaited}. "
        "The numbers below will change."
    )
    rules = (
        (search + confirm > 0, partial),
        (len(empty) > 0, f"No result and none to come: {listing(empty['cell'])}. See Failures."),
        (failed > 0, f"{plural(failed, 'row')} failed; Failures lists each with its reason."),
        (
            len(unequal) > 0,
            f"Search budgets were unequal ({listing(unequal)}); see Budget before comparing.",
        ),
    )
    return [said for holds, said in rules if holds]
