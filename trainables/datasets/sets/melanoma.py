"""Melanoma: dermatoscopic photos of the SIIM-ISIC 2020 challenge, benign or malignant.

Source: Rotemberg et al., "A patient-centric dataset of images and metadata for identifying
melanomas using clinical context", Scientific Data 2021 (from Kaggle; CC BY-NC 4.0). The labels of
the challenge's own test images were never published: its training images are cut as in Yuan et al.,
ICLR 2022. (The folds of their ICCV 2021 paper were tested on Kaggle's server, and cannot be had.)
"""

from pathlib import Path
from typing import Literal

import numpy as np
import torch

from trainables.datasets.formats.csv_table import (
    Table,
    numbered,
    numbers,
    read_columns,
    zeros_and_ones,
)
from trainables.datasets.formats.decode import Decoding
from trainables.datasets.metadata import Metadata
from trainables.datasets.own.listed import placed
from trainables.datasets.sets.about import About
from trainables.datasets.sets.lesions import CLASSES, Lesions
from trainables.datasets.source import Source, missing
from trainables.datasets.store.encoded import Files
from trainables.datasets.store.photos import Undecodable
from trainables.errors import DataError

__all__ = ["ABOUT", "read_melanoma"]

IMAGE, PATIENT, AGE, TARGET = "image_name", "patient_id", "age_approx", "target"
CATEGORIES = ("sex", "anatom_site_general_challenge")

IMAGES = 33_126

FOLDERS = ("jpeg/train", "train")
"""Where the JPEGs lie beside a CSV file: as Kaggle packs them; as sets of smaller copies do."""

UNKNOWN = ("", "-1")
"""Patients that stand for nobody: no two of their images belong together."""

ABOUT = About(
    "Melanoma (SIIM-ISIC 2020)",
    files=("train.csv", " or ".join(f"{folder}/*.jpg" for folder in FOLDERS)),
    folders=("siim-isic", "siim-isic-melanoma-classification"),
    classes=CLASSES,
    origin="Kaggle, which asks for an account",
)


def read_melanoma(
    root: Path,
    download: bool,  # noqa: ARG001
    *,
    image_size: int = 224,
    resize: Literal["crop", "squash"] = "crop",
    external: str | None = None,
    undecodable: Undecodable = "stop",
) -> Source:
    """Photos of skin lesions, colour, benign or malignant (positive), patients kept apart.

    The official file has 33,126 images of 2,056 patients, 584 of them malignant. Sex, age and site
    are metadata. A fifth of the images is the test part.

    Args:
        root: folder of the data sets. One of ``ABOUT.folders`` below holds ``train.csv``, and the
            JPEGs in ``jpeg/train`` or ``train``.
        download: not used: Kaggle asks for an account.
        image_size: images become squares of so many pixels.
        resize: see ``Decoding``.
        external: another CSV file with the same columns, and its JPEGs beside it likewise, for
            training and validation. A relative path counts from ``root``; a patient "" or -1 is
            nobody.
        undecodable: "stop" at an image that cannot be decoded, or "skip" it.

    Raises:
        DataError: a file or an image is not there, or a column holds what it should not.
    """
    own = ABOUT.found(root) / "train.csv"
    files = (own, *([_external(root, external)] if external else []))
    tables = [read_columns(f, (IMAGE, PATIENT, AGE, TARGET, *CATEGORIES)) for f in files]
    both = tuple(zip(files, tables, strict=True))
    images = [image for each in both for image in _images(*each)]
    labels = [zeros_and_ones(file, TARGET, table[TARGET]) for file, table in both]
    ages = [numbers(file, AGE, table[AGE]) for file, table in both]
    text = {n: np.concatenate([table[n] for table in tables]) for n in (PATIENT, *CATEGORIES)}
    lesions = Lesions(
        labels=torch.from_numpy(np.concatenate(labels)),
        groups=numbered(text[PATIENT], alone=UNKNOWN),
        metadata=Metadata({AGE: np.concatenate(ages), **{name: text[name] for name in CATEGORIES}}),
        own=len(labels[0]),
        official=IMAGES,
    )
    return lesions.source(
        ABOUT.title,
        lambda rows: Files([images[row] for row in rows]),
        Decoding(image_size, 3, resize),
        undecodable,
        files,
    )


def _images(file: Path, table: Table) -> list[Path]:
    """The JPEGs that the rows name."""
    folders = [file.parent / folder for folder in FOLDERS]
    folder = next((folder for folder in folders if folder.is_dir()), None)
    if folder is None:
        raise missing(f"the JPEGs of {file}", folders, "are missing", "")
    return [folder / f"{name}.jpg" for name in table[IMAGE]]


def _external(root: Path, external: str) -> Path:
    file = placed(root, external)
    if not file.is_file():
        raise DataError(
            f"external must be a CSV file with the columns of Melanoma's train.csv, and {file} is "
            "none: give its path from the folder of the data sets on."
        )
    return file
