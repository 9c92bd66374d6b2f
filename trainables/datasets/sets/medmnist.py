"""MedMNIST v2 in every size and dimension, from the official .npz files.

Source: Yang et al., "MedMNIST v2", Scientific Data 2023.
"""

import os
from fractions import Fraction
from pathlib import Path
from typing import NoReturn

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from trainables.datasets.formats.npz_file import NpzFile
from trainables.datasets.sets.about import About, counted
from trainables.datasets.sets.medmnist_sets import SETS, Facts
from trainables.datasets.source import Reader, Source, missing
from trainables.datasets.store.arrays import streamed
from trainables.errors import DataError
from trainables.files import checksum

__all__ = ["ABOUT", "MEDMNIST", "read_medmnist"]

PARTS = ("train", "val", "test")
KINDS = ("images", "labels")
SMALLEST = 28
"""Pixels of the set whose file has no size in its name."""

FOLDERS = ("", "medmnist")
URL = "https://zenodo.org/records/10519652/files/{name}.npz?download=1"

ABOUT = {
    name: About(
        name,
        files=(f"{name}*.npz",),
        folders=FOLDERS,
        classes=() if facts.multi_label else facts.names,
        labels=facts.names if facts.multi_label else (),
        origin="Zenodo",
    )
    for name, facts in SETS.items()
}


def read_medmnist(name: str, root: Path, download: bool, *, image_size: int = SMALLEST) -> Source:
    """One set, from root/<file>.npz or root/medmnist/<file>.npz (there a download goes, too).

    The file is <name>.npz for 28 pixels, and <name>_<image_size>.npz for more. The official
    training and validation parts are pooled; the validation set is drawn anew from the data seed
    with the official validation share, so that seeds change it. The test part is the official one.
    A readable file is accepted whatever its checksum (mirrors reorder the arrays); its SHA-256 is
    recorded. Other numbers of images than the official ones are noted, and so is another MD5 of a
    file of 28 pixels (of the others, of up to 13 GB, it would take too long). A download must have
    the official MD5.

    Args:
        name: a key of ``SETS``.
        root: folder of the data sets.
        download: whether a missing file may be fetched from Zenodo.
        image_size: pixels of each axis: 28, 64, 128 or 224; of a 3-D set 28 or 64.

    Raises:
        DataError: the file is missing, damaged, or not of this set's form.
    """
    facts = SETS[name]
    if not isinstance(image_size, int) or image_size not in facts.md5:
        _refuse_size(name, image_size)
    stem = name if image_size == SMALLEST else f"{name}_{image_size}"
    places = [root / folder / f"{stem}.npz" for folder in FOLDERS]
    found = [place for place in places if place.is_file()]
    if not found and download:
        _download(stem, places, facts.md5[image_size])
        found = [places[1]]
    if not found:
        raise missing(stem, places, _why(name, places))
    file = found[0]
    arrays = NpzFile(file)
    labels = {part: _labels(arrays, part, facts) for part in PARTS}
    for part in PARTS:
        _refuse_other(arrays, part, len(labels[part]), facts, image_size)
    train, test = (_images(arrays, parts, facts, image_size) for parts in (PARTS[:2], PARTS[2:]))
    counts = tuple(len(labels[part]) for part in PARTS)
    return Source(
        train_images=train,
        train_labels=torch.cat([labels["train"], labels["val"]]),
        test_images=test,
        test_labels=labels["test"],
        n_classes=facts.n_classes,
        validation_share=Fraction(counts[1], counts[0] + counts[1]),
        files=(file,),
        classes=() if facts.multi_label else facts.names,
        labels=facts.names if facts.multi_label else (),
        notes=_notes(file, counts, facts, image_size),
    )


def _refuse_size(name: str, image_size: object) -> NoReturn:
    sizes = ", ".join(map(str, SETS[name].md5))
    raise DataError(
        f"{name}'s image_size must be one of {sizes}, the sizes that it is published in, not "
        f"{image_size!r}."
    )


def _notes(file: Path, counts: tuple[int, ...], facts: Facts, image_size: int) -> tuple[str, ...]:
    if notes := counted(file.name, counts, facts.images):
        return notes
    if image_size == SMALLEST and checksum(file, "md5") != facts.md5[image_size]:
        return (f"{file.name} does not have the official MD5, {facts.md5[image_size]}.",)
    return ()


