"""Traces of numbers that come from many rows."""

from collections.abc import Collection

import pandas as pd

from analysis.read.traces import Trace, joined, trace
from analysis.results import Results

__all__ = ["confirmed", "profiled", "spent"]


def confirmed(
    results: Results, methods: Collection[str], settings: Collection[tuple[str, str]]
) -> Trace:
    """The finished confirm rows of methods on (task, ratio) settings."""
    done = results.confirm[results.confirm["state"] == "COMPLETE"]
    numbers = done.groupby("cell")["number"].agg(list)
    cells = results.cells
    return joined(
        trace(cell, "confirm", numbers[cell])
        for cell, method, *setting in zip(
            cells["cell"], cells["method"], cells["task"], cells["ratio"], strict=True
        )
        if method in methods and tuple(setting) in settings and cell in numbers
    )


def spent(results: Results, cells: Collection[str]) -> Trace:
    """Every row of cells, in all phases, superseded ones included."""
    parts = []
    for cell in results.study.cells:
        if cell.id in cells:
            numbers: dict[str, list[int]] = {}
            for row in cell.rows:
                numbers.setdefault(row.phase, []).append(row.number)
            parts += [trace(cell.id, phase, rows) for phase, rows in numbers.items()]
    return joined(parts)


def profiled(rows: pd.DataFrame) -> Trace:
    """The trials of rows of ``analysis.compare.profile.profiles``."""
    return joined(
        trace(cell, "confirm" if own else "profile", numbers)
        for cell, own, numbers in zip(rows["cell"], rows["own"], rows["rows"], strict=True)
    )
