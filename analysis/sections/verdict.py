"""The verdict in words: what the tests support, what they do not, and what casts doubt on it."""

from collections.abc import Sequence

from markupsafe import Markup

from analysis import labels
from analysis.compare import failures
from analysis.compare.claims import Best, Verdict
from analysis.findings import Findings
from analysis.labels import listing, setting
from analysis.results import Results
from analysis.sections.across import DOUBTS, across
from analysis.write.blocks import Block, Note, Prose, Section
from study.words import plural

__all__ = ["cautions", "section", "summary"]

READING = (
    "Every number above is the mean ± standard deviation of the test AUROC over the confirm "
    "seeds: fresh seeds on which each method was trained with {configurations}. "
    "“Better” rests on a test that pairs the methods {pairing}, corrected (Holm) for all pairs "
    "of its setting: where no two methods differ, one setting in twenty would still show a pair. "
    "“Equal within” a margin is said where such tests place the difference inside it. "
    "With stored predictions the test also allows for the draw of the test images; without, it "
    "speaks of this test set. {searches}"
)
_ONCE = {
    "configurations": "one configuration",
    "pairing": "seed by seed",
    "searches": (
        "It speaks of the configurations at hand, not of the methods: each was chosen once, by "
        "one search or by the spec, and another search might choose otherwise. For a claim about "
        "the methods set search.repeats to 3 or more."
    ),
}
_OFTEN = {
    "configurations": "what each of its searches selected",
    "pairing": "search by search, a search the mean of its seeds",
    "searches": (
        "Each method was searched several times, on splits of its own each time, and the searches "
        "are the sample: what is said holds for the methods as they are tuned here."
    ),
}
_BASES = {
    "seeds and images": "on other seeds and other test images",
    "seeds": "on other seeds with this test set",
    "searches and images": "over other searches and seeds, and on other test images",
    "searches": "over other searches and seeds, with this test set",
}


def section(findings: Findings) -> Section:
    """One sentence a setting, under a summary and whatever the reader must know first."""
    verdicts = findings.verdicts
    blocks: list[Block] = [Prose(Markup(" ").join(summary(findings)))]
    doubtful = cautions(findings)
    if doubtful:
        blocks.append(Note(doubtful))
    blocks += [Prose(said) for said in across(findings)]
    blocks += [Prose(_sentence(verdict)) for verdict in verdicts]
    if any(verdict.best for verdict in verdicts):
        blocks.append(Prose(READING.format(**(_OFTEN if _repeated(findings.results) else _ONCE))))
    return Section("verdict", "Verdict", blocks, *_finding(verdicts))


def _repeated(results: Results) -> bool:
    """Methods were searched several times."""
    return bool((results.cells["searches"] > 1).any())


def _finding(verdicts: Sequence[Verdict]) -> tuple[str, bool]:
    compared = [verdict for verdict in verdicts if verdict.rivals]
    if not compared:
        return "nothing to compare yet", False
    apart = sum(verdict.claim is not None for verdict in compared)
    if not apart:
        return "no evidence of a difference", False
    return f"best told apart in {apart} of {plural(len(compared), 'setting')}", True


def summary(findings: Findings) -> list[Markup]:
    """Two sentences: who leads, and whether the tests support it."""
    results, verdicts = findings.results, findings.verdicts
    compared = [verdict for verdict in verdicts if verdict.rivals]
    methods, settings = (len(results.methods), "method"), (len(verdicts), "setting")
    planned = Markup("{} on {}.").format(plural(*methods), plural(*settings))
    if not any(verdict.best for verdict in verdicts):
        said = "No confirm trial has finished, so there is no result to report yet."
        return [planned, Markup(said)]
    if not compared:
        said = "No setting has results of two methods, so nothing can be compared yet."
        return [planned, Markup(said)]
    with_result = set[str]().union(*(_with_result(verdict) for verdict in compared))
    start = Markup("{} compared on {}").format(
        _part(len(with_result), *methods), _part(len(compared), *settings)
    )
    first = [verdict.best.method for verdict in compared if verdict.best]
    leads = [(method, first.count(method)) for method in results.methods]
    counted = [
        Markup("<strong>{}</strong> in {}").format(method, plural(count, "setting"))
        for method, count in leads
        if count
    ]
    said = start + "; highest mean test AUROC: " + Markup(listing(counted)) + "."
    whose = "the best method" if _repeated(results) else "the configuration of the best method"
    return [said, Markup(_supported(compared, whose) + _alike(compared))]


def _with_result(verdict: Verdict) -> Sequence[str]:
    return [verdict.best.method, *verdict.rivals] if verdict.best else []


def _part(count: int, whole: int, noun: str) -> str:
    """ "3 methods", or "2 of 3 methods"."""
    return plural(whole, noun) if count == whole else f"{count} of {plural(whole, noun)}"


def _alike(compared: Sequence[Verdict]) -> str:
    """In how many settings some method is equal to the best, within the margin."""
    equal = [verdict for verdict in compared if verdict.equal]
    if not equal:
        return ""
    return f" In {plural(len(equal), 'setting')} others are equal to it within {equal[0].margin:g}."


