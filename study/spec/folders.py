"""A spec in its study's directory, which may be run from anywhere: where its data lie."""

import os
from pathlib import Path

from study.spec.model import DATA_VARIABLE, StudySpec, data_root

__all__ = ["for_everywhere", "from_directory"]


def for_everywhere(spec: StudySpec) -> StudySpec:
    """``spec`` as its study's directory keeps it: it means the same, wherever it is read.

    The folder of the data sets becomes absolute. $AUCSTUDY_DATA, where it decides, goes on to do
    so: it may be another folder on another machine.
    """
    if spec.data_root is None and os.environ.get(DATA_VARIABLE):
        return spec
    return spec.model_copy(update={"data_root": data_root(spec)})


def from_directory(spec: StudySpec, directory: Path) -> StudySpec:
    """``spec``, read from a study's own ``directory``, as that study means it.

    Versions before kept a relative data_root as it was. It counts from where the study was begun,
    as far as that shows: the directory's path then ends in what the spec calls it.
    """
    root = spec.data_root or (None if os.environ.get(DATA_VARIABLE) else Path("data"))
    if root is not None:
        place = Path(os.path.normpath(directory))
        called = (spec.directory or Path("studies") / spec.name).parts
        begun = len(called) < len(place.parts) and place.parts[-len(called) :] == called
        there = Path(*place.parts[: -len(called)]) if begun else Path.cwd()
        root = there / root.expanduser()
    return spec.model_copy(update={"directory": directory, "data_root": root})
