"""The sections of the report, in order. A new one is a file here and a line in ``SECTIONS``.

A section is a function from ``Results`` to ``Section``, or to None if the study has nothing
for it.
"""

from collections.abc import Callable

from analysis.results import Results
from analysis.sections import (
    budget,
    convergence,
    critical_difference,
    failures,
    importance,
    imratio,
    main_table,
    pairs,
    pairwise,
    provenance,
    published,
    roc,
    sensitivity,
    transfer,
    tsne,
    tuning,
    verdict,
)
from analysis.write.blocks import Section

__all__ = ["SECTIONS"]

SECTIONS: tuple[Callable[[Results], Section | None], ...] = (
    verdict.section,
    main_table.section,
    pairwise.section,
    critical_difference.section,
    imratio.section,
    sensitivity.section,
    pairs.section,
    importance.section,
    transfer.section,
    tuning.section,
    convergence.section,
    roc.section,
    tsne.section,
    published.section,
    budget.section,
    failures.section,
    provenance.section,
)
