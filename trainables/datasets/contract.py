"""What every data set must keep, so that no trial meets anything else: looked at as it is read."""

from collections.abc import Sequence
from numbers import Integral, Real
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from trainables.batches.augment import refuse_other_axes
from trainables.datasets.metadata import Metadata
from trainables.errors import DataError, UnknownNameError

__all__ = [
    "LEFT_OUT",
    "refuse_augmentation",
    "refuse_classes",
    "refuse_files",
    "refuse_images",
    "refuse_labels",
    "refuse_metadata",
    "refuse_names",
    "refuse_other_columns",
    "refuse_pair",
    "refuse_positives",
    "refuse_rows",
    "refuse_several",
    "refuse_share",
]

LEFT_OUT = -1
"""Class id of an image that takes part in nothing."""


def refuse_images(name: str, images: Any, like: Tensor | None = None) -> None:
    """Do nothing if ``images`` are as a ``Source`` has them.

    Args:
        name: of the field, for the sentence.
        images: to be uint8 (N, C, H, W) or (N, C, D, H, W), H = W, on the CPU.
        like: images (M, ...) whose channels and size they must share.

    Raises:
        DataError: they are not.
    """
    _refuse_other_than_tensor(name, images, "uint8 (N, C, H, W)")
    shape = tuple(images.shape)
    if images.ndim not in (4, 5):
        advice = {3: "give the channel an axis of its own, with unsqueeze(1)"}.get(
            images.ndim, "a study trains on images and volumes"
        )
        raise DataError(
            f"{name} must have the four axes (N, C, H, W), or the five (N, C, D, H, W) of volumes, "
            f"not {shape}: {advice}."
        )
    if shape[-2] != shape[-1]:
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
    if not LEFT_OUT <= low <= high < n_classes:
        raise DataError(
            f"{name} must be class ids from 0 to {n_classes - 1}, not from {low} to {high}: number "
            "the classes from 0."
        )


def refuse_several(name: str, labels: Any, images: int, names: Any) -> None:
    """Do nothing if ``labels`` are float32 (N, L) in [0, 1] or NaN, L above 1, one column a name.

    Raises:
        DataError: they are not.
    """
    refuse_names("labels", names, len(names) if isinstance(names, tuple) else 0)
    _refuse_other_than_tensor(name, labels, "float32 (N, L)")
    if labels.shape != (images, len(names)) or labels.dtype != torch.float32 or len(names) < 2:
        raise DataError(
            f"{name} must be float32 of shape ({images}, L), one column for each of the labels "
            f"{', '.join(names)}, two or more, not {labels.dtype} of shape {tuple(labels.shape)}: "
            "give a set of one label class ids."
        )
    out = (labels < 0) | (labels > 1)
    if bool(out.any()):
        raise DataError(
            f"{name} must lie in [0, 1], or be NaN where a label is missing, and one is "
            f"{float(labels[out][0]):g}: convert them."
        )


def refuse_names(name: str, names: Any, count: int) -> None:
    """Do nothing if ``names`` is empty, or so many different texts; else DataError."""
    sound = isinstance(names, tuple) and all(isinstance(each, str) and each for each in names)
    if not sound or (names and (len(names) != count or len(set(names)) != count)):
        raise DataError(
            f"{name} must be a tuple of {count} different names, or empty, not {names!r}: name "
            "each once, in the order of the ids."
        )


def refuse_positives(positives: Any, n_classes: int) -> None:
    """Do nothing if ``positives`` is None or a tuple of class ids; else DataError."""
    if positives is None:
        return
    sound = isinstance(positives, tuple) and all(each in range(n_classes) for each in positives)
    if not sound or not 0 < len(set(positives)) == len(positives) < n_classes:
        raise DataError(
            f"positives must be a tuple of class ids from 0 to {n_classes - 1}, some but not all, "
            f"not {positives!r}: leave it out for the upper half."
        )


def refuse_rows(images: int, **tensors: tuple[Any, torch.dtype]) -> None:
    """Do nothing if each of ``tensors`` is None or one value an image, of its dtype; else
    DataError.
    """
    for name, (tensor, dtype) in tensors.items():
        if tensor is None:
            continue
        _refuse_other_than_tensor(name, tensor, f"{dtype} (N,)")
        if tensor.shape != (images,) or tensor.dtype != dtype:
            raise DataError(
                f"{name} must be {dtype}, one for each of the {images:,} images, not "
                f"{tensor.dtype} of shape {tuple(tensor.shape)}: convert it."
            )


def refuse_pair(what: str, train: Any, test: Any) -> None:
    """Do nothing if both parts have ``what``, or none has; else DataError."""
    if (train is None) != (test is None):
        raise DataError(
            f"train_{what} and test_{what} must both be given or both be None, and one is None: "
            "give both."
        )


def refuse_metadata(name: str, metadata: Any, images: int) -> None:
    """Do nothing if ``metadata`` is a ``Metadata`` of so many rows; else DataError."""
    if not isinstance(metadata, Metadata):
        raise DataError(f"{name} must be a Metadata, not {_kind(metadata)}: make one of columns.")
    if len(metadata) != images:
        raise DataError(
            f"{name} must have a row for each of the {images:,} images, not {len(metadata):,}: "
            "keep one row an image."
        )


def refuse_other_columns(train: Metadata, test: Metadata) -> None:
    """Do nothing if both have the same columns of the same kinds; else DataError."""
    kinds = [{n: c.dtype.kind for n, c in each.columns.items()} for each in (train, test)]
    if kinds[0] != kinds[1]:
        raise DataError(
            f"train_metadata and test_metadata must have the same columns, numbers or text alike, "
            f"not {', '.join(kinds[0])} and {', '.join(kinds[1])}: read both alike."
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


def refuse_augmentation(name: Any, images: Tensor) -> None:
    """Do nothing if there is an augmentation of that name for such ``images``; else DataError."""
    try:
        refuse_other_axes(str(name), images.ndim - 1)
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
