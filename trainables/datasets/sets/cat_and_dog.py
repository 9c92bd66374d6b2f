"""Cat&Dog: the training photos of Kaggle's "Dogs vs. Cats", as they are or reduced beforehand."""

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from trainables.datasets.formats.decode import Decoding
from trainables.datasets.sets.about import About
from trainables.datasets.source import Source, missing
from trainables.datasets.store.encoded import Files
from trainables.datasets.store.photos import photos
from trainables.errors import DataError

__all__ = ["ABOUT", "read_cat_and_dog"]

KINDS = ("cat", "dog")
"""By class id."""

PARTS = {"train": range(10_000), "test": range(10_000, 12_500)}
"""The numbers of the photos of each kind, by part."""

ABOUT = About(
    "Cat&Dog",
    files=tuple(f"{kind}.*.jpg" for kind in KINDS),
    folders=("cat_and_dog/train",),
    classes=KINDS,
    origin="Kaggle's competition dogs-vs-cats, which asks for an account",
)

NAMED = 3
"""So many missing photos are named; all are counted."""


def read_cat_and_dog(
    root: Path,
    download: bool,  # noqa: ARG001
    *,
    image_size: int | None = None,
    resize: Literal["crop", "squash"] = "crop",
) -> Source:
    """20,000 + 5,000 colour photos of cats and dogs (positive), from root/cat_and_dog/train.

    The files are cat.N.jpg and dog.N.jpg, N from 0 to 12,499; grey photos become colour. Those with
    N below 10,000 are for training, and of these 20,000 validation takes 1,000.

    Args:
        root: folder of the data sets.
        download: not used: Kaggle asks for an account.
        image_size: photos of any size become squares of so many pixels; None: the user has reduced
            all of them to one square size beforehand.
        resize: see ``Decoding``.

    Raises:
        DataError: a photo is missing or not a JPEG; or, without ``image_size``, not square or not
            of the first one's size.
    """
    folder = root / "cat_and_dog" / "train"
    files = {
        part: [folder / f"{kind}.{number}.jpg" for kind in KINDS for number in numbers]
        for part, numbers in PARTS.items()
    }
    every = (*files["train"], *files["test"])
    _refuse_missing(folder, every)
    if image_size is None:
        images = _images(every)
    else:
        images = photos(ABOUT.title, Files(every), Decoding(image_size, 3, resize), "stop").images
    n_train = len(files["train"])
    return Source(
        train_images=images[:n_train],
        train_labels=_labels("train"),
        test_images=images[n_train:],
        test_labels=_labels("test"),
        n_classes=len(KINDS),
        augmentation="crop_flip",
        validation_share=Fraction(1, 20),
        files=every,
        together=f"train ({len(every):,} photos)",
        classes=KINDS,
    )


def _refuse_missing(folder: Path, files: Sequence[Path]) -> None:
    found = {file.name for file in folder.glob("*.jpg")}
    lacking = [file.name for file in files if file.name not in found]
    if lacking:
        more = ", ..." if len(lacking) > NAMED else ""
        raise missing(
            "Cat&Dog",
            [folder],
            f"lacks {len(lacking):,} of {len(files):,} photos ({', '.join(lacking[:NAMED])}{more})",
            "; `download: true` cannot fetch it, since Kaggle asks for an account",
        )


def _images(files: Sequence[Path]) -> Tensor:
    """uint8 (N, 3, H, H), in the order of the files."""
    side = len(_pixels(files[0]))
    images = np.empty((len(files), 3, side, side), np.uint8)
    for image, file in zip(images, files, strict=True):
        image[:] = _pixels(file, side).transpose(2, 0, 1)
    return torch.from_numpy(images)


def _pixels(file: Path, side: int | None = None) -> NDArray[np.uint8]:
    """uint8 (H, H, 3); H must be ``side`` where that is given."""
    # Here, because most studies do without it.
    from PIL import Image

    try:
        with Image.open(file, formats=("JPEG",)) as photo:
            pixels = np.asarray(photo.convert("RGB"))
    except Exception as error:  # a damaged photo raises almost anything
        raise DataError(
            f"{file} must be a JPEG photo and cannot be read ({error}): replace the file."
        ) from error
    height, width = pixels.shape[:2]
    if height != width or side not in (None, height):
        other = "" if side is None else f", the first photo {side}x{side}"
        raise DataError(
            f"Cat&Dog's photos must be squares of one size, and {file} has {width}x{height} "
            f"pixels{other}: set image_size, or reduce all of them to one square size beforehand."
        )
    return pixels


def _labels(part: str) -> Tensor:
    return torch.arange(len(KINDS)).repeat_interleave(len(PARTS[part]))
