"""Options of a data set: its reader's own, and those that every set has."""

from collections.abc import Callable, Mapping
from typing import Any

from trainables.options import options_of, refuse_unknown

__all__ = ["GENERAL", "refuse_unknown_of", "split"]

GENERAL = ("positives", "negatives", "labels")
"""Of every data set, unless its reader has one of that name: see ``trainables.datasets.choice``."""


def refuse_unknown_of(name: str, reader: Callable[..., Any], options: Mapping[str, Any]) -> None:
    """Do nothing if the data set ``name`` has all of ``options``, and they are all it needs.

    Raises:
        UnknownNameError: it has not, or lacks one.
    """
    refuse_unknown(name, reader, options, GENERAL)


def split(
    reader: Callable[..., Any], options: Mapping[str, Any]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """What of ``options`` the reader takes, and what is done to all that it gives."""
    own = options_of(reader)
    return (
        {option: value for option, value in options.items() if option in own},
        {option: value for option, value in options.items() if option not in own},
    )
