"""What a planned study will and will not be able to show, before anything is spent on it."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from statistics import median

from study.plan.cost import CellPlan, StudyPlan
from study.plan.images import Labels
from study.plan.power import (
    ALPHA,
    FOUND,
    GAMMA,
    LEAST_SEEDS,
    ROPE,
    expected_interval,
    family_size,
    hanley_mcneil_error,
    least_effect,
    pairs_needed,
    searches_needed,
    settings_needed,
    smallest_p,
)
from study.words import plural

__all__ = ["ASSUMED_AUROC", "Prospect", "SettingProspect", "prospects", "setting_prospects"]

ASSUMED_AUROC = 0.85
"""Expected widths are for this AUROC; at 0.7 they are a third wider, at 0.95 a third narrower."""

UNEQUAL = 1.25
"""Gradient evaluations of a trial, over the median of its setting, that the report will flag."""

WIDE = 3.0
"""A least difference of more deviations than this is a large one."""

ALIKE = 1.0
"""Deviation of what searches select that is assumed, in those of an AUROC over seeds: as much."""

CONFIDENT = 1.96
"""Standard errors to each side of a 95 % interval."""


@dataclass(frozen=True)
class Prospect:
    """One kind of claim.

    Attributes:
        claim: what one may want to say.
        answer: "yes", "partly" or "no".
        why: a sentence or two.
    """

    claim: str
    answer: str
    why: str


@dataclass(frozen=True)
class SettingProspect:
    """How well the images of one setting can fix an AUROC of ``ASSUMED_AUROC``.

    Attributes:
        label: of several labels an image, the one; else "".
        val_positives, test_positives: images.
        val_width, test_width: half of the 95 % interval that is to be expected (Hanley and
            McNeil 1982), for one model.
        val_interval, test_interval: its ends, within [0, 1].
    """

    task: str
    imratio: float | None
    val_positives: int
    val_width: float
    test_positives: int
    test_width: float
    val_interval: tuple[float, float]
    test_interval: tuple[float, float]
    label: str = ""


def setting_prospects(plan: StudyPlan) -> list[SettingProspect]:
    """One a setting, in the study's order; of several labels one for each of which validation and
    test have both classes.
    """
    first = {(cell.task, cell.imratio): cell for cell in reversed(plan.cells)}
    order = dict.fromkeys((cell.task, cell.imratio) for cell in plan.cells)
    return [each for key in order for each in _of_setting(first[key], plan.data.get(key[0]))]


def _of_setting(cell: CellPlan, data: Labels | None) -> Iterator[SettingProspect]:
    names = data.labels if data else ()
    val, test = (zip(part.positives, part.negatives, strict=True) for part in (cell.val, cell.test))
    for label, in_val, in_test in zip(names or ("",), val, test, strict=True):
        if all((*in_val, *in_test)):
            yield SettingProspect(
                cell.task,
                cell.imratio,
                in_val[0],
                _width(*in_val),
                in_test[0],
                _width(*in_test),
                expected_interval(ASSUMED_AUROC, *in_val),
                expected_interval(ASSUMED_AUROC, *in_test),
                label,
            )


def prospects(plan: StudyPlan) -> list[Prospect]:
    """What the report will be able to claim at best; fewer than two methods have nothing."""
    methods = len({cell.method for cell in plan.cells})
    if methods < 2:
        return [Prospect("one method is better than another", "no", "There is only one method.")]
    settings = {(cell.task, cell.imratio) for cell in plan.cells}
    datasets = len({cell.dataset for cell in plan.cells})
    seeds = plan.cells[0].confirm_trials
    if not seeds:
        why = "There are no confirm seeds, and search values are never compared."
        return [Prospect("one method is better than another", "no", why)]
    searches = plan.cells[0].searches
    alone = searches == 1
    return [
        *([_in_a_setting(methods, seeds), _often(methods, seeds)] if alone else []),
        _of_methods(methods, searches, seeds // searches),
        _over_settings(methods, len(settings), datasets),
        _at_all(methods, len(settings), datasets),
        _images(setting_prospects(plan)),
        _budgets(plan),
    ]


def _in_a_setting(methods: int, seeds: int) -> Prospect:
    claim = "a method as it was configured is better in a setting (paired seeds, Holm)"
    if seeds < LEAST_SEEDS:
        there = plural(seeds, "confirm seed")
        why = f"{there}; a test takes {LEAST_SEEDS} or more, and 5 are a good start."
        return Prospect(claim, "no", why)
    deviations = _least_difference(methods, seeds)
    why = (
        f"With {seeds} seeds and {methods} methods a difference must be {deviations:.2g} times as "
        "large as its deviation from seed to seed."
    )
    return Prospect(claim, "yes" if deviations <= WIDE else "partly", why)


def _of_methods(methods: int, searches: int, seeds: int) -> Prospect:
    """Claims that hold for a method however its search happens to end."""
    claim = "a method is better in a setting, searched anew (searches, Holm)"
    alpha = ALPHA / family_size(methods)
    if searches < LEAST_SEEDS:
        needed = searches_needed(WIDE, seeds, ALIKE, alpha)
        why = (
            f"Searches of each method: {searches}; a test takes {LEAST_SEEDS} or more "
            f"(search.repeats). If searches differ as much as seeds do, {needed} of "
            f"{plural(seeds, 'seed')} each find a difference of {WIDE:g} deviations of a seed in "
            f"{100 * FOUND:.0f} % of studies."
        )
        return Prospect(claim, "no", why)
    least = least_effect(searches, seeds, ALIKE, alpha)
    why = (
        f"{searches} searches of {plural(seeds, 'confirm seed')} each: if searches differ as much "
        f"as seeds do, a difference of {least:.2g} deviations of a seed is found in "
        f"{100 * FOUND:.0f} % of studies."
    )
    return Prospect(claim, "yes" if least <= WIDE else "partly", why)


def _least_difference(methods: int, seeds: int) -> float:
    """Mean difference, in its standard deviations over seeds, at which the t test passes Holm."""
    from scipy.special import stdtrit

    level = 1 - ALPHA / family_size(methods) / 2
    return float(stdtrit(seeds - 1, level)) / math.sqrt(seeds)


def _often(methods: int, seeds: int) -> Prospect:
    claim = f"P(A > B) is above a half and may reach {GAMMA:g} (Bouthillier 2021)"
    needed, level = pairs_needed(), ALPHA / family_size(methods)
    there = plural(seeds, "paired seed")
    if seeds >= needed:
        return Prospect(claim, "yes", f"{there}; about {needed} decide one pair.")
    if smallest_p(seeds) <= level:
        why = f"{there}, where about {needed} decide: only if nearly all seeds agree."
        return Prospect(claim, "partly", why)
    why = (
        f"{there}: even if all agree p is {smallest_p(seeds):.2g}, and among {methods} methods "
        f"Holm asks for {level:.2g}. About {needed} seeds decide."
    )
    return Prospect(claim, "no", why)


def _over_settings(methods: int, settings: int, datasets: int) -> Prospect:
    claim = "a method is better over settings (Wilcoxon, Holm)"
    level, needed = ALPHA / family_size(methods), settings_needed(methods)
    asks = f"among {methods} methods Holm asks for {level:.2g}"
    if smallest_p(datasets) <= level:
        why = f"{datasets} data sets: p can reach {smallest_p(datasets):.2g}, and {asks}."
        return Prospect(claim, "yes", why)
    if smallest_p(settings) <= level:
        why = (
            f"Only on what it holds, {plural(datasets, 'data set')}: {settings} settings can reach "
            f"p = {smallest_p(settings):.2g}, but ratios of one data set are not independent, and "
            f"{asks}. A claim beyond takes {needed} data sets."
        )
        return Prospect(claim, "partly", why)
    why = (
        f"{plural(settings, 'setting')} from {plural(datasets, 'data set')}: no p lies below "
        f"{smallest_p(settings):.2g}, and {asks}. That takes {needed} settings, and {needed} data "
        "sets to say it of others."
    )
    return Prospect(claim, "no", why)


def _at_all(methods: int, settings: int, datasets: int) -> Prospect:
    claim = "the methods differ at all (Friedman)"
    if methods < 3:
        return Prospect(claim, "no", f"Friedman's test takes 3 methods or more, not {methods}.")
    # All data sets rank the methods alike: one in methods! ** (datasets - 1) orders does.
    least = 1 / math.factorial(methods) ** (datasets - 1)
    counted = f"{plural(settings, 'setting')} from {plural(datasets, 'data set')}"
    if least > ALPHA:
        why = f"{counted}: even if all rank the methods alike, p is {least:.2g}."
        return Prospect(claim, "no", why)
    why = f"{counted}: p can reach {least:.2g}."
    return Prospect(claim, "yes", why)


def _images(settings: list[SettingProspect]) -> Prospect:
    claim = f"differences of {ROPE:g} AUROC hold on other test images"
    # Two methods that agree on most images: their difference varies about half as much.
    wide = [s for s in settings if s.test_width / 2 > ROPE]
    if not wide:
        return Prospect(claim, "yes", "The test sets are large enough in every setting.")
    worst = max(wide, key=lambda s: s.test_width)
    kind = "labels" if any(s.label for s in settings) else "settings"
    named = f"{worst.label} in {worst.task}" if worst.label else worst.task
    why = (
        f"In {len(wide)} of {len(settings)} {kind} the test set is small for that: "
        f"{worst.test_positives} positives of {named} leave ± {worst.test_width:.3f} on an "
        f"AUROC of {ASSUMED_AUROC:g}, and about half of it on the difference of two similar "
        "methods."
    )
    return Prospect(claim, "no" if len(wide) == len(settings) else "partly", why)


def _budgets(plan: StudyPlan) -> Prospect:
    claim = "methods had equal budgets"
    over = {cell.method: share for cell in plan.cells if (share := _share(cell, plan)) > UNEQUAL}
    if not over:
        return Prospect(claim, "yes", "A full trial costs every method about the same.")
    named = _named(over)
    why = (
        f"Gradient evaluations of a full trial, over the median: {named}. A lead of theirs may be "
        "the budget's; `budget: gradient_evaluations` makes them equal."
    )
    return Prospect(claim, "no", why)


def _share(cell: CellPlan, plan: StudyPlan) -> float:
    beside = [
        other.gradient_evaluations
        for other in plan.cells
        if (other.task, other.imratio) == (cell.task, cell.imratio)
    ]
    return cell.gradient_evaluations / median(beside)


def _named(shares: Mapping[str, float]) -> str:
    return ", ".join(f"{method} {share:.2g} times" for method, share in shares.items())


def _width(positives: int, negatives: int) -> float:
    return CONFIDENT * hanley_mcneil_error(ASSUMED_AUROC, positives, negatives)
