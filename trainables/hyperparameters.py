"""A hyperparameter: a dataclass field that knows its meaning, unit, source and allowed values."""

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import MISSING, Field, dataclass, field, fields, is_dataclass
from typing import Any, TypeVar, cast, get_args, get_type_hints

__all__ = ["Hyperparameter", "hyperparameter", "hyperparameters", "listed_after", "listed_last"]

T = TypeVar("T")
_KEY = "hyperparameter"
_AFTER = "listed after"
_LAST = "listed last"


@dataclass(frozen=True)
class Hyperparameter:
    """What is known of one hyperparameter.

    Attributes:
        name: the field's name, which is also its name in specs and reports.
        default: the value when nothing is given.
        type: the field's annotation, such as ``float``, ``int``, ``bool`` or ``float | None``.
        help: its meaning in a few words.
        source: the paper or the reasoning that the default comes from.
        unit: what one unit of it is; "" for a pure number.
        low, high: bounds of a number; None: no bound.
        open_low, open_high: the bound itself is not allowed.
        choices: the words allowed where the annotation has ``str``.
        before: for a hyperparameter that is newer than its method and whose default trains
            otherwise than the method did: the value that means what the method did. A study that
            was begun without it goes on with this one. None: there is no such value.
        only_with: other hyperparameters, and those values of each with which this one does
            something: one such value is enough. Those that the method lacks do not count. None: it
            always does something.
    """

    name: str
    default: Any
    type: Any
    help: str
    source: str
    unit: str = ""
    low: float | None = None
    high: float | None = None
    open_low: bool = False
    open_high: bool = False
    choices: tuple[str, ...] = ()
    before: Any = None
    only_with: Mapping[str, Sequence[Any]] | None = None

    @property
    def domain(self) -> str:
        """The allowed values in words, such as ``a number in [0, 1)``."""
        kinds = self._kinds()
        words = [repr(choice) for choice in self.choices]
        if bool in kinds:
            words += ["true", "false"]
        if float in kinds or int in kinds:
            words.append(("a number" if float in kinds else "a whole number") + self._interval())
        if type(None) in kinds:
            words.append("null")
        return " or ".join(words)

    def acts(self, fixed: Mapping[str, Any], tuned: Collection[str] = ()) -> bool:
        """It does something where the others of its method have the values ``fixed``, and those
        named in ``tuned`` may have any."""
        asked = [
            name in tuned or fixed[name] in values
            for name, values in (self.only_with or {}).items()
            if name in fixed or name in tuned
        ]
        return any(asked) or not asked

    def check(self, value: object) -> None:
        """Do nothing if ``value`` is allowed.

        Raises:
            ValueError: it is not; one sentence with the name, what is allowed and what arrived.
        """
        if not self._allows(value):
            raise ValueError(f"{self.name} must be {self.domain}, not {value!r}.")

    def _kinds(self) -> tuple[Any, ...]:
        return get_args(self.type) or (self.type,)

    def _allows(self, value: object) -> bool:
        kinds = self._kinds()
        if value is None:
            return type(None) in kinds
        if isinstance(value, bool):
            return bool in kinds
        if isinstance(value, str):
            return value in self.choices
        if isinstance(value, int):
            return (int in kinds or float in kinds) and self._in_bounds(value)
        if isinstance(value, float):
            return float in kinds and math.isfinite(value) and self._in_bounds(value)
        return False

    def _in_bounds(self, value: float) -> bool:
        above = self.low is None or value > self.low or (value == self.low and not self.open_low)
        below = (
            self.high is None or value < self.high or (value == self.high and not self.open_high)
        )
        return above and below

    def _interval(self) -> str:
        if self.low is None and self.high is None:
            return ""
        left = "(" if self.open_low or self.low is None else "["
        right = ")" if self.open_high or self.high is None else "]"
        low = "-inf" if self.low is None else f"{self.low:g}"
        high = "inf" if self.high is None else f"{self.high:g}"
        return f" in {left}{low}, {high}{right}"


def hyperparameter(
    default: T,
    *,
    help: str,  # noqa: A002 - the word of argparse, click and typer
    source: str,
    unit: str = "",
    low: float | None = None,
    high: float | None = None,
    open_low: bool = False,
    open_high: bool = False,
    choices: Sequence[str] = (),
    before: T | None = None,
    only_with: Mapping[str, Sequence[Any]] | None = None,
) -> T:
    """A dataclass field that is a hyperparameter; the arguments are those of `Hyperparameter`.

    It is typed as its default, as `dataclasses.field` is, so that it can stand behind ``=``.
    """
    about = {
        "help": help,
        "source": source,
        "unit": unit,
        "low": low,
        "high": high,
        "open_low": open_low,
        "open_high": open_high,
        "choices": tuple(choices),
        "before": before,
        "only_with": only_with,
    }
    return field(default=default, metadata={_KEY: about})


def listed_after(name: str, made: T) -> T:
    """The hyperparameter ``made``, listed just after the one called ``name``.

    A dataclass puts what it inherits first; this is for what users should read between the
    hyperparameters of a base, such as a margin after the learning rate.

    Args:
        name: a field of a base, or one that stands before in the same class.
        made: what `hyperparameter` gave.

    Raises:
        TypeError: ``made`` is something else.
    """
    if not isinstance(made, Field):
        raise TypeError(
            f"listed_after({name!r}, ...) takes what hyperparameter() gave, not {made!r}."
        )
    default: Any = made.default
    return cast(T, field(default=default, metadata={**made.metadata, _AFTER: name}))


def listed_last(made: T) -> T:
    """The hyperparameter ``made``, listed after those of all subclasses; as `listed_after`."""
    if not isinstance(made, Field):
        raise TypeError(f"listed_last(...) takes what hyperparameter() gave, not {made!r}.")
    default: Any = made.default
    return cast(T, field(default=default, metadata={**made.metadata, _LAST: True}))


def hyperparameters(method_class: type) -> dict[str, Hyperparameter]:
    """The hyperparameters of a method's class by name, in the order in which they are listed.

    That is the order of its fields, but for those that are `listed_after` another, or
    `listed_last`. A field that a subclass declares anew keeps its place, unless it is to be listed
    after another.

    Raises:
        TypeError: a field was not made by `hyperparameter`, has no default, or is to be listed
            after what is not there.
    """
    hints = get_type_hints(method_class)
    found = {}
    for each in fields(method_class):
        if _KEY not in each.metadata or each.default is MISSING:
            raise TypeError(
                f"field {each.name!r} of {method_class.__name__} must be made by "
                "trainables.hyperparameters.hyperparameter."
            )
        found[each.name] = Hyperparameter(
            name=each.name, default=each.default, type=hints[each.name], **each.metadata[_KEY]
        )
    return {name: found[name] for name in _order(method_class)}


def _order(method_class: type) -> list[str]:
    order: list[str] = []
    last: list[str] = []
    for base in reversed(method_class.__mro__):
        known = {each.name: each for each in fields(base)} if is_dataclass(base) else {}
        for name in [name for name in vars(base).get("__annotations__", {}) if name in known]:
            after, of_both = known[name].metadata.get(_AFTER), [*order, *last]
            if name in of_both:
                if after is None:
                    continue
                (order if name in order else last).remove(name)
            if after is None:
                (last if _LAST in known[name].metadata else order).append(name)
            elif after in of_both:
                among = order if after in order else last
                among.insert(among.index(after) + 1, name)
            else:
                raise TypeError(
                    f"field {name!r} of {base.__name__} must be listed after one of those "
                    f"before it ({', '.join(of_both)}), not after {after!r}."
                )
    return [*order, *last]
