"""From YAML to a checked ``StudySpec``, and back."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from study.spec.entries import Choices, Grid, Span
from study.spec.environment import check_environment
from study.spec.folders import for_everywhere, from_directory
from study.spec.growth import changes
from study.spec.model import (
    MODEL,
    Confirm,
    Profile,
    Resources,
    Search,
    StudySpec,
    Task,
    Variant,
    data_root,
    default_data_root,
    directory_of,
    ratios,
)
from study.spec.named import Dataset, Network
from study.spec.names import name_problems
from study.spec.network_options import network_of, option_space, written_options
from study.spec.older import as_begun, before_values, completed
from study.spec.remarks import remarks
from study.spec.sentences import Problem, problems_of, spec_error
from study.spec.space import (
    fixed_params,
    space_entry,
    tuned_space,
)
from study.spec.text import Document, is_there, preset_names, read_document

__all__ = [
    "Choices",
    "Confirm",
    "Dataset",
    "Grid",
    "Network",
    "Profile",
    "Resources",
    "Search",
    "Span",
    "StudySpec",
    "Task",
    "Variant",
    "before_values",
    "changes",
    "check_environment",
    "completed",
    "data_root",
    "default_data_root",
    "directory_of",
    "dump",
    "find_directory",
    "fixed_params",
    "for_everywhere",
    "load_spec",
    "network_of",
    "option_space",
    "parse_spec",
    "preset_names",
    "ratios",
    "remarks",
    "tuned_space",
]


def load_spec(spec: str) -> StudySpec:
    """The study that a YAML file, a study's directory or a preset describes.

    A ``study.yaml`` in a directory that ``run`` wrote stands for the study in that directory,
    wherever it lies now.

    Raises:
        SpecError: not found, not YAML, or wrong; one line for each thing that is wrong, with its
            place in the file, what is allowed and what arrived.
    """
    document = read_document(spec)
    found = _parse(document)
    return from_directory(found, document.directory) if document.directory else found


def parse_spec(data: Mapping[str, Any], title: str = "spec") -> StudySpec:
    """The study that plain data describe; checked as ``load_spec`` checks a file.

    Raises:
        SpecError: as ``load_spec``; ``title`` stands where the file's name would.
    """
    return _parse(Document(title, data))


def find_directory(study: str) -> Path:
    """The directory of the study that a directory, a YAML file or a preset stands for.

    Names of methods and data are not looked at, so that torch is not loaded.

    Raises:
        SpecError: not found, not YAML, or not shaped as a spec.
    """
    if study not in preset_names() and is_there(Path(study), Path.is_dir):
        return Path(study).absolute()
    document = read_document(study)
    return document.directory or directory_of(_shape(document))


def _parse(document: Document) -> StudySpec:
    spec = _shape(document)
    if problems := name_problems(spec):
        raise spec_error(document, problems)
    return as_begun(spec, document.directory or directory_of(spec))


def _shape(document: Document) -> StudySpec:
    if not isinstance(document.data, Mapping):
        wrong = "must hold the keys of a study (name: ..., methods: ...), and it does not"
        raise spec_error(document, [Problem((), wrong)])
    try:
        return StudySpec.model_validate(document.data)
    except ValidationError as error:
        raise spec_error(document, problems_of(error)) from None


def dump(spec: StudySpec) -> str:
    """The spec as YAML with every default written out, the searched ranges included.

    Loading it gives the same study, also under a later version with other defaults. ``storage``
    keeps the names of environment variables, not their values.
    """
    data = spec.model_dump(mode="json", exclude={"space", "storage"})
    data["space"] = {
        variant.name: {
            **{name: space_entry(found) for name, found in tuned_space(spec, variant).items()},
            **{n: v for n, v in fixed_params(spec, variant).items() if n not in variant.set},
        }
        for variant in spec.methods
    }
    if options := written_options(spec):
        data["space"][MODEL] = options
    data["storage"] = spec.storage
    return yaml.safe_dump(data, sort_keys=False)
