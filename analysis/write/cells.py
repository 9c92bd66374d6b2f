"""Cells of a table that hold a number, or say that there is none."""

import math
from collections.abc import Callable

from analysis import labels
from analysis.write.blocks import TableCell

__all__ = ["interval", "number"]


def number(
    value: float, write: Callable[[float], str] = labels.auroc, *, title: str = "", mark: str = ""
) -> TableCell:
    """``value`` as ``write`` gives it; ``MISSING``, sorted last and untraced, for NaN."""
    if math.isnan(value):
        return TableCell(labels.MISSING)
    return TableCell(write(value), value, title, mark)


def interval(low: float, high: float, write: Callable[[float], str] = labels.auroc) -> TableCell:
    """ "low to high", sorted by the length; ``MISSING`` for NaN."""
    return TableCell(labels.interval(low, high, write), None if math.isnan(low) else high - low)