def _download(stem: str, places: list[Path], md5: str) -> None:
    # Here, because torchvision is slow to import and only a download needs it.
    from torchvision.datasets.utils import download_url

    # Under a name of this process's own, then renamed: a half or wrong file is never read, and
    # several workers may download at once.
    part = places[1].with_suffix(f".{os.getpid()}.part")
    try:
        download_url(URL.format(name=stem), str(part.parent), part.name, md5)
        part.replace(places[1])
    except (RuntimeError, OSError) as error:
        part.unlink(missing_ok=True)
        raise missing(stem, places, f"cannot be downloaded ({error})") from error


def _why(name: str, places: list[Path]) -> str:
    """Why the file is missing, the set's files of other sizes being named."""
    others = [file for place in places for file in sorted(place.parent.glob(f"{name}*.npz"))]
    if not others:
        return "is missing"
    sizes = [file.stem.rpartition("_")[2] if "_" in file.stem else SMALLEST for file in others]
    return (
        f"is missing (there is {' and '.join(map(str, others))}, which a study reads by "
        f"`image_size: {sizes[0]}`)"
    )


def _labels(arrays: NpzFile, part: str, facts: Facts) -> Tensor:
    """Class ids (N,), or float32 (N, L)."""
    labels = arrays.whole(f"{part}_labels")
    width, highest = (len(facts.names), 1) if facts.multi_label else (1, facts.n_classes - 1)
    good = labels.ndim == 2 and labels.shape[1] == width and np.issubdtype(labels.dtype, np.integer)
    if not good or not labels.size or labels.min() < 0 or labels.max() > highest:
        raise DataError(
            f"{arrays.file} must hold labels (N, {width}) from 0 to {highest}, not {labels.dtype} "
            f"{labels.shape}: replace the file."
        )
    if facts.multi_label:
        return torch.from_numpy(labels.astype(np.float32))
    return torch.from_numpy(labels[:, 0].astype(np.int64))


def _refuse_other(arrays: NpzFile, part: str, count: int, facts: Facts, image_size: int) -> None:
    """Do nothing if the part has so many images of the set's form and of that size."""
    shape, dtype = arrays.form(f"{part}_images")
    axes, channels = shape[1 : 1 + facts.axes], shape[1 + facts.axes :]
    square = len(axes) == facts.axes and len(set(axes)) == 1
    known = channels == () or (channels == (3,) and facts.axes == 2)
    if dtype != np.uint8 or not square or not known or shape[0] != count:
        form = "(N, H, H) or (N, H, H, 3)" if facts.axes == 2 else "(N, H, H, H)"
        raise DataError(
            f"{arrays.file} must hold uint8 images {form}, one a label, not {dtype} {shape} for "
            f"{count} labels: replace the file."
        )
    if axes[0] != image_size:
        wanted, have = ("x".join([str(side)] * facts.axes) for side in (image_size, axes[0]))
        raise DataError(
            f"{arrays.file} must hold the set of {wanted} pixels, which is what its name means, "
            f"and its images have {have}: put the official file there, or read it by {{npz: FILE}}."
        )


def _images(arrays: NpzFile, parts: tuple[str, ...], facts: Facts, image_size: int) -> Tensor:
    """uint8 (N, C, H, W) or (N, 1, D, H, W) of the parts, one after the other.

    The larger sizes go through the store: PathMNIST of 224 pixels takes 16 GB.
    """
    names = [f"{part}_images" for part in parts]
    shapes = [arrays.form(name)[0] for name in names]
    if len({shape[1:] for shape in shapes}) > 1:
        raise DataError(
            f"{arrays.file} must hold images of one form, not {shapes}: replace the file."
        )
    colour = len(shapes[0]) > 1 + facts.axes
    pixels = (_channels_first(block, colour) for name in names for block in arrays.blocks(name))
    if image_size == SMALLEST:
        return torch.from_numpy(np.ascontiguousarray(np.concatenate([*pixels])))
    shape = (sum(shape[0] for shape in shapes), 3 if colour else 1, *[image_size] * facts.axes)
    made_of = [arrays.made_of(name) for name in names]
    return streamed(arrays.file.stem, made_of, shape, pixels)


def _channels_first(block: NDArray[np.generic], colour: bool) -> NDArray[np.uint8]:
    images = block.astype(np.uint8, copy=False)
    return images.transpose(0, 3, 1, 2) if colour else images[:, None]


def _reader(name: str) -> Reader:
    def read(root: Path, download: bool, *, image_size: int = SMALLEST) -> Source:
        return read_medmnist(name, root, download, image_size=image_size)

    sizes = ", ".join(map(str, SETS[name].md5))
    read.__doc__ = (
        f"{SETS[name].what} (MedMNIST).\n\nArgs:\n    image_size: pixels of each axis: {sizes}; "
        "each size is a file of its own.\n"
    )
    return read


MEDMNIST: dict[str, Reader] = {name: _reader(name) for name in SETS}
