"""MedMNIST v2 at 28 pixels: the single-label 2-D sets, from their official .npz files.

Source: Yang et al., "MedMNIST v2", Scientific Data 2023; addresses and MD5 sums from the
``medmnist`` package 3.0.2 (Zenodo record 10519652). Licence CC BY 4.0; dermamnist CC BY-NC 4.0.
"""

import os
from fractions import Fraction
from pathlib import Path
from typing import NamedTuple, NoReturn

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from trainables.datasets.source import Reader, Source, missing
from trainables.errors import DataError

__all__ = ["MEDMNIST", "SETS", "Facts", "read_chestmnist", "read_medmnist"]

PARTS = ("train", "val", "test")
KINDS = ("images", "labels")
PIXELS = 28
URL = "https://zenodo.org/records/10519652/files/{name}.npz?download=1"


class Facts(NamedTuple):
    """Number of classes, MD5 of the official file, and what the images show."""

    n_classes: int
    md5: str
    what: str


SETS: dict[str, Facts] = {
    "pathmnist": Facts(9, "a8b06965200029087d5bd730944a56c1", "Colon pathology, 9 tissues, colour"),
    "dermamnist": Facts(
        7,
        "0744692d530f8e62ec473284d019b0c7",
        "Skin lesions under the dermatoscope, 7 kinds, colour",
    ),
    "octmnist": Facts(4, "c68d92d5b585d8d81f7112f81e2d0842", "Retinal OCT, 4 diagnoses, grey"),
    "pneumoniamnist": Facts(
        2, "28209eda62fecd6e6a2d98b1501bb15f", "Chest X-rays, pneumonia (positive) or normal, grey"
    ),
    "retinamnist": Facts(
        5, "bd4c0672f1bba3e3a89f0e4e876791e4", "Fundus photographs, 5 grades of retinopathy, colour"
    ),
    "breastmnist": Facts(
        2,
        "750601b1f35ba3300ea97c75c52ff8f6",
        "Breast ultrasound, normal or benign (positive) or malignant, grey",
    ),
    "bloodmnist": Facts(
        8, "7053d0359d879ad8a5505303e11de1dc", "Blood cells under the microscope, 8 kinds, colour"
    ),
    "tissuemnist": Facts(
        8, "ebe78ee8b05294063de985d821c1c34b", "Kidney cortex cells, 8 kinds, grey"
    ),
    "organamnist": Facts(
        11, "68e3f8846a6bd62f0c9bf841c0d9eacc", "Abdominal CT, axial, 11 organs, grey"
    ),
    "organcmnist": Facts(
        11, "b9ceb9546e10131b32923c5bbeaea2b1", "Abdominal CT, coronal, 11 organs, grey"
    ),
    "organsmnist": Facts(
        11, "9ab87b696fb54e2a387ebe992d6ed5f1", "Abdominal CT, sagittal, 11 organs, grey"
    ),
}


def read_medmnist(name: str, root: Path, download: bool) -> Source:
    """One set, from root/<name>.npz or root/medmnist/<name>.npz (there a download goes, too).

    The official training and validation parts are pooled; the validation set is drawn anew from
    the data seed with the official validation share, so that seeds change it. The test part is
    the official one. A readable file is accepted whatever its checksum (mirrors reorder the
    arrays); its SHA-256 is recorded. A download must have the official MD5.

    Args:
        name: a key of ``SETS``.
        root: folder of the data sets.
        download: whether a missing file may be fetched from Zenodo.

    Raises:
        DataError: the file is missing, damaged, or not of this set's form.
    """
    facts = SETS[name]
    places = [root / f"{name}.npz", root / "medmnist" / f"{name}.npz"]
    found = [place for place in places if place.is_file()]
    if not found and download:
        _download(name, places)
        found = [places[1]]
    if not found:
        raise missing(name, places, _why(name, places))
    arrays = _arrays(found[0])
    labels = {part: _labels(found[0], arrays[f"{part}_labels"], facts) for part in PARTS}
    images = {part: _images(found[0], arrays[f"{part}_images"], labels[part]) for part in PARTS}
    return Source(
        train_images=torch.cat([images["train"], images["val"]]),
        train_labels=torch.cat([labels["train"], labels["val"]]),
        test_images=images["test"],
        test_labels=labels["test"],
        n_classes=facts.n_classes,
        validation_share=Fraction(len(labels["val"]), len(labels["train"]) + len(labels["val"])),
        files=(found[0],),
    )


def read_chestmnist(root: Path, download: bool) -> NoReturn:  # noqa: ARG001
    """Not usable: 14 labels an image, and a study trains one. Always a DataError."""
    raise DataError(
        "chestmnist has 14 labels an image and a study trains one: choose a single-label set "
        f"such as {', '.join(SETS)}."
    )


def _download(name: str, places: list[Path]) -> None:
    # Here, because torchvision is slow to import and only a download needs it.
    from torchvision.datasets.utils import download_url

    # Under a name of this process's own, then renamed: a half or wrong file is never read, and
    # several workers may download at once.
    part = places[1].with_suffix(f".{os.getpid()}.part")
    try:
        download_url(URL.format(name=name), str(part.parent), part.name, SETS[name].md5)
        part.replace(places[1])
    except (RuntimeError, OSError) as error:
        part.unlink(missing_ok=True)
        raise missing(name, places, f"cannot be downloaded ({error})") from error


def _why(name: str, places: list[Path]) -> str:
    """Why ``name`` is missing, the set's files of other sizes being named."""
    others = [file for place in places for file in sorted(place.parent.glob(f"{name}_*.npz"))]
    if not others:
        return "is missing"
    there = " and ".join(map(str, others))
    return f"is missing (there is {there}, but a study reads the set of {PIXELS} pixels)"


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
    n_classes = facts.n_classes
    good = labels.ndim == 2 and labels.shape[1] == 1 and np.issubdtype(labels.dtype, np.integer)
    if not good or not labels.size or labels.min() < 0 or labels.max() >= n_classes:
        raise DataError(
            f"{file} must hold labels (N, 1) from 0 to {n_classes - 1}, not "
            f"{labels.dtype} {labels.shape}: replace the file."
        )
    return torch.from_numpy(labels[:, 0].astype(np.int64))


def _images(file: Path, images: NDArray[np.generic], labels: Tensor) -> Tensor:
    grey = images.ndim == 3
    colour = images.ndim == 4 and images.shape[3] == 3
    square = images.ndim > 2 and images.shape[1] == images.shape[2]
    if images.dtype != np.uint8 or not (grey or colour) or not square or len(images) != len(labels):
        raise DataError(
            f"{file} must hold uint8 images (N, H, H) or (N, H, H, 3), one a label, not "
            f"{images.dtype} {images.shape} for {len(labels)} labels: replace the file."
        )
    if images.shape[1] != PIXELS:
        raise DataError(
            f"{file} must hold the set of {PIXELS}x{PIXELS} pixels, which is what its name means, "
            f"and its images have {images.shape[1]}x{images.shape[2]}: put the official file "
            "there, and read other sizes by a reader of your own."
        )
    tensor = torch.from_numpy(images)
    return tensor.unsqueeze(1) if grey else tensor.permute(0, 3, 1, 2).contiguous()


def _reader(name: str) -> Reader:
    def read(root: Path, download: bool) -> Source:
        return read_medmnist(name, root, download)

    read.__doc__ = f"{SETS[name].what}, 28x28 (MedMNIST)."
    return read


MEDMNIST: dict[str, Reader] = {name: _reader(name) for name in SETS} | {
    "chestmnist": read_chestmnist
}
