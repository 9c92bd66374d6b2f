"""Is a method of the user's own sound? Looked at before a trial can fail on it."""

from collections.abc import Iterator, Mapping
from dataclasses import Field
from typing import TYPE_CHECKING, Any

from optuna.distributions import CategoricalDistribution

from search_spaces.ranges import Range
from study.spec.text import did_you_mean

if TYPE_CHECKING:
    from trainables.hyperparameters import Hyperparameter

__all__ = ["flaws"]


def flaws(found: Any) -> Iterator[str]:
    """What is wrong with ``found`` as a method, each a clause that follows its name.

    The first flaw that hides others ends the list.
    """
    from trainables.hyperparameters import hyperparameters
    from trainables.method import Method

    if not (isinstance(found, type) and issubclass(found, Method)):
        yield "must be a class that inherits trainables.method.Method"
        return
    if any(isinstance(value, Field) for value in vars(found).values()):
        yield "must stand under @dataclass(frozen=True), or its hyperparameters are not seen"
        return
    try:
        known = hyperparameters(found)
        found()
    except Exception as error:  # noqa: BLE001 - the user's own class may raise anything
        yield f"must work at its defaults, and fails ({type(error).__name__}: {error})"
        return
    space = getattr(found, "SPACE", None)
    if not isinstance(space, Mapping):
        yield "must carry its search space in an attribute SPACE"
        return
    for name, entry in space.items():
        yield from _entry(name, entry, known)
    yield from _pairs(getattr(found, "PAIRS", ()), known)


def _pairs(pairs: object, known: Mapping[str, "Hyperparameter"]) -> Iterator[str]:
    allowed = {*known, "imratio"}
    if not isinstance(pairs, tuple | list) or not all(
        isinstance(pair, tuple | list) and len(pair) == 2 and allowed.issuperset(pair)
        for pair in pairs
    ):
        yield (
            "must name in PAIRS two of its hyperparameters at a time, or one and imratio, such as "
            f'(("lr", "imratio"),), not {pairs!r}'
        )


def _entry(name: str, entry: object, known: Mapping[str, "Hyperparameter"]) -> Iterator[str]:
    if name not in known:
        hint = did_you_mean(name, list(known))
        yield f"must search its own hyperparameters ({', '.join(known)}), not {name!r}{hint}"
    elif not isinstance(entry, Range):
        yield (
            f"must have search_spaces.ranges.Range in SPACE, and {name} is a {type(entry).__name__}"
        )
    else:
        wanted = entry.distribution
        if isinstance(wanted, CategoricalDistribution):
            values = list(wanted.choices)
        else:
            values = [getattr(wanted, end) for end in ("low", "high")]
        for value in values:
            try:
                known[name].check(value)
            except ValueError as error:
                yield f"must search allowed values: {error}"
