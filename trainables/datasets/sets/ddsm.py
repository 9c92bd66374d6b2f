"""DDSM+: pieces of mammograms, without or with a mass or calcification.

Source: "DDSM Mammography" on Kaggle (Scuccimarra, 2018), made of DDSM and CBIS-DDSM, which Yuan et
al. use at ICCV 2021 and ICLR 2022. What is not for training was halved by mistake, as its author
says: one half has the masses and the other the calcifications. Together they are the test part.
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from trainables.datasets.formats.npy import read_npy
from trainables.datasets.formats.resize import refuse_size, resized
from trainables.datasets.formats.tfrecord import examples
from trainables.datasets.sets.about import About, counted
from trainables.datasets.source import Source
from trainables.datasets.store.arrays import blocks, streamed
from trainables.datasets.store.encoded import stamp
from trainables.errors import DataError

__all__ = ["ABOUT", "read_ddsm"]

CLASSES = (
    "negative",
    "benign calcification",
    "benign mass",
    "malignant calcification",
    "malignant mass",
)
"""By the feature ``label``; ``label_normal`` is 0 for the first one and 1 for the others."""

PIXELS = 299

IMAGES = (55_890, 15_364)
"""For training and for the test, as their author counted them."""

TRAINING = tuple(f"training10_{number}" for number in range(5))
HALVES = ("test10", "cv10")

ABOUT = About(
    "DDSM+",
    files=(
        *(f"{name}/{name}.tfrecords" for name in TRAINING),
        *(f"{name}_data/{name}_data.npy" for name in HALVES),
        *(f"{name}_labels.npy" for name in HALVES),
    ),
    folders=("ddsm", "ddsm-mammography"),
    layout="training10_N/training10_N.tfrecords (N from 0 to 4), {cv10,test10}_data/"
    "{cv10,test10}_data.npy and {cv10,test10}_labels.npy",
    classes=CLASSES,
    positives=(1, 2, 3, 4),
    origin="Kaggle, which asks for an account",
)


def read_ddsm(
    root: Path,
    download: bool,  # noqa: ARG001
    *,
    image_size: int = PIXELS,
) -> Source:
    """Pieces of mammograms, grey, 299x299: negative, or a benign or malignant finding (positive).

    55,890 for training, 14 % of them with a finding, and twice 7,682 for the test. Three crops of
    each finding of the training part stand there without its name, so that validation, which is
    drawn from it, may show a finding that is trained.

    Args:
        root: folder of the data sets. One of ``ABOUT.folders`` below holds the files as Kaggle
            packs them.
        download: not used: Kaggle asks for an account.
        image_size: images are resized to squares of so many pixels.

    Raises:
        DataError: a file is missing, damaged, or holds something else.
    """
    refuse_size(image_size)
    folder = ABOUT.found(root)
    files = [folder / name for name in ABOUT.files]
    training, halves, labelled = files[: len(TRAINING)], files[len(TRAINING) : -2], files[-2:]
    train_labels = [label for file in training for label, _ in _pieces(file)]
    arrays = [_array(file) for file in halves]
    test_labels = [_labels(file, len(of)) for file, of in zip(labelled, arrays, strict=True)]
    train_images = streamed(
        f"{ABOUT.title}, training",
        [stamp(file) for file in training],
        (len(train_labels), 1, image_size, image_size),
        (_sized(image, image_size) for file in training for _, image in _pieces(file)),
    )
    test_images = streamed(
        f"{ABOUT.title}, test",
        [stamp(file) for file in halves],
        (sum(map(len, arrays)), 1, image_size, image_size),
        (
            _sized(array[rows], image_size)
            for array in arrays
            for rows in blocks(len(array), PIXELS**2)
        ),
    )
    return Source(
        train_images=train_images,
        train_labels=torch.tensor(train_labels),
        test_images=test_images,
        test_labels=torch.cat(test_labels),
        n_classes=len(CLASSES),
        augmentation="flip",
        files=tuple(files),
        classes=CLASSES,
        positives=ABOUT.positives,
        notes=counted(ABOUT.title, (len(train_labels), len(test_images)), IMAGES),
    )


def _pieces(file: Path) -> Iterator[tuple[int, NDArray[np.uint8]]]:
    """(class id, grey levels (1, 1, H, W)) of each example."""
    for number, example in enumerate(examples(file)):
        label, image = example.integers.get("label", []), example.texts.get("image", [])
        sizes = [len(each) for each in image]
        if len(label) != 1 or label[0] not in range(len(CLASSES)) or sizes != [PIXELS**2]:
            raise DataError(
                f"{file} must hold examples with a label from 0 to {len(CLASSES) - 1} and an image "
                f"of {PIXELS}x{PIXELS} bytes, and example {number:,} is another: fetch it again."
            )
        yield label[0], np.frombuffer(image[0], np.uint8).reshape(1, 1, PIXELS, PIXELS)


def _array(file: Path) -> NDArray[np.uint8]:
    """Of the test: uint8 (N, 1, H, W)."""
    array = read_npy(file)
    if array.dtype != np.uint8 or array.shape[1:] not in ((PIXELS, PIXELS), (PIXELS, PIXELS, 1)):
        raise DataError(
            f"{file} must hold uint8 images (N, {PIXELS}, {PIXELS}, 1), not {array.dtype} "
            f"{array.shape}: fetch it again."
        )
    return array.reshape(-1, 1, PIXELS, PIXELS)


def _labels(file: Path, images: int) -> Tensor:
    """int64 (N,)."""
    labels = read_npy(file)
    known = np.isin(labels, range(len(CLASSES)))
    if labels.shape != (images,) or not known.all():
        raise DataError(
            f"{file} must hold a label from 0 to {len(CLASSES) - 1} for each of {images:,} images, "
            f"not {labels.dtype} {labels.shape}: fetch it again."
        )
    return torch.from_numpy(labels.astype(np.int64))


def _sized(images: NDArray[np.uint8], side: int) -> NDArray[np.uint8]:
    # A copy, since torch wants memory that it could write.
    return resized(torch.from_numpy(images.copy()), side).numpy()
