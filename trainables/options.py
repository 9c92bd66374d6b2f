"""Options: what a spec says of a data set or a network beside its name."""

import inspect
import json
from collections.abc import Callable, Mapping, Sequence
from difflib import get_close_matches
from types import NoneType
from typing import Any, Literal, get_args, get_origin

from trainables.errors import UnknownNameError

__all__ = ["key", "options_of", "refuse_unknown", "types_of"]


def options_of(maker: Callable[..., Any]) -> dict[str, inspect.Parameter]:
    """The options of a reader or builder: its keyword-only parameters, by name."""
    try:
        every = inspect.signature(maker).parameters
    except (TypeError, ValueError):  # one that is compiled tells nothing
        return {}
    return {n: each for n, each in every.items() if each.kind is inspect.Parameter.KEYWORD_ONLY}


def types_of(option: inspect.Parameter) -> tuple[type, ...]:
    """The types that an option takes, by its annotation or else its default; () if neither says.

    (float, NoneType) for ``float | None``.
    """
    said = option.annotation
    if isinstance(said, str):  # of a module with ``from __future__ import annotations``
        named = {each.__name__: each for each in (bool, int, float, str)} | {"None": NoneType}
        words = [word.strip() for word in said.split("|")]
        if all(word in named for word in words):
            return tuple(named[word] for word in words)
    elif said is not inspect.Parameter.empty:
        inside = get_args(said) or (said,)
        return tuple(map(type, inside)) if get_origin(said) is Literal else inside
    default = option.default
    return () if default in (None, inspect.Parameter.empty) else (type(default),)


def refuse_unknown(
    name: str,
    maker: Callable[..., Any],
    options: Mapping[str, Any],
    general: Sequence[str] = (),
) -> None:
    """Do nothing if what is called ``name`` has all of ``options``, and they are all it needs.

    Args:
        name: of a data set or network, for the sentence.
        maker: its reader or builder.
        options: what the spec says, by name.
        general: options that its kind has whatever the maker.

    Raises:
        UnknownNameError: it has not, or lacks one.
    """
    own = options_of(maker)
    known = [*own, *(each for each in general if each not in own)]
    for option in options:
        if option not in known:
            near = get_close_matches(option, known, n=1)
            hint = f" (did you mean {near[0]!r}?)" if near else ""
            has = f"its options are {', '.join(known)}" if known else "it has none"
            raise UnknownNameError(f"{name} has no option {option!r}{hint}: {has}.")
    for option, each in own.items():
        if each.default is inspect.Parameter.empty and option not in options:
            raise UnknownNameError(f"{name} needs its option {option}: say {{{option}: ...}}.")


def key(name: str, options: Mapping[str, Any] | None) -> str:
    """One text for a name and its options: the name alone where it has none."""
    return f"{name} {json.dumps(options, sort_keys=True)}" if options else name
