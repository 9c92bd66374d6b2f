"""Checksums of what a study's results hang on beside its spec: its data and the user's own code."""

import hashlib
import inspect
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from study.cell import Cell
from study.words import OPTION
from trainables.datasets.cache import read_source
from trainables.datasets.source import Source
from trainables.files import checksum
from trainables.models import LIBRARIES
from trainables.models.features import of_images
from trainables.models.weights import weights_file

__all__ = ["Fingerprints", "differences", "fingerprints", "weights_of"]

Fingerprints = dict[str, dict[str, dict[str, str]]]
"""SHA-256: {"data": {data set: {file: checksum}}, "code": {package.module:object: {...}}},
and "weights": {network: {...}} where networks begin with those of a file."""

WEIGHTS = f"{OPTION}weights"
"""The option of networks, where a study searches or moves it."""

ARRAYS = "arrays"
"""Stands for the files of a data set whose reader names none."""


def fingerprints(cells: Sequence[Cell]) -> Fingerprints:
    """Of the data sets of ``cells`` and of the user's own modules, each looked at as it is now.

    A data set is known by its files or, if its reader names none, by the shapes and values of what
    it gave. Of a ``package.module:object`` the module alone is looked at, not what it imports.
    """
    sets = {(cell.dataset, cell.run["data_root"]): cell.run for cell in cells}
    # First, since a reader's module is imported by it where nothing has done so yet.
    data = {
        shown: _data(read_source(run["dataset"], root, data=run.get("data")))
        for (shown, root), run in sorted(sets.items())
    }
    named = {n for cell in cells for n in (cell.base, cell.run["dataset"], _network(cell.run)[0])}
    modules = {
        name: _module(name.partition(":")[0])
        for name in sorted(named)
        if ":" in name and name.partition(":")[0] not in LIBRARIES
    }
    code = {name: {file.name: checksum(file)} for name, file in modules.items() if file}
    found = {"data": data, "code": code}
    if weights := _weights(cells):
        found["weights"] = weights
    return found


def differences(began: Mapping[str, Any], now: Fingerprints) -> Iterator[str]:
    """What is not as it was, each a clause that names both checksums.

    Something of which ``began`` knows nothing joined later, or was not looked at by the version
    that the study began with: no difference.
    """
    for kind, found in now.items():
        for what, checksums in found.items():
            before = began.get(kind, {}).get(what) or checksums
            for name, value in checksums.items():
                if before.get(name) != value:
                    yield (
                        f"{what}'s {name} is not what the study began with (SHA-256 "
                        f"{value[:12]}..., not {before.get(name, 'none')[:12]}...)"
                    )


def weights_of(run: Mapping[str, Any]) -> Path | None:
    """The file of weights that trials with these settings begin with; None: there is none."""
    weights = _network(run)[1].get("weights")
    return None if weights is None else weights_file(str(weights), Path(run["data_root"]))


def _network(run: Mapping[str, Any]) -> tuple[str, Mapping[str, Any]]:
    """The network that sees the images, and its options."""
    return of_images(run["model"], run.get("network", {}))


def _weights(cells: Sequence[Cell]) -> dict[str, dict[str, str]]:
    """Those of a task by the file's name, those that are searched or moved as the spec has them."""
    files: dict[str, dict[str, Path | None]] = {}
    for cell in cells:
        own = files.setdefault(cell.model, {})
        if file := weights_of(cell.run):
            own[file.name] = file
        searched = getattr(cell.space.get(WEIGHTS), "choices", ())
        moved = cell.moves.values.get(WEIGHTS, ()) if cell.moves else ()
        own |= {
            str(each): weights_of(cell.trial({WEIGHTS: each}, {})) for each in (*searched, *moved)
        }
    sums = {file: checksum(file) for own in files.values() for file in own.values() if file}
    found = {
        model: {name: sums[file] for name, file in own.items() if file}
        for model, own in files.items()
    }
    return {model: own for model, own in found.items() if own}


def _data(source: Source) -> dict[str, str]:
    return source.checksums or {ARRAYS: _arrays(source)}


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
