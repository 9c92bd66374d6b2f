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

from trainables.datasets.about import About
from trainables.datasets.medmnist_sets import SETS, Facts
from trainables.datasets.source import Reader, Source, missing
from trainables.errors import DataError

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
    recorded, and other numbers of images than the official ones are noted. A download must have
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
    if image_size not in facts.md5:
        _refuse_size(name, image_size)
    stem = name if image_size == SMALLEST else f"{name}_{image_size}"
    places = [root / folder / f"{stem}.npz" for folder in FOLDERS]
    found = [place for place in places if place.is_file()]
    if not found and download:
        _download(stem, places, facts.md5[image_size])
        found = [places[1]]
    if not found:
        raise missing(stem, places, _why(name, places))
    arrays = _arrays(found[0])
    labels = {part: _labels(found[0], arrays[f"{part}_labels"], facts) for part in PARTS}
    images = {
        part: _images(found[0], arrays[f"{part}_images"], labels[part], facts, image_size)
        for part in PARTS
    }
    counts = tuple(len(labels[part]) for part in PARTS)
    return Source(
        train_images=torch.cat([images["train"], images["val"]]),
        train_labels=torch.cat([labels["train"], labels["val"]]),
        test_images=images["test"],
        test_labels=labels["test"],
        n_classes=facts.n_classes,
        validation_share=Fraction(counts[1], counts[0] + counts[1]),
        files=(found[0],),
        classes=() if facts.multi_label else facts.names,
        labels=facts.names if facts.multi_label else (),
        notes=_notes(found[0], counts, facts),
    )


def _refuse_size(name: str, image_size: object) -> NoReturn:
    sizes = ", ".join(map(str, SETS[name].md5))
    raise DataError(
        f"{name}'s image_size must be one of {sizes}, the sizes that it is published in, not "
        f"{image_size!r}."
    )


def _notes(file: Path, counts: tuple[int, ...], facts: Facts) -> tuple[str, ...]:
    if counts == facts.images:
        return ()
    have, official = (" + ".join(f"{n:,}" for n in each) for each in (counts, facts.images))
    return (
        f"{file.name} has {have} images for training, validation and test, and the official file "
        f"{official}.",
    )


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


def _arrays(file: Path) -> dict[str, NDArray[np.generic]]:
    try:
        with file.open("rb") as stream, np.load(stream, allow_pickle=False) as archive:
            return {f"{part}_{kind}": archive[f"{part}_{kind}"] for part in PARTS for kind in KINDS}
    except Exception as error:  # a damaged archive raises almost anything
        raise DataError(
            f"{file} must be a MedMNIST .npz with train, val and test images and labels, but "
            f"reading its {file.stat().st_size:,} bytes failed ({error}): replace the file."
        ) from error


def _labels(file: Path, labels: NDArray[np.generic], facts: Facts) -> Tensor:
    """Class ids (N,), or float32 (N, L)."""
    width, highest = (len(facts.names), 1) if facts.multi_label else (1, facts.n_classes - 1)
    good = labels.ndim == 2 and labels.shape[1] == width and np.issubdtype(labels.dtype, np.integer)
    if not good or not labels.size or labels.min() < 0 or labels.max() > highest:
        raise DataError(
            f"{file} must hold labels (N, {width}) from 0 to {highest}, not {labels.dtype} "
            f"{labels.shape}: replace the file."
        )
    if facts.multi_label:
        return torch.from_numpy(labels.astype(np.float32))
    return torch.from_numpy(labels[:, 0].astype(np.int64))


def _images(
    file: Path, images: NDArray[np.generic], labels: Tensor, facts: Facts, image_size: int
) -> Tensor:
    """uint8 (N, C, H, W), or (N, 1, D, H, W)."""
    colour = images.ndim == 4 and images.shape[3] == 3 and facts.axes == 2
    axes = images.shape[1 : 1 + facts.axes]
    of_form = (colour or images.ndim == 1 + facts.axes) and len(set(axes)) == 1
    if images.dtype != np.uint8 or not of_form or len(images) != len(labels):
        form = "(N, H, H) or (N, H, H, 3)" if facts.axes == 2 else "(N, H, H, H)"
        raise DataError(
            f"{file} must hold uint8 images {form}, one a label, not {images.dtype} "
            f"{images.shape} for {len(labels)} labels: replace the file."
        )
    if axes[0] != image_size:
        wanted, have = ("x".join([str(side)] * facts.axes) for side in (image_size, axes[0]))
        raise DataError(
            f"{file} must hold the set of {wanted} pixels, which is what its name means, and its "
            f"images have {have}: put the official file there, and read other sizes by "
            "{npz: FILE}."
        )
    tensor = torch.from_numpy(images)
    return tensor.permute(0, 3, 1, 2).contiguous() if colour else tensor.unsqueeze(1)


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
