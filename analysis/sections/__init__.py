"""The sections of the report, in order. A new one is a file here and a line in ``SECTIONS``.

A section is a function from ``Results`` to ``Section``, or to None if the study has nothing
for it.
"""

from collections.abc import Callable

from analysis.blocks import Section
from analysis.results import Results
from analysis.sections import (
    budget,
    convergence,
    failures,
    imratio,
    main_table,
    provenance,
    sensitivity,
    tuning,
    verdict,
)

__all__ = ["SECTIONS"]

SECTIONS: tuple[Callable[[Results], Section | None], ...] = (
    verdict.section,
    main_table.section,
    imratio.section,
    sensitivity.section,
    tuning.section,
    convergence.section,
    budget.section,
    failures.section,
    provenance.section,
)
