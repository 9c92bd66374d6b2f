"""The phases of a cell, and how the Optuna storage keeps them."""

from collections.abc import Mapping
from typing import Any

__all__ = ["PHASES", "moved_of", "optuna_study"]

PHASES = ("search", "confirm", "profile")
"""In the order in which they follow each other."""


def optuna_study(name: str, cell: str, phase: str) -> str:
    """What the Optuna study of a phase is called, in the study called ``name``."""
    return f"{name}/{cell}" if phase == "search" else f"{name}/{cell}/{phase}"


def moved_of(attributes: Mapping[str, Any]) -> dict[str, Any]:
    """The hyperparameter that a profile row moves, and its value; empty for any other row."""
    moved = attributes.get("moved")
    return {} if moved is None else {moved[0]: moved[1]}
