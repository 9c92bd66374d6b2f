"""A CSV file of the user's own: a row an image, with its path and its labels."""

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from trainables.datasets.formats.csv_table import HEADER, numbered, numbers, read_columns
from trainables.datasets.formats.decode import Decoding
from trainables.datasets.own.listed import Listed, placed
from trainables.datasets.source import Source, missing
from trainables.datasets.store.photos import Undecodable
from trainables.errors import DataError

__all__ = ["read_csv"]

PARTS = {
    "train": ("train", "training"),
    "val": ("val", "valid", "validation"),
    "test": ("test", "testing"),
}
"""What a split column may say, in any case."""

Column = NDArray[np.str_]


def read_csv(
    root: Path,
    download: bool,  # noqa: ARG001
    *,
    csv: str,
    path: str,
    labels: str | Sequence[str],
    images: str | None = None,
    group: str | None = None,
    metadata: str | Sequence[str] = (),
    split: str | None = None,
    image_size: int | None = None,
    channels: Literal[1, 3] | None = None,
    resize: Literal["crop", "squash"] = "crop",
    undecodable: Undecodable = "stop",
) -> Source:
    """Images of one's own, listed in a CSV file: a row an image.

    One column of ``labels`` holds class names or numbers; the classes are numbered in their order,
    and the upper half is positive unless ``positives`` says otherwise. Of several columns each is a
    label, from 0 to 1, empty where it is not known.

    Args:
        root: folder of the data sets.
        download: not used.
        csv: the file; a relative path counts from the folder of the data sets.
        path: the column with the path of each image.
        labels: the column, or columns, with the labels.
        images: the folder from which these paths count; None: that of the file.
        group: the column that says which patient an image is of.
        metadata: columns that travel with the images: numbers, where all that is not empty is one,
            else categories.
        split: the column that says train, val (valid, validation) or test; without it, or where it
            names no test, a fifth of the images is cut off for the test, stratified, groups kept
            apart, the same for every seed.
        image_size: pixels of the squares that images become; None: they are squares of one size.
        channels: 1 or 3; None: 3 if any image has colour.
        resize: crop (the shorter side becomes image_size, and the middle is kept) or squash.
        undecodable: what becomes of an image that cannot be decoded: stop, which names it, or skip.

    Raises:
        DataError: the file, a column or an image is missing; a cell is not what it must be; there
            is one class alone; an image cannot be decoded.
    """
    how = Decoding(image_size, channels, resize)
    file = placed(root, csv)
    if not file.is_file():
        raise missing(f"the file {csv!r}", [file], download="")
    folder = file.parent if images is None else placed(root, images)
    of_labels, of_metadata = _names("labels", labels), _names("metadata", metadata)
    if not of_labels:
        raise DataError("labels must name one column at least, not none.")
    wanted = [path, *of_labels, *of_metadata, *(each for each in (group, split) if each)]
    table = read_columns(file, list(dict.fromkeys(wanted)), own=True)
    _refuse_empty(file, path, table[path])
    several = len(of_labels) > 1
    ids, classes = (
        (_soft(file, {name: table[name] for name in of_labels}), ())
        if several
        else (_class_ids(file, of_labels[0], table[of_labels[0]]))
    )
    if group is not None:
        _refuse_empty(file, group, table[group])
    return Listed(
        what=file.name,
        files=[folder / name for name in table[path]],
        labels=ids,
        parts=_parts(file, split, table[split]) if split else np.full(len(ids), "train"),
        classes=classes,
        names=tuple(of_labels) if several else (),
        groups=None if group is None else numbered(table[group]),
        metadata={name: _typed(table[name]) for name in of_metadata} if of_metadata else None,
        beside=(file,),
    ).source(how, undecodable)


def _names(option: str, given: str | Sequence[str]) -> list[str]:
    found = [given] if isinstance(given, str) else list(given)
    if not all(isinstance(each, str) for each in found) or len({*found}) < len(found):
        raise DataError(f"{option} must be the name of a column, or several, not {given!r}.")
    return found


def _refuse_empty(file: Path, name: str, column: Column) -> None:
    empty = np.flatnonzero(column == "")
    if len(empty):
        raise DataError(
            f"{file} must have something in the column {name!r}, and line {empty[0] + HEADER:,} "
            "has nothing: fill it in, or take the row out."
        )


def _class_ids(file: Path, name: str, column: Column) -> tuple[Tensor, tuple[str, ...]]:
    """int64 (N,), and the classes' names."""
    _refuse_empty(file, name, column)
    is_number = np.array([_is_number(cell) for cell in column])
    if is_number.any() and not is_number.all():
        other = np.flatnonzero(~is_number)[0]
        raise DataError(
            f"{file} must have numbers alone or names alone in the column {name!r}, and line "
            f"{other + HEADER:,} has {str(column[other])!r} among numbers: correct it."
        )
    values = column.astype(np.float64) if is_number.all() else column
    found, ids = np.unique(values, return_inverse=True)
    classes = tuple(f"{each:g}" if is_number.all() else str(each) for each in found)
    if len(classes) < 2:
        raise DataError(
            f"{file} must name two classes or more in the column {name!r}, and has {classes[0]!r} "
            "alone: name the column that tells them apart."
        )
    return torch.from_numpy(ids.astype(np.int64)), classes


def _soft(file: Path, columns: dict[str, Column]) -> Tensor:
    """float32 (N, L), NaN where a cell is empty."""
    found = []
    for name, column in columns.items():
        values = numbers(file, name, column)
        out = np.flatnonzero((values < 0) | (values > 1))
        if len(out):
            raise DataError(
                f"{file} must have numbers from 0 to 1, or nothing, in the column {name!r}, and "
                f"line {out[0] + HEADER:,} has {str(column[out[0]])!r}: correct it."
            )
        found.append(values)
    return torch.from_numpy(np.stack(found, 1).astype(np.float32))


def _parts(file: Path, name: str, column: Column) -> Column:
    known = {word: part for part, words in PARTS.items() for word in words}
    found = []
    for line, cell in enumerate(column, HEADER):
        part = known.get(cell.strip().lower())
        if part is None:
            raise DataError(
                f"{file} must have train, val or test in the column {name!r}, and line {line:,} "
                f"has {str(cell)!r}: correct it."
            )
        found.append(part)
    if "train" not in found:
        raise DataError(f"{file} must have rows for train in the column {name!r}, and has none.")
    return np.array(found)


def _typed(column: Column) -> NDArray[np.float64] | Column:
    """Numbers if all that is known is one, else categories."""
    known = column[column != ""]
    if not all(_is_number(cell) for cell in known):
        return column
    found = np.full(len(column), np.nan)
    found[column != ""] = known.astype(np.float64)
    return found


def _is_number(cell: str) -> bool:
    try:
        return bool(np.isfinite(float(cell)))
    except ValueError:
        return False
