"""What a spec may ask for, and hardly means."""

import math
from collections.abc import Iterator, Mapping

from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)

from study.spec.model import StudySpec, ratios
from study.spec.network_options import option_space
from study.spec.space import idle, tuned_space

__all__ = ["remarks"]


def remarks(spec: StudySpec) -> Iterator[str]:
    """One sentence or two for each; none of them forbids the study."""
    trials, random_trials = spec.search.trials, spec.search.random_trials
    if random_trials > trials:
        yield (
            f"search.random_trials is {random_trials}, but a cell has only {trials} search trials: "
            "no trial is left in which the sampler has learned. Raise search.trials, or lower "
            "search.random_trials."
        )
    if spec.search.warm_start and all(
        len([each for each in ratios(spec, task) if each is not None]) < 2 for task in spec.tasks
    ):
        yield (
            "search.warm_start takes the best configurations from one imratio to the next smaller "
            "one, and the spec has none to take from. Give imratios two numbers at least, or leave "
            "warm_start out."
        )
    options = [option_space(spec, task) for task in spec.tasks]
    for variant in spec.methods:
        tuned = tuned_space(spec, variant)
        for name, setting in idle(spec, variant).items():
            if name in tuned:
                yield (
                    f"{variant.name} searches {name}, which does nothing with {setting}. Set that "
                    "otherwise, or give it one value instead of a range."
                )
        space = min(({**tuned, **each} for each in options), key=_configurations)
        configurations = _configurations(space)
        if space and configurations < trials:
            times = trials / configurations
            yield (
                f"{variant.name} has {configurations:.0f} configurations to search "
                f"({', '.join(space)}), and {trials} search trials: each is tried {times:.2g} "
                "times on average, with other seeds, and the luckiest trial is selected. "
                "Lower search.trials or widen the space, unless it is the scatter that you study."
            )


def _configurations(space: Mapping[str, BaseDistribution]) -> float:
    return math.prod(map(_values, space.values()))


def _values(distribution: BaseDistribution) -> float:
    """So many values can be drawn; infinity for a range of numbers without a step."""
    if isinstance(distribution, CategoricalDistribution):
        return len(distribution.choices)
    if isinstance(distribution, FloatDistribution | IntDistribution) and distribution.step:
        return round((distribution.high - distribution.low) / distribution.step) + 1
    return math.inf