def _supported(compared: Sequence[Verdict], whose: str) -> str:
    """In how many settings the tests support that the best is better than the others."""
    over_all = sum(verdict.reading == "all" for verdict in compared)
    over_some = sum(verdict.reading == "some" for verdict in compared)
    if not over_all + over_some:
        return (
            f"In no setting do the tests tell {whose} from another: these trials give no "
            "evidence of a difference between the methods with the highest means and the rest."
        )
    parts = [
        f"from all others in {over_all}" if over_all else "",
        f"from some of them in {over_some}" if over_some else "",
    ]
    words = listing(part for part in parts if part)
    rest = len(compared) - over_all - over_some
    said = f"The tests tell {whose} {words} of {plural(len(compared), 'setting')}"
    said += f"; in {rest} they give no evidence of a difference." if rest else "."
    doubted = sum(bool(verdict.doubts) for verdict in compared)
    if doubted:
        said += f" {plural(doubted, 'of these carries', 'of these carry')} a doubt, named below."
    return said


def _sentence(verdict: Verdict) -> Markup:
    where = Markup("<strong>{}.</strong> ").format(setting(verdict.task, verdict.ratio))
    best = verdict.best
    if best is None:
        return where + "No method has a result yet."
    result = Markup("{} has the highest mean test AUROC, {} ({}). ").format(
        best.method,
        labels.mean_std(best.mean, best.std),
        plural(best.n, "seed"),
    )
    absent = f"No result: {listing(verdict.absent)}." if verdict.absent else ""
    doubts = (DOUBTS[doubt] for doubt in verdict.doubts)
    parts = [_supports(verdict), _equals(verdict), _lacks(verdict, best), *doubts, absent]
    return where + result + " ".join(part for part in parts if part)


def _supports(verdict: Verdict) -> str:
    """What it is better than. Where something casts doubt it is ahead, which claims less."""
    claim = verdict.claim
    if claim is None:
        return ""
    verb = "is ahead of" if claim.doubts else "is better than"
    whom = listing(claim.better_than)
    if verdict.reading == "all" and len(claim.better_than) > 1:
        whom = f"all {len(claim.better_than)} others"
    # What one search chose is a configuration; several speak for the method.
    who = "It" if claim.basis.startswith("searches") else "Its configuration"
    its = "that of" if len(claim.better_than) == 1 else "those of"
    whom = whom if who == "It" else f"{its} {whom}"
    return f"{who} {verb} {whom} {_BASES[claim.basis]} (Holm-adjusted {labels.p_value(claim.p)})."


def _equals(verdict: Verdict) -> str:
    if not verdict.equal:
        return ""
    return (
        f"It and {listing(verdict.equal)} are equal within {verdict.margin:g} (two one-sided "
        f"tests, Holm-adjusted {labels.p_value(verdict.p_equal)})."
    )


def _lacks(verdict: Verdict, best: Best) -> str:
    if not verdict.rivals:
        return "It is the only method with a result, so there is nothing to compare it with."
    if verdict.reading == "untested":
        return (
            "Too few paired seeds or searches, or without spread, to test any other method "
            "against it: no evidence of a difference."
        )
    open_ = [method for method in verdict.near if method not in verdict.equal]
    said = f"No evidence of a difference from {listing(open_)}." if open_ else ""
    if verdict.near_images:
        images = plural(int(best.positives), "test positive")
        said += (
            f" Its seeds lie above those of {listing(verdict.near_images)}, but {images} among "
            f"{int(best.positives + best.negatives)} images do not carry that to other images."
        )
    return said


def cautions(findings: Findings) -> list[str]:
    """What a reader must know before any claim."""
    results, cells = findings.results, findings.budget
    missing = failures.missing_rows(results)
    phases = ("search", "confirm", "profile")
    failed = len(failures.failed_rows(results))
    empty = failures.without_result(results)
    empty = empty[empty["over"]]
    unequal = cells.loc[cells["unequal"] != "", "method"].unique()
    counts = [(int(missing[phase].sum()), f"{phase} trial") for phase in phases]
    awaited = listing(plural(count, noun) for count, noun in counts if count)
    fixed = results.cells.loc[results.cells["planned_trials"] == 0, "method"].unique()
    whose = "any method" if len(fixed) == len(results.methods) else listing(fixed)
    partial = (
        f"Partial report: the study is not finished. Still missing: {awaited}. "
        "The numbers below will change."
    )
    few = [
        f"{setting(verdict.task, verdict.ratio)} ({int(verdict.best.positives)})"
        for verdict in findings.verdicts
        if verdict.best and verdict.near_images
    ]
    # NaN compares as False: one seed has no deviation.
    noisy = [
        setting(verdict.task, verdict.ratio)
        for verdict in findings.verdicts
        if verdict.best and verdict.claim and verdict.best.val_std > verdict.claim.lead
    ]
    rules = (
        (bool(awaited), partial),
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
