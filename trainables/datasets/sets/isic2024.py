"""ISIC 2024 (SLICE-3D): crops of skin lesions from total-body photographs, benign or malignant.

Source: Kurtansky et al., "The SLICE-3D dataset: 400,000 skin lesion image crops extracted from 3D
TBP for skin cancer detection", Scientific Data 2024 (from Kaggle; CC BY-NC 4.0). The test part of
the challenge was never published: the training images are cut as those of ``melanoma``.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import torch

from trainables.datasets.formats.csv_table import numbered, numbers, read_columns, zeros_and_ones
from trainables.datasets.formats.decode import Decoding
from trainables.datasets.formats.hdf5 import opened, reading
from trainables.datasets.metadata import Metadata
from trainables.datasets.sets.about import About
from trainables.datasets.sets.lesions import CLASSES, Lesions
from trainables.datasets.source import Source
from trainables.datasets.store.encoded import stamp
from trainables.datasets.store.photos import Undecodable
from trainables.errors import DataError

__all__ = ["ABOUT", "read_isic2024"]

IMAGE, PATIENT, AGE, TARGET = "isic_id", "patient_id", "age_approx", "target"
CATEGORIES = ("sex", "anatom_site_general")

IMAGES = 401_059

PIXELS, CSV = "train-image.hdf5", "train-metadata.csv"

ABOUT = About(
    "ISIC 2024 (SLICE-3D)",
    files=(PIXELS, CSV),
    folders=("isic-2024-challenge", "isic-2024"),
    classes=CLASSES,
    origin="Kaggle, which asks for an account",
)


def read_isic2024(
    root: Path,
    download: bool,  # noqa: ARG001
    *,
    image_size: int = 128,
    undecodable: Undecodable = "stop",
) -> Source:
    """Crops of skin lesions, colour, benign or malignant (positive), patients kept apart.

    The official files have 401,059 images of 1,042 patients, 393 of them malignant. Sex, age and
    site are metadata. A fifth of the images is the test part.

    Args:
        root: folder of the data sets. One of ``ABOUT.folders`` below holds both files.
        download: not used: Kaggle asks for an account.
        image_size: images become squares of so many pixels.
        undecodable: "stop" at an image that cannot be decoded, or "skip" it.

    Raises:
        DataError: a file or an image is missing or damaged, or a column holds what it should not.
    """
    folder = ABOUT.found(root)
    file, pixels = folder / CSV, folder / PIXELS
    table = read_columns(file, (IMAGE, PATIENT, AGE, TARGET, *CATEGORIES))
    lesions = Lesions(
        labels=torch.from_numpy(zeros_and_ones(file, TARGET, table[TARGET])),
        groups=numbered(table[PATIENT], alone=("",)),
        metadata=Metadata(
            {AGE: numbers(file, AGE, table[AGE]), **{name: table[name] for name in CATEGORIES}}
        ),
        own=len(table[IMAGE]),
        official=IMAGES,
    )
    names = [str(name) for name in table[IMAGE]]
    with opened(pixels) as content:
        return lesions.source(
            ABOUT.title,
            lambda rows: _Inside(pixels, content, [names[row] for row in rows]),
            Decoding(image_size, 3),
            undecodable,
            (pixels, file),
        )


@dataclass(frozen=True)
class _Inside:
    """JPEGs that an open HDF5 file holds under their names (`store.encoded.Encoded`)."""

    file: Path
    content: Any
    names: Sequence[str]

    @property
    def made_of(self) -> Any:
        """The file's state, and which images in which order."""
        return [stamp(self.file), *self.names]

    def __len__(self) -> int:
        return len(self.names)

    def name(self, index: int) -> str:
        """Its name in the file."""
        return f"{self.file}:{self.names[index]}"

    def open(self, index: int) -> BinaryIO:
        """Its bytes; h5py lets one thread in at a time."""
        name = self.names[index]
        if name not in self.content:
            raise DataError(
                f"{self.file} must hold every image that {CSV} names, and {name} is not there: "
                "fetch both again."
            )
        with reading(self.file):
            return BytesIO(np.asarray(self.content[name]).tobytes())
