"""What the settings say together, in words, for the verdict."""

from markupsafe import Markup

from analysis import labels, significance
from analysis.results import Results
from analysis.sections.words import listing, plural
from analysis.significance import Units

__all__ = ["across", "left_out", "nesting"]


def across(results: Results) -> list[Markup]:
    """One paragraph; none below two methods or two complete settings."""
    units = significance.units(results)
    settings, methods = units.values.shape
    if settings < 2 or methods < 2:
        return []
    pairs = significance.wilcoxon(units)
    best = significance.ranks(units).iloc[0]
    start = Markup(
        "<strong>Over {} complete settings.</strong> {} has the best average rank, {:.2f} of {}. "
    ).format(settings, best["method"], best["rank"], methods)
    ahead = pairs[pairs["a"] == best["method"]]
    beyond, here = ahead[ahead["better"]], ahead[ahead["better_here"] & ~ahead["better"]]
    parts = []
    if len(beyond):
        p = labels.p_value(beyond["p_datasets_holm"].max())
        parts.append(f"It is better than {listing(beyond['b'])} (Wilcoxon, Holm-adjusted {p}).")
    if len(here):
        p = labels.p_value(here["p_holm"].max())
        sets = units.datasets.nunique()
        parts.append(
            f"On {'this data set' if sets == 1 else f'these {sets} data sets'} it is ahead of "
            f"{listing(here['b'])} (Wilcoxon over settings, Holm-adjusted {p}); settings of one "
            f"data set are not independent, and {plural(sets, 'data set')} "
            f"{'does' if sets == 1 else 'do'} not carry that to others."
        )
    rest = [b for b in ahead["b"] if b not in {*beyond["b"], *here["b"]}]
    if rest:
        parts.append(f"No evidence of a difference from {listing(rest)}.")
    if not len(beyond) and pairs["why"].iloc[0]:
        parts.append(f"More was not to be had: {pairs['why'].iloc[0]}.")
    return [start + " ".join(parts)]


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
