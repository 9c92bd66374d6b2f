"""What the settings say together, in words, for the verdict."""

from markupsafe import Markup

from analysis import labels
from analysis.compare.claims import Overall
from analysis.compare.significance import Units
from analysis.findings import Findings
from analysis.labels import listing
from study.words import plural

__all__ = ["DOUBTS", "across", "left_out", "nesting"]

DOUBTS = {
    "budget": "It had a larger budget, in its search (a warm start counts) or in each confirm "
    "trial, than a method behind it, so the lead may be the budget's.",
    "failed": "Confirm trials failed and are not in the means, which speak of those that survived.",
    "partial": "Trials are still to come.",
}
"""What casts doubt on a claim, by its name in ``analysis.compare.doubts``."""


def across(findings: Findings) -> list[Markup]:
    """One paragraph; none below two methods or two complete settings."""
    overall = findings.overall
    if overall is None:
        return []
    settings, methods = overall.units.values.shape
    start = Markup(
        "<strong>Over {} complete settings.</strong> {} has the best average rank, {:.2f} of {}. "
    ).format(settings, overall.best, overall.rank, methods)
    parts = [
        _beyond(overall),
        _here(overall),
        f"No evidence of a difference from {listing(overall.near)}." if overall.near else "",
        # Said only where more could have been hoped for.
        f"More was not to be had: {overall.why}."
        if overall.why and not overall.better_than
        else "",
        *(DOUBTS[doubt] for doubt in overall.doubts),
    ]
    return [start + " ".join(part for part in parts if part)]


def _beyond(overall: Overall) -> str:
    if not overall.better_than:
        return ""
    verb = "is ahead of" if overall.doubts else "is better than"
    p = labels.p_value(overall.p)
    return f"It {verb} {listing(overall.better_than)} (Wilcoxon, Holm-adjusted {p})."


def _here(overall: Overall) -> str:
    if not overall.better_here:
        return ""
    sets = overall.units.datasets.nunique()
    where, does = ("this data set", "does") if sets == 1 else (f"these {sets} data sets", "do")
    return (
        f"On {where} it is ahead of {listing(overall.better_here)} (Wilcoxon over settings, "
        f"Holm-adjusted {labels.p_value(overall.p_here)}); settings of one data set are not "
        f"independent, and {plural(sets, 'data set')} {does} not carry that to others."
    )


def nesting(units: Units) -> str:
    """That settings share data sets, and what follows; "" if none do."""
    if not units.nested:
        return ""
    sets = plural(units.datasets.nunique(), "data set")
    return (
        f"The {len(units.values)} settings come from {sets}: imbalance ratios and models of one "
        "data set are not independent of each other. A test that takes them for it is too ready "
        "to find a difference, so claims here rest on the p values for which whole data sets are "
        "permuted."
    )


def left_out(units: Units) -> list[str]:
    """Methods and settings that the tests leave out, since they need complete settings."""
    said = []
    if units.absent:
        said.append(f"Left out, without a result anywhere: {listing(units.absent)}.")
    if units.dropped:
        named = listing(f"{name} (no {listing(methods)})" for name, methods in units.dropped)
        said.append(f"Settings left out, since not every method has a result: {named}.")
    return said
