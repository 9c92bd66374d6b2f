"""Checksums of what a study's results hang on beside its spec: its data and the user's own code."""

import hashlib
import inspect
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from study.cell import Cell
from trainables.datasets.cache import read_source
from trainables.datasets.source import Source

__all__ = ["Fingerprints", "code", "data", "differences"]

Fingerprints = dict[str, dict[str, str]]
"""SHA-256 by what it is of: {data set: {file: checksum}}, {package.module:object: {...}}."""

ARRAYS = "arrays"
"""Stands for the files of a data set whose reader names none."""


def data(cells: Sequence[Cell]) -> Fingerprints:
    """SHA-256 of every file by its name, by data set.

    A reader that names no files is known by the shapes and values of what it gave.
    """
    sets = sorted({(cell.dataset, cell.run["data_root"]) for cell in cells})
    sources = {dataset: read_source(dataset, root) for dataset, root in sets}
    return {name: source.checksums or {ARRAYS: _arrays(source)} for name, source in sources.items()}


def code(cells: Sequence[Cell]) -> Fingerprints:
    """SHA-256 of the module of every ``package.module:object`` that the cells name.

    The module alone is looked at, not what it imports.
    """
    names = sorted({n for cell in cells for n in (cell.method, cell.dataset, cell.model)})
    found = {name: _module(name.partition(":")[0]) for name in names if ":" in name}
    return {name: {file.name: _sha256(file)} for name, file in found.items() if file is not None}


def differences(began: Mapping[str, Mapping[str, str]], now: Fingerprints) -> Iterator[str]:
    """What is not as it was, each a clause that names both checksums.

    Something of which ``began`` knows nothing joined later, or was not looked at by the version
    that the study began with: no difference.
    """
    for what, checksums in now.items():
        for name, checksum in checksums.items():
            before = began.get(what) or checksums
            if before.get(name) != checksum:
                yield (
                    f"{what}'s {name} is not what the study began with (SHA-256 "
                    f"{checksum[:12]}..., not {before.get(name, 'none')[:12]}...)"
                )


def _arrays(source: Source) -> str:
    digest = hashlib.sha256()
    for tensor in (
        source.train_images,
        source.train_labels,
        source.test_images,
        source.test_labels,
    ):
        digest.update(f"{tensor.dtype} {tuple(tensor.shape)}".encode())
        digest.update(tensor.contiguous().numpy().data)
    return digest.hexdigest()


def _module(name: str) -> Path | None:
    """The module's source; None where it has none (built in, or compiled)."""
    try:
        file = inspect.getsourcefile(sys.modules[name])
    except (KeyError, TypeError):
        return None
    return None if file is None or not Path(file).is_file() else Path(file)


def _sha256(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
