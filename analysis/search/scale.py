"""A hyperparameter's values on the scale on which it was searched."""

import math
from collections.abc import Mapping
from typing import Any

__all__ = ["kind", "place", "written"]


def kind(entry: Mapping[str, Any]) -> str:
    """ "log", "linear" or "choice", from a cell's entry of the searched space."""
    if "choices" in entry:
        return "choice"
    return "log" if entry.get("log") else "linear"


def place(entry: Mapping[str, Any], value: Any) -> float:
    """``value`` as a number; for a choice its place in the list, from 0 (NaN: not in it)."""
    if "choices" not in entry:
        return float(value)
    choices = list(entry["choices"])
    return float(choices.index(value)) if value in choices else math.nan


def written(entry: Mapping[str, Any], value: Any) -> str:
    """``value`` in a figure or a table: three digits, or the choice by its name."""
    return str(value) if "choices" in entry else f"{value:.3g}"
