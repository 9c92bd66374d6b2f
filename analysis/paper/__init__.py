"""Figures for a paper as SVG and PDF, drawn with matplotlib: no browser takes part.

A new figure is a function from ``Findings`` to a ``Figure``, or to None if the study has nothing
for it, and a line in ``FIGURES``. A figure that the report has too has the same name there.
"""

from collections.abc import Callable, Iterator
from pathlib import Path

from matplotlib.figure import Figure

from analysis.files import remove_others, write_bytes
from analysis.findings import Findings
from analysis.paper import (
    comparison,
    course,
    critical_difference,
    intervals,
    profile,
    sensitivity,
)
from analysis.paper.style import KINDS, RENDERER, save, styled

__all__ = ["FIGURES", "KINDS", "RENDERER", "draw", "write_figures"]

FIGURES: dict[str, Callable[[Findings], Figure | None]] = {
    "main-comparison": comparison.main,
    "critical-difference": critical_difference.draw,
    "imratio-curves": comparison.along_imratio,
    "profiles": profile.draw,
    "best-of-n": course.best_of_random,
    "convergence-interval": course.convergence,
}


def draw(findings: Findings) -> Iterator[tuple[str, Figure]]:
    """Each figure that the study has something for, by name."""
    for name, make in FIGURES.items():
        figure = make(findings)
        if figure is not None:
            yield name, figure
    yield from intervals.figures(findings)
    yield from sensitivity.figures(findings)


def write_figures(findings: Findings, folder: Path) -> list[str]:
    """Write each figure in every kind; return their names.

    Files of those kinds that an earlier report left in ``folder`` are removed.
    """
    names, written = [], []
    with styled():
        for name, figure in draw(findings):
            names.append(name)
            for kind, content in save(figure).items():
                path = folder / f"{name}.{kind}"
                write_bytes(path, content)
                written.append(path)
    remove_others(folder, [f".{kind}" for kind in KINDS], written)
    return names
