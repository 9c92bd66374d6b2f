"""Options of a data set: what a spec says of it beside its name."""

import inspect
import json
from collections.abc import Callable, Mapping
from difflib import get_close_matches
from typing import Any

from trainables.errors import DataError

__all__ = ["GENERAL", "key", "options_of", "refuse_unknown", "split"]

GENERAL = ("positives", "negatives", "labels")
"""Of every data set, unless its reader has one of that name: see ``trainables.datasets.choice``."""


def options_of(reader: Callable[..., Any]) -> dict[str, inspect.Parameter]:
    """The options of a reader: its keyword-only parameters, by name."""
    try:
        every = inspect.signature(reader).parameters
    except (TypeError, ValueError):  # one that is compiled tells nothing
        return {}
    return {n: each for n, each in every.items() if each.kind is inspect.Parameter.KEYWORD_ONLY}


def refuse_unknown(name: str, reader: Callable[..., Any], options: Mapping[str, Any]) -> None:
    """Do nothing if the data set ``name`` has all of ``options``, and they are all it needs.

    Raises:
        DataError: it has not, or lacks one.
    """
    own = options_of(reader)
    known = [*own, *(each for each in GENERAL if each not in own)]
    for option in options:
        if option not in known:
            near = get_close_matches(option, known, n=1)
            hint = f" (did you mean {near[0]!r}?)" if near else ""
            raise DataError(
                f"{name} has no option {option!r}{hint}: its options are {', '.join(known)}."
            )
    for option, each in own.items():
        if each.default is inspect.Parameter.empty and option not in options:
            raise DataError(f"{name} needs its option {option}: say {{{option}: ...}}.")


def split(
    reader: Callable[..., Any], options: Mapping[str, Any]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """What of ``options`` the reader takes, and what is done to all that it gives."""
    own = options_of(reader)
    return (
        {option: value for option, value in options.items() if option in own},
        {option: value for option, value in options.items() if option not in own},
    )


def key(name: str, options: Mapping[str, Any] | None) -> str:
    """One text for a data set and its options: the name alone where it has none."""
    return f"{name} {json.dumps(options, sort_keys=True)}" if options else name
