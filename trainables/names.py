"""From a name in a spec to the object it means."""

import os
import sys
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import TypeVar

from trainables.errors import UnknownNameError

__all__ = ["OWN_CODE", "own_code", "resolve"]

OWN_CODE = "AUCSTUDY_OWN_CODE"
"""Tells workers on other hosts where the user's own modules lie."""

T = TypeVar("T")


def resolve(kind: str, table: Mapping[str, T], name: str) -> T:
    """The entry of ``table`` called ``name``, or the user's own ``package.module:object``.

    Args:
        kind: what is looked for, in words for the error ("method", "data set", "model").
        table: our own entries.
        name: a key of ``table``, or ``package.module:object``.

    Raises:
        UnknownNameError: neither exists; the message lists every valid name.
    """
    if name in table:
        return table[name]
    if ":" in name:
        module_name, _, attribute = name.partition(":")
        # Last, and for objects of one's own alone: a file there must not shadow a library.
        if (folder := own_code()) not in sys.path:
            sys.path.append(folder)
        try:
            found: T = getattr(import_module(module_name), attribute)
        except (ImportError, AttributeError, ValueError) as error:
            raise UnknownNameError(
                f"{kind} {name!r} cannot be imported ({error}); "
                f"name an importable package.module:object or one of {', '.join(table)}."
            ) from error
        return found
    raise UnknownNameError(
        f"{kind} must be one of {', '.join(table)} or package.module:object, not {name!r}."
    )


def own_code() -> str:
    """The folder of the user's own modules: where the user stands."""
    return os.environ.get(OWN_CODE) or str(Path.cwd())
