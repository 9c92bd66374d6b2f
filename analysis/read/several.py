"""Several studies as one: their cells side by side."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from analysis.errors import AnalysisError
from analysis.labels import listing
from analysis.read.provenance import flatten
from analysis.read.rivals import paired, rivals
from analysis.results import Origin, Results, from_record
from study.records import StudyRecord
from study.words import plural

__all__ = ["combine", "read_together"]

_MACHINE = ("versions", "python", "commit", "processor", "gpus")
"""Entries of the provenance that may explain a difference between studies."""


def read_together(directories: Sequence[Path]) -> Results:
    """Read several studies as one, see ``combine``.

    Raises:
        study.errors.StudyError: a directory holds no study that can be read.
        AnalysisError: a directory is named twice.
    """
    # Imported here: frames from records at hand need no storage.
    from study.reader import read_study

    places = [directory.resolve() for directory in directories]
    twice = dict.fromkeys(place for place in places if places.count(place) > 1)
    if twice:
        raise AnalysisError(
            f"A report of several studies takes each once; {listing(twice)} came twice. "
            "Leave the second out."
        )
    return combine([read_study(directory) for directory in directories])


def combine(studies: Sequence[StudyRecord]) -> Results:
    """The frames of several studies together.

    Cells of one task and imbalance ratio are rivals, whichever study ran them. Where that would
    compare what does not compare, names keep things apart, and a remark says so:

    - a task that the studies ran by different protocols (epochs, model, validation cut, data,
      precision, ...) becomes one task a protocol;
    - a method that two studies ran on the same setting, or with a hyperparameter fixed at two
      values or in one of them only, becomes one method a study (other search spaces are only
      told);
    - confirm rows share a seed index only if they share the data seed.

    Ids of cells begin with the study's name; ``Results.origins`` leads back.
    """
    named = dict(zip(_labels(studies), studies, strict=True))
    tasks, methods = rivals(named)
    origins, cells = {}, []
    for label, study in named.items():
        for cell in study.cells:
            key = f"{label}:{cell.id}"
            origins[key] = Origin(study.directory, cell.id)
            names = (tasks.new[label, cell.task], methods.new[label, cell.method])
            cells.append(replace(cell, id=key, task=names[0], method=names[1]))
    paired_cells, unpaired = paired(cells)
    record = StudyRecord(
        name=" + ".join(named),
        directory=studies[0].directory,
        spec={label: study.spec for label, study in named.items()},
        provenance={label: study.provenance for label, study in named.items()},
        cells=tuple(paired_cells),
    )
    first = f"{plural(len(named), 'study', 'studies')} read together: {listing(named)}."
    remarks = (first, *tasks.remarks, *methods.remarks, *unpaired, *_machines(named))
    return replace(from_record(record), origins=origins, remarks=remarks)


def _labels(studies: Sequence[StudyRecord]) -> list[str]:
    """A name for each: its own, with its folder's or a number where several share it."""
    names = [study.name for study in studies]
    fuller = [
        f"{study.name} in {study.directory.name}" if names.count(study.name) > 1 else study.name
        for study in studies
    ]
    return [
        f"{name}, {fuller[: i + 1].count(name)}" if fuller.count(name) > 1 else name
        for i, name in enumerate(fuller)
    ]


def _machines(named: Mapping[str, StudyRecord]) -> list[str]:
    """What the studies ran with, where it differs."""
    facts = [
        dict(flatten({key: study.provenance.get(key) for key in _MACHINE}))
        for study in named.values()
    ]
    keys = dict.fromkeys(key for fact in facts for key in fact)
    differing = [key for key in keys if any(f.get(key) != facts[0].get(key) for f in facts)]
    if not differing:
        return []
    return [f"The studies did not run with the same {listing(differing)}: see Provenance."]
