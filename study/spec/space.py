"""What a spec searches: its own entries over the methods' own search spaces."""

import warnings
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, get_args

from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)

from search_spaces import PAIRS, SPACES
from search_spaces.ranges import Range
from study.spec.entries import Choices, Span
from study.spec.model import StudySpec, Variant
from study.spec.older import newer_defaults

if TYPE_CHECKING:
    from trainables.hyperparameters import Hyperparameter

__all__ = [
    "default_space",
    "distribution",
    "fixed_params",
    "idle",
    "is_whole",
    "kinds",
    "named_pairs",
    "space_entry",
    "tuned_space",
]


def default_space(method: str) -> Mapping[str, Range]:
    """Where ``method`` is searched if the spec does not say otherwise.

    A method of ours has its file in ``search_spaces``; the user's own carries ``SPACE``.

    Raises:
        UnknownNameError: there is no such method.
    """
    if method in SPACES:
        return SPACES[method]
    # torch only loads where it is needed: a spec's models and texts work without it.
    from trainables.methods import METHODS
    from trainables.names import resolve

    space: Mapping[str, Range] = getattr(resolve("method", METHODS, method), "SPACE", {})
    return space


def named_pairs(method: str) -> tuple[tuple[str, str], ...] | None:
    """Which hyperparameters belong together, as the method's search space says.

    None: a method of the user's own whose class has no ``PAIRS`` beside its ``SPACE``.

    Raises:
        UnknownNameError: there is no such method.
    """
    if method in PAIRS:
        return PAIRS[method]
    from trainables.methods import METHODS
    from trainables.names import resolve

    return getattr(resolve("method", METHODS, method), "PAIRS", None)


def distribution(
    entry: Span | Choices, default: BaseDistribution | None, *, whole: bool
) -> BaseDistribution:
    """The entry as Optuna's distribution.

    Args:
        entry: what the spec says.
        default: the method's own range; gives ``log`` where the entry leaves it out.
        whole: the range holds whole numbers only.

    Raises:
        ValueError: Optuna does not take it; the message is one sentence.
    """
    if isinstance(entry, Choices):
        return CategoricalDistribution(entry.choices)
    log = entry.log
    if log is None:
        log = bool(getattr(default, "log", False)) and entry.step is None and entry.low > 0
    with warnings.catch_warnings():
        # Optuna only warns if the step does not divide the range, and then moves the upper end.
        warnings.simplefilter("error")
        try:
            if not whole:
                return FloatDistribution(entry.low, entry.high, log=log, step=entry.step)
            step = 1 if entry.step is None else _whole(entry.step)
            return IntDistribution(_whole(entry.low), _whole(entry.high), log=log, step=step)
        except UserWarning as warning:
            raise ValueError(
                f"must have a high that is low plus a whole number of steps, and {entry.high:g} is "
                f"not {entry.low:g} plus a multiple of {entry.step:g}"
            ) from warning


def kinds(known: "Hyperparameter") -> tuple[Any, ...]:
    """The types that a hyperparameter takes; (float, NoneType) for ``float | None``."""
    return get_args(known.type) or (known.type,)


def is_whole(known: "Hyperparameter") -> bool:
    """Its numbers are whole numbers."""
    return int in kinds(known) and float not in kinds(known)


def _whole(value: float) -> int:
    if value != int(value):
        raise ValueError(f"must hold whole numbers only, not {value:g}")
    return int(value)


def tuned_space(spec: StudySpec, variant: Variant) -> dict[str, BaseDistribution]:
    """The distribution of every hyperparameter that the search of ``variant`` tunes, if there is
    a search."""
    from trainables.hyperparameters import hyperparameters
    from trainables.methods import METHODS
    from trainables.names import resolve

    if spec.search.trials == 0:
        return {}
    entries = {**spec.space.get(variant.name, {}), **variant.set}
    defaults = {name: each.distribution for name, each in default_space(variant.method).items()}
    space = {}
    for name, known in hyperparameters(resolve("method", METHODS, variant.method)).items():
        entry = entries.get(name)
        if isinstance(entry, Span | Choices):
            space[name] = distribution(entry, defaults.get(name), whole=is_whole(known))
        elif name in defaults and name not in entries:
            space[name] = defaults[name]
    return space


def fixed_params(spec: StudySpec, variant: Variant) -> dict[str, Any]:
    """The hyperparameters of ``variant`` that the spec fixes, by name.

    Those whose default is newer than the method are among them (``newer_defaults``). Without a
    search these are also all that a search would tune: at the method's own default where the spec
    gives no value.
    """
    entries = {**spec.space.get(variant.name, {}), **variant.set}
    named = {name: e for name, e in entries.items() if not isinstance(e, Span | Choices)}
    newer = newer_defaults(variant.method)
    unnamed = {name: e for name, e in newer.items() if name not in entries}
    fixed = unnamed | named
    if spec.search.trials:
        return fixed
    from trainables.hyperparameters import hyperparameters
    from trainables.methods import METHODS
    from trainables.names import resolve

    tuned = default_space(variant.method)
    known = hyperparameters(resolve("method", METHODS, variant.method))
    return {name: each.default for name, each in known.items() if name in tuned} | fixed


def space_entry(distribution: BaseDistribution) -> dict[str, Any]:
    """The distribution as a spec's entry: {"low", "high", "log", "step"} or {"choices"}."""
    if isinstance(distribution, CategoricalDistribution):
        return {"choices": list(distribution.choices)}
    if isinstance(distribution, FloatDistribution | IntDistribution):
        step = None if distribution.log else distribution.step
        return {
            "low": distribution.low,
            "high": distribution.high,
            "log": distribution.log,
            "step": step,
        }
    raise TypeError(f"a search space holds Optuna's distributions, not {distribution!r}")


def idle(spec: StudySpec, variant: Variant) -> dict[str, str]:
    """The hyperparameters of ``variant`` that do nothing as it is set, each with what it is that
    takes their part away: ``mixup_alpha`` with "mix none"."""
    from trainables.hyperparameters import hyperparameters
    from trainables.methods import METHODS
    from trainables.names import resolve

    known = hyperparameters(resolve("method", METHODS, variant.method))
    fixed = fixed_params(spec, variant)
    settings = {name: fixed.get(name, about.default) for name, about in known.items()}
    tuned = tuned_space(spec, variant)
    return {
        name: " and ".join(f"{k} {settings[k]}" for k in about.only_with or {} if k in settings)
        for name, about in known.items()
        if not about.acts(settings, tuned)
    }
