"""Chapters that know of the mean over labels alone say so, where a study has several labels."""

from dataclasses import replace

from analysis.findings import Findings
from analysis.labels import listing
from analysis.write.blocks import Prose, Section
from study.words import plural

__all__ = ["MEAN_ALONE", "with_sentence"]

MEAN_ALONE = frozenset(
    (
        *("glance", "profiles", "verdict", "main-table", "pairwise", "critical-difference"),
        *("rank-stability", "imratio-curves", "profile-values", "sensitivity", "pairs"),
        *("importance", "transfer", "tuning", "published", "ensembles"),
    )
)
"""Their keys."""
COUNTING = frozenset(("verdict", "main-table", "imratio-curves"))
"""Those of them that name numbers of test images."""
COUNTS = " Its counts of test positives and negatives are those of the label with fewest positives."


def with_sentence(section: Section, findings: Findings) -> Section:
    """The section, with a sentence where it goes by the mean over labels."""
    several = findings.results.labels
    if not several or section.key not in MEAN_ALONE:
        return section
    tasks = listing(f"{task}: {plural(len(names), 'label')}" for task, names in several.items())
    where = "" if findings.by_label.cells.empty else "; the chapter Labels has them one by one"
    counts = COUNTS if section.key in COUNTING else ""
    said = Prose(f"This goes by the mean over labels alone ({tasks}){where}.{counts}")
    # The first screen keeps its sentences and figure together.
    place = len(section.blocks) if section.key == "glance" else 1
    return replace(section, blocks=[*section.blocks[:place], said, *section.blocks[place:]])
