"""A folder of the user's own: a folder of images for each class."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from trainables.datasets.formats.csv_table import numbered
from trainables.datasets.formats.decode import SUFFIXES, Decoding
from trainables.datasets.own.listed import Listed, Part, placed
from trainables.datasets.source import Source, missing
from trainables.datasets.store.photos import Undecodable
from trainables.errors import DataError

__all__ = ["read_folder"]

PARTS: dict[str, Part] = {
    "train": "train",
    "val": "val",
    "valid": "val",
    "validation": "val",
    "test": "test",
}
"""Names of folders that are parts, where there is a ``train``."""


def read_folder(
    root: Path,
    download: bool,  # noqa: ARG001
    *,
    folder: str,
    image_size: int | None = None,
    channels: Literal[1, 3] | None = None,
    resize: Literal["crop", "squash"] = "crop",
    undecodable: Undecodable = "stop",
    group: str | None = None,
) -> Source:
    """Images of one's own: a folder of them for each class, which has its name.

    ``folder`` holds the class folders, or ``train``, ``val`` (or ``valid``, ``validation``) and
    ``test`` with the class folders in each. Without ``test`` a fifth of the images is cut off for
    it, stratified and the same for every seed; without ``val`` the validation part is drawn by the
    data seed. Classes are numbered in the order of their names; the upper half is positive unless
    ``positives`` says otherwise. Images are PNG, JPEG, WebP, TIFF, BMP and DICOM files, also in
    folders below those of their classes; other files are left alone.

    Args:
        root: folder of the data sets.
        download: not used.
        folder: its path; a relative one counts from the folder of the data sets.
        image_size: pixels of the squares that images become; None: they are squares of one size.
        channels: 1 or 3; None: 3 if any image has colour.
        resize: crop (the shorter side becomes image_size, and the middle is kept) or squash.
        undecodable: what becomes of an image that cannot be decoded: stop, which names it, or skip.
        group: a regular expression with one group, searched in the path of an image below its class
            folder: what it finds names the patient, as ``^(\\d+)_`` does in 17_left.png.

    Raises:
        DataError: the folder or a class folder is missing or empty, there is one class alone, an
            image cannot be decoded, or ``group`` does not find anything.
    """
    how = Decoding(image_size, channels, resize)
    place = placed(root, folder)
    if not place.is_dir():
        raise missing(f"the folder {folder!r}", [place], download="")
    tops: dict[Path, Part] = {place: "train"}
    if (place / "train").is_dir():
        tops = {place / name: part for name, part in PARTS.items() if (place / name).is_dir()}
    classes = _classes(tops)
    found = [
        (file, file.relative_to(top / name).as_posix(), number, part)
        for top, part in tops.items()
        for number, name in enumerate(classes)
        for file in _images(top / name)
    ]
    return Listed(
        what=place.name,
        files=[file for file, _, _, _ in found],
        labels=torch.tensor([number for _, _, number, _ in found]),
        parts=np.array([part for _, _, _, part in found]),
        classes=classes,
        groups=None if group is None else _groups(group, [name for _, name, _, _ in found]),
    ).source(how, undecodable)


def _classes(tops: dict[Path, Part]) -> tuple[str, ...]:
    """Names of the class folders, which all parts have."""
    by_top = {top: tuple(_folders(top)) for top in tops}
    first, classes = next(iter(by_top.items()))
    if len(classes) < 2:
        has = f"one ({classes[0]})" if classes else "none"
        raise DataError(
            f"{first} must hold a folder of images for each class, two or more, and has {has}: put "
            "the images of each class into a folder that has its name."
        )
    for top, others in by_top.items():
        if others != classes:
            lacking = sorted({*classes} - {*others})
            more = sorted({*others} - {*classes})
            wrong = f"lacks {', '.join(lacking)}" if lacking else f"also has {', '.join(more)}"
            raise DataError(
                f"{top} must have the class folders of {first}, {', '.join(classes)}, and {wrong}: "
                "give both the same."
            )
    return classes


def _folders(top: Path) -> Iterator[str]:
    return iter(sorted(e.name for e in top.iterdir() if e.is_dir() and not e.name.startswith(".")))


def _images(folder: Path) -> list[Path]:
    found = sorted(
        file
        for file in folder.rglob("*")
        if file.suffix.lower() in SUFFIXES and not file.name.startswith(".") and file.is_file()
    )
    if not found:
        raise DataError(
            f"{folder} must hold images ({', '.join(SUFFIXES)}), and has none: put some there, or "
            "remove the folder."
        )
    return found


def _groups(expression: str, names: Sequence[str]) -> Tensor:
    try:
        pattern = re.compile(expression)
    except (re.error, TypeError) as error:
        raise DataError(
            f"group must be a regular expression, and {expression!r} is none: {error}."
        ) from error
    if pattern.groups != 1:
        raise DataError(
            f"group must have one group in parentheses, which names the patient, and {expression!r}"
            f" has {pattern.groups}."
        )
    found = []
    for name in names:
        match = pattern.search(name)
        if match is None or match[1] is None:
            raise DataError(
                f"group must find something in the name of each image, and {expression!r} finds "
                f"nothing in {name}: change the expression or the name."
            )
        found.append(match[1])
    return numbered(found)
