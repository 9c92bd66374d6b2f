"""What every data set must keep, so that no trial meets anything else: looked at as it is read."""

from collections.abc import Sequence
from numbers import Integral, Real
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from trainables.batches.augment import AUGMENTATIONS
from trainables.errors import DataError, UnknownNameError
from trainables.names import resolve

__all__ = [
    "refuse_augmentation",
    "refuse_classes",
    "refuse_files",
    "refuse_images",
    "refuse_labels",
    "refuse_share",
]


def refuse_images(name: str, images: Any, like: Tensor | None = None) -> None:
    """Do nothing if ``images`` are as a ``Source`` has them.

    Args:
        name: of the field, for the sentence.
        images: to be uint8 (N, C, H, W), H = W, on the CPU.
        like: images (M, C, H, W) whose channels and size they must share.

    Raises:
        DataError: they are not.
    """
    _refuse_other_than_tensor(name, images, "uint8 (N, C, H, W)")
    shape = tuple(images.shape)
    if images.ndim != 4:
        advice = {3: "give the channel an axis of its own, with unsqueeze(1)"}.get(
            images.ndim, "a study trains on images, so give a volume as its slices"
        )
        raise DataError(f"{name} must have the four axes (N, C, H, W), not {shape}: {advice}.")
    if shape[2] != shape[3]:
        last = shape[1] == shape[2] and shape[3] <= 4
        advice = "put the channels second, with permute(0, 3, 1, 2)" if last else "crop or scale"
        raise DataError(f"{name} must be square, (N, C, H, W) with H = W, not {shape}: {advice}.")
    if not images.numel():
        raise DataError(f"{name} must hold pixels, and its shape is {shape}: give one image.")
    if images.dtype != torch.uint8:
        raise DataError(
            f"{name} must be uint8, with pixels from 0 to 255, not {images.dtype}: convert them "
            "(what lies in [0, 1] by (255 * images).round().to(torch.uint8))."
        )
    if like is not None and shape[1:] != like.shape[1:]:
        raise DataError(
            f"{name} must have the channels and the size of train_images, "
            f"{tuple(like.shape[1:])}, not {shape[1:]}: convert one of the two."
        )


def refuse_labels(name: str, labels: Any, images: int, n_classes: int) -> None:
    """Do nothing if ``labels`` are class ids (N,), one for each of so many ``images``.

    No loss looks at the values of its targets, since a step would wait for them; they are 0 or 1
    because of this.

    Raises:
        DataError: they are not.
    """
    _refuse_other_than_tensor(name, labels, "class ids (N,)")
    whole = not (labels.is_floating_point() or labels.is_complex())
    if labels.shape != (images,) or not whole:
        raise DataError(
            f"{name} must be integers, one for each of the {images:,} images, not {labels.dtype} "
            f"of shape {tuple(labels.shape)}: give class ids of shape ({images},)."
        )
    low, high = (int(end) for end in torch.aminmax(labels.long()))
    if not 0 <= low <= high < n_classes:
        raise DataError(
            f"{name} must be class ids from 0 to {n_classes - 1}, not from {low} to {high}: number "
            "the classes from 0."
        )


def refuse_classes(n_classes: Any) -> None:
    """Do nothing if ``n_classes`` is a whole number of at least 2; else DataError."""
    if not isinstance(n_classes, Integral) or int(n_classes) < 2:
        raise DataError(
            f"n_classes must be a whole number of at least 2, not {n_classes!r}: count the classes."
        )


def refuse_share(share: Any) -> None:
    """Do nothing if ``share``, of validation, lies between 0 and 1; else DataError."""
    if not isinstance(share, Real) or not 0 < float(share) < 1:
        raise DataError(
            f"validation_share must be a number above 0 and below 1, not {share!r}: give the part "
            "of the training images that validation takes."
        )


def refuse_augmentation(name: Any) -> None:
    """Do nothing if there is an augmentation of that name; else DataError."""
    try:
        resolve("augmentation", AUGMENTATIONS, str(name))
    except UnknownNameError as error:
        raise DataError(str(error)) from error


def refuse_files(files: Any) -> None:
    """Do nothing if ``files`` are paths of files that are there; else DataError.

    Provenance reads them for their checksums.
    """
    if isinstance(files, str) or not isinstance(files, Sequence):
        raise DataError(f"files must be a tuple of paths, not {files!r}: give (file,) for one.")
    for file in files:
        if not isinstance(file, Path):
            raise DataError(f"files must hold paths, not {file!r}: give pathlib.Path({file!r}).")
        if not file.is_file():
            raise DataError(
                f"files must be files that are there, and {file} is none: name those that were "
                "read, with their folder."
            )


def _refuse_other_than_tensor(name: str, value: Any, wanted: str) -> None:
    if not isinstance(value, Tensor):
        raise DataError(
            f"{name} must be a torch tensor, {wanted}, not {_kind(value)}: convert it, an array by "
            "torch.from_numpy."
        )
    if value.device.type != "cpu":
        raise DataError(
            f"{name} must lie on the CPU, not on {value.device}: a study moves it where it trains."
        )


def _kind(value: Any) -> str:
    return "None" if value is None else f"a {type(value).__module__}.{type(value).__qualname__}"
