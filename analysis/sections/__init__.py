"""The sections of the report, in order. A new one is a file here and a line in ``SECTIONS``.

A section is a function from ``Findings`` to ``Section``, or to None if the study has nothing
for it; docs/sections.md says what it is made of.
"""

from collections.abc import Callable

from analysis.findings import Findings
from analysis.sections import (
    budget,
    by_label,
    convergence,
    critical_difference,
    data,
    diagnostics,
    ensembles,
    failures,
    glance,
    hyperparameter_pairs,
    importance,
    imratio,
    main_table,
    method_pairs,
    metrics,
    profile,
    profile_values,
    provenance,
    published,
    rank_stability,
    roc,
    sensitivity,
    subgroups,
    transfer,
    tsne,
    tuning,
    verdict,
)
from analysis.write.blocks import Section

__all__ = ["SECTIONS"]

SECTIONS: tuple[Callable[[Findings], Section | None], ...] = (
    glance.section,
    profile.section,
    verdict.section,
    main_table.section,
    method_pairs.section,
    by_label.section,
    subgroups.section,
    metrics.section,
    ensembles.section,
    critical_difference.section,
    rank_stability.section,
    imratio.section,
    profile_values.section,
    sensitivity.section,
    hyperparameter_pairs.section,
    importance.section,
    transfer.section,
    tuning.section,
    convergence.section,
    diagnostics.section,
    roc.section,
    tsne.section,
    published.section,
    data.section,
    budget.section,
    failures.section,
    provenance.section,
)
