"""The phases of a cell, and how the Optuna storage keeps them."""

from collections.abc import Mapping
from typing import Any

__all__ = ["PHASES", "moved_of", "optuna_study", "over_searches", "warm_from_of"]

PHASES = ("search", "confirm", "profile")
"""In the order in which they follow each other."""


def optuna_study(name: str, cell: str, phase: str) -> str:
    """What the Optuna study of a phase is called, in the study called ``name``."""
    return f"{name}/{cell}" if phase == "search" else f"{name}/{cell}/{phase}"


def moved_of(attributes: Mapping[str, Any]) -> dict[str, Any]:
    """The hyperparameter that a profile row moves, and its value; empty for any other row."""
    moved = attributes.get("moved")
    return {} if moved is None else {moved[0]: moved[1]}


def warm_from_of(attributes: Mapping[str, Any]) -> tuple[str, int] | None:
    """Cell and number of the row that a warm-started one repeats; None for any other row."""
    found = attributes.get("warm_from")
    return None if found is None else (found[0], found[1])


def over_searches(seed: int | None, repeat: int, each: int) -> int | None:
    """Index of a confirm seed among those of all searches, the first search's first.

    Args:
        seed: index among those of its search; None for a search row.
        repeat: which search.
        each: confirm seeds of each search.
    """
    return None if seed is None else repeat * each + seed
