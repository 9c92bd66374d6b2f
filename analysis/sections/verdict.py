"""The verdict in words: what the tests support, what they do not, and what casts doubt on it."""

from typing import Any

from markupsafe import Markup

from analysis import labels
from analysis.compare import budget, claims, failures
from analysis.labels import listing, plural, setting
from analysis.results import Results
from analysis.sections.across import DOUBTS, across
from analysis.write.blocks import Block, Note, Prose, Section

__all__ = ["section"]

READING = (
    "Every number above is the mean ± standard deviation of the test AUROC over the confirm "
    "seeds: fresh seeds on which each method was trained with one configuration. "
    "“Better” rests on a test that pairs the methods seed by seed, corrected (Holm) for all pairs "
    "of its setting: where no two methods differ, one setting in twenty would still show a pair. "
    "With stored predictions the test also allows for the draw of the test images; without, it "
    "speaks of this test set. Neither covers another configuration: each was chosen once, by the "
    "search or by the spec."
)
_BASES = {
    "seeds and images": "on other seeds and other test images",
    "seeds": "on other seeds with this test set",
}


def section(results: Results) -> Section:
    """One sentence a setting, under a summary and whatever the reader must know first."""
    table = claims.verdicts(results)
    rows = table.to_dict("records")
    blocks: list[Block] = [Prose(_summary(results, rows))]
    cautions = _cautions(results, rows)
    if cautions:
        blocks.append(Note(cautions))
    blocks += [Prose(said) for said in across(results)]
    blocks += [Prose(_sentence(row)) for row in rows]
    if table["n"].any():
        blocks.append(Prose(READING))
    return Section("verdict", "Verdict", blocks)


def _summary(results: Results, rows: list[Any]) -> Markup:
    known = [row for row in rows if row["best"] is not None]
    compared = [row for row in known if row["rivals"]]
    start = Markup("{} compared on {}. ").format(
        plural(len(results.methods), "method"), plural(len(rows), "setting")
    )
    if not known:
        return start + "No confirm trial has finished, so there is no result to report yet."
    if not compared:
        return start + "No setting has results of two methods, so nothing can be compared yet."
    leads = [(m, sum(row["best"] == m for row in compared)) for m in results.methods]
    counted = [
        Markup("<strong>{}</strong> in {}").format(method, plural(count, "setting"))
        for method, count in leads
        if count
    ]
    said = start + "Highest mean test AUROC: " + Markup(listing(counted)) + ". "
    return said + _supported(compared)


def _supported(compared: list[Any]) -> str:
    """In how many settings the tests support that the best is better than the others."""
    over_all = sum(row["reading"] == "all" for row in compared)
    over_some = sum(row["reading"] == "some" for row in compared)
    if not over_all + over_some:
        return (
            "In no setting do the tests tell the best method from another: these trials give no "
            "evidence of a difference between the methods with the highest means and the rest."
        )
    parts = [
        f"from all others in {over_all}" if over_all else "",
        f"from some of them in {over_some}" if over_some else "",
    ]
    words = listing(part for part in parts if part)
    rest = len(compared) - over_all - over_some
    said = f"The tests tell the best {words} of {plural(len(compared), 'setting')}"
    said += f"; in {rest} they give no evidence of a difference." if rest else "."
    doubted = sum(bool(row["doubts"]) for row in compared)
    if doubted:
        said += f" {plural(doubted, 'of these carries', 'of these carry')} a doubt, named below."
    return said


def _sentence(row: Any) -> Markup:
    where = Markup("<strong>{}.</strong> ").format(setting(row["task"], row["ratio"]))
    if row["best"] is None:
        return where + "No method has a result yet."
    result = Markup("{} has the highest mean test AUROC, {} ({}). ").format(
        row["best"],
        labels.mean_std(row["mean"], row["std"]),
        plural(row["n"], "seed"),
    )
    absent = f"No result: {listing(row['absent'])}." if row["absent"] else ""
    parts = [_supports(row), _lacks(row), *(DOUBTS[d] for d in row["doubts"]), absent]
    return where + result + " ".join(part for part in parts if part)


def _supports(row: Any) -> str:
    """What it is better than. Where something casts doubt it is ahead, which claims less."""
    if not row["better_than"]:
        return ""
    verb = "is ahead of" if row["doubts"] else "is better than"
    whom = listing(row["better_than"])
    if row["reading"] == "all" and len(row["better_than"]) > 1:
        whom = f"all {len(row['better_than'])} others"
    return f"It {verb} {whom} {_BASES[row['basis']]} (Holm-adjusted {labels.p_value(row['p'])})."


def _lacks(row: Any) -> str:
    if not row["rivals"]:
        return "It is the only method with a result, so there is nothing to compare it with."
    if row["reading"] == "untested":
        return (
            "Too few paired seeds, or without spread, to test any other method against it: no "
            "evidence of a difference."
        )
    if not row["near"]:
        return ""
    said = f"No evidence of a difference from {listing(row['near'])}."
    if row["near_images"]:
        images = plural(int(row["positives"]), "test positive")
        said += (
            f" Its seeds lie above those of {listing(row['near_images'])}, but {images} among "
            f"{int(row['positives'] + row['negatives'])} images do not carry that to other images."
        )
    return said


def _cautions(results: Results, rows: list[Any]) -> list[str]:
    missing = failures.missing_rows(results)
    search, confirm = int(missing["search"].sum()), int(missing["confirm"].sum())
    failed = len(failures.failed_rows(results))
    empty = failures.without_result(results)
    empty = empty[empty["over"]]
    cells = budget.by_cell(results)
    unequal = cells.loc[cells["unequal"] != "", "method"].unique()
    counts = ((search, "search trial"), (confirm, "confirm trial"))
    awaited = listing(plural(count, noun) for count, noun in counts if count)
    fixed = results.cells.loc[results.cells["planned_trials"] == 0, "method"].unique()
    whose = "any method" if len(fixed) == len(results.methods) else listing(fixed)
    partial = (
        f"Partial report: the study is not finished. Still missing: {awaited}. "
        "The numbers below will change."
    )
    few = [
        f"{setting(row['task'], row['ratio'])} ({int(row['positives'])})"
        for row in rows
        if row["near_images"]
    ]
    # NaN compares as False: one seed has no deviation, no claim no size.
    noisy = [setting(r["task"], r["ratio"]) for r in rows if r["val_std"] > r["claimed"]]
    rules = (
        (search + confirm > 0, partial),
        (len(empty) > 0, f"No result and none to come: {listing(empty['cell'])}. See Failures."),
        (failed > 0, f"{plural(failed, 'trial')} failed; Failures lists each with its reason."),
        (
            len(fixed) > 0,
            f"Nothing was searched for {whose}: what is compared is one fixed configuration, and "
            "with another one a method may do better or worse.",
        ),
        (
            len(unequal) > 0,
            f"Budgets were unequal ({listing(unequal)}); see Budget before comparing.",
        ),
        (bool(few), f"Too few test positives for the differences seen: {listing(few)}."),
        (
            bool(noisy),
            "Validation varies from seed to seed by more than the lead that is claimed in "
            f"{listing(noisy)}: which configuration was selected there was partly luck.",
        ),
    )
    return [said for holds, said in rules if holds]
