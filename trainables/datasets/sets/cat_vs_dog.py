"""Cat&Dog as LibAUC 2.0.1 distributes it: all photos of one small size in two .npy files."""

from fractions import Fraction
from pathlib import Path

import numpy as np
import torch

from trainables.datasets.formats.npy import read_npy
from trainables.datasets.formats.resize import refuse_size, resized
from trainables.datasets.sets.about import About
from trainables.datasets.source import Source
from trainables.errors import DataError

__all__ = ["ABOUT", "read_cat_vs_dog"]

TEST = 5_000
"""The last so many photos are the test part, as LibAUC cuts them."""

ABOUT = About(
    "Cat&Dog (LibAUC)",
    files=("cat_vs_dog_data.npy", "cat_vs_dog_label.npy"),
    folders=("cat_vs_dog",),
    origin="LibAUC's authors (cat_vs_dog.tar.gz)",
)


def read_cat_vs_dog(
    root: Path,
    download: bool,  # noqa: ARG001
    *,
    image_size: int | None = None,
) -> Source:
    """Photos of cats and dogs, colour, as LibAUC's .npy files have them; label 1 is positive.

    20,000 for training, of which validation takes 1,000, and 5,000 for the test, which need not
    be those of ``cat_and_dog``.

    Args:
        root: folder of the data sets; the files lie in ``cat_vs_dog`` below.
        download: not used.
        image_size: photos are resized to squares of so many pixels; None: as they are.

    Raises:
        DataError: a file is missing, damaged, or holds something else.
    """
    if image_size is not None:
        refuse_size(image_size)
    folder = ABOUT.found(root)
    files = tuple(folder / name for name in ABOUT.files)
    photos, labels = (read_npy(file) for file in files)
    square = photos.ndim == 4 and photos.shape[1] == photos.shape[2] and photos.shape[3] == 3
    if photos.dtype != np.uint8 or not square or len(photos) <= TEST:
        raise DataError(
            f"{files[0]} must hold uint8 photos (N, H, H, 3), more than {TEST:,}, not "
            f"{photos.dtype} {photos.shape}: fetch it again."
        )
    if labels.size != len(photos) or not np.isin(labels, (0, 1)).all():
        raise DataError(
            f"{files[1]} must hold 0 or 1 for each of {len(photos):,} photos, not {labels.dtype} "
            f"{labels.shape}: fetch it again."
        )
    images = torch.from_numpy(photos.transpose(0, 3, 1, 2).copy())
    if image_size is not None:
        images = resized(images, image_size)
    ids = torch.from_numpy(labels.reshape(-1).astype(np.int64))
    return Source(
        train_images=images[:-TEST],
        train_labels=ids[:-TEST],
        test_images=images[-TEST:],
        test_labels=ids[-TEST:],
        n_classes=2,
        augmentation="crop_flip",
        validation_share=Fraction(1, 20),
        files=files,
    )
