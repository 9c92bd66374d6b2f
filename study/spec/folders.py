"""A spec in its study's directory, which may be run from anywhere: where data and database lie."""

import os
from pathlib import Path

from study.spec.model import DATA_VARIABLE, StudySpec, data_root

__all__ = ["for_everywhere", "from_directory"]


def for_everywhere(spec: StudySpec) -> StudySpec:
    """``spec`` as its study's directory keeps it: it means the same, wherever it is read.

    The folder of the data sets and the file of an SQLite database become absolute.
    $AUCSTUDY_DATA, where it decides, goes on to do so: it may be another folder on another machine.
    """
    root = spec.data_root
    if root is not None or not os.environ.get(DATA_VARIABLE):
        root = data_root(spec)
    return spec.model_copy(update={"data_root": root, "storage": _storage(spec, Path.cwd())})


def from_directory(spec: StudySpec, directory: Path) -> StudySpec:
    """``spec``, read from a study's own ``directory``, as that study means it.

    Versions before kept a relative path as it was. It counts from where the study was begun, as
    far as that shows: the directory's path then ends in what the spec calls it.
    """
    place = Path(os.path.normpath(directory))
    called = (spec.directory or Path("studies") / spec.name).parts
    begun = len(called) < len(place.parts) and place.parts[-len(called) :] == called
    there = Path(*place.parts[: -len(called)]) if begun else Path.cwd()
    root = spec.data_root or (None if os.environ.get(DATA_VARIABLE) else Path("data"))
    return spec.model_copy(
        update={
            "directory": directory,
            "data_root": None if root is None else there / root.expanduser(),
            "storage": _storage(spec, there),
        }
    )


def _storage(spec: StudySpec, folder: Path) -> str | None:
    from study.database_url import absolute

    return None if spec.storage is None else absolute(spec.storage, folder)
