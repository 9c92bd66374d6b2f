"""Arrays in one file, an .npz or an HDF5: which are images, which labels, and in which parts."""

import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from trainables.datasets.cut.cuts import fixed_cut
from trainables.datasets.formats.resize import refuse_size, resized
from trainables.datasets.own.listed import TEST_SHARE
from trainables.datasets.source import Source
from trainables.datasets.store.arrays import streamed
from trainables.errors import DataError

__all__ = ["Archive", "source_of"]

TARGETS = ("labels", "targets")
COLOURS = (1, 3)

Mask = NDArray[np.bool_]


class Archive(Protocol):
    """Named arrays in a file."""

    @property
    def file(self) -> Path:
        """The file itself."""
        ...

    @property
    def names(self) -> Sequence[str]:
        """Of all arrays."""
        ...

    def form(self, name: str) -> tuple[tuple[int, ...], np.dtype[Any]]:
        """Shape and dtype of one, without its values."""
        ...

    def blocks(self, name: str) -> Iterator[NDArray[Any]]:
        """The rows of one, some at a time."""
        ...

    def made_of(self, name: str) -> Any:
        """Plain JSON that is another one as soon as the array is."""
        ...


def source_of(archive: Archive, image_size: int | None) -> Source:
    """The data set in ``archive``.

    Its arrays have MedMNIST's names, ``train_images``, ``train_labels``, ``test_images``,
    ``test_labels`` and perhaps ``val_images`` and ``val_labels``; or they are ``images`` and
    ``labels`` alone, of which a fifth is cut off for the test, stratified and the same for every
    seed. For ``labels`` there may stand ``targets``; ``groups`` (``train_groups`` and so on) may
    number the patients.

    Images are uint8 (N, H, W), (N, H, W, C) or (N, C, H, W) with 1 or 3 channels; volumes
    (N, D, H, W), or with channels last or second. Labels are class ids, (N,) or (N, 1), or 0 to 1
    (NaN where not known) of several labels, (N, L), which are named "0", "1" and so on.

    Args:
        archive: its file is there.
        image_size: pixels of the squares that images become; None: as they are.

    Raises:
        DataError: an array is missing, or is anything else; or the file is damaged.
    """
    if image_size is not None:
        refuse_size(image_size)
    arrays = _Arrays(archive, image_size)
    return arrays.in_parts() if "train_images" in archive.names else arrays.cut()


class _Arrays:
    """An archive, looked at as a data set."""

    def __init__(self, archive: Archive, image_size: int | None) -> None:
        self._archive, self._image_size = archive, image_size
        self._file = archive.file

    def in_parts(self) -> Source:
        """With parts of its own."""
        pooled = [part for part in ("train_", "val_") if f"{part}images" in self._archive.names]
        labels = {part: self._labels(part) for part in (*pooled, "test_")}
        groups = {part: self._groups(part) for part in (*pooled, "test_")}
        train = torch.cat([labels[part] for part in pooled])
        validation = torch.cat([torch.full((len(labels[p]),), p == "val_") for p in pooled])
        known = [each for each in groups.values() if each is not None]
        return self._source(
            (self._images([(f"{part}images", None) for part in pooled]), train),
            (self._images([("test_images", None)]), labels["test_"]),
            (torch.cat(known[:-1]), known[-1]) if len(known) == len(groups) else None,
            validation if len(pooled) > 1 else None,
        )

    def cut(self) -> Source:
        """Without parts."""
        labels, groups = self._labels(""), self._groups("")
        self._refuse_one_class(labels)
        is_test = fixed_cut(labels, TEST_SHARE, groups)
        train, test = (self._images([("images", mask.numpy())]) for mask in (~is_test, is_test))
        return self._source(
            (train, labels[~is_test]),
            (test, labels[is_test]),
            None if groups is None else (groups[~is_test], groups[is_test]),
        )

    def _source(
        self,
        train: tuple[Tensor, Tensor],
        test: tuple[Tensor, Tensor],
        groups: tuple[Tensor, Tensor] | None,
        validation: Tensor | None = None,
    ) -> Source:
        labels = torch.cat([train[1], test[1]])
        self._refuse_one_class(labels)
        several = labels.ndim == 2
        return Source(
            train_images=train[0],
            train_labels=train[1],
            test_images=test[0],
            test_labels=test[1],
            n_classes=2 if several else int(labels.max()) + 1,
            files=(self._file,),
            labels=tuple(str(number) for number in range(labels.shape[1])) if several else (),
            train_groups=None if groups is None else groups[0],
            test_groups=None if groups is None else groups[1],
            validation=validation,
        )

    def _form(self, name: str) -> tuple[tuple[int, ...], np.dtype[Any]]:
        if name not in self._archive.names:
            names = ", ".join(self._archive.names) or "none"
            raise DataError(
                f"{self._file} must hold images and labels, or train_images, train_labels, "
                f"test_images and test_labels, and lacks {name}: its arrays are {names}."
            )
        return self._archive.form(name)

    def _small(self, name: str) -> NDArray[Any]:
        """An array that is no image, whole."""
        shape, dtype = self._form(name)
        return np.concatenate([np.empty((0, *shape[1:]), dtype), *self._archive.blocks(name)])

    def _labels(self, part: str) -> Tensor:
        """Class ids (N,), or float32 (N, L)."""
        names = [f"{part}{each}" for each in TARGETS]
        name = next((each for each in names if each in self._archive.names), names[0])
        found = self._small(name)
        if found.ndim == 2 and found.shape[1] == 1:
            found = found[:, 0]
        if found.ndim not in (1, 2) or found.dtype.kind not in "biuf" or not len(found):
            raise DataError(
                f"{self._file} must hold numbers (N,) or (N, L) in {name}, not {found.dtype} "
                f"{found.shape}: convert them."
            )
        self._refuse_count(part, len(found))
        if found.ndim == 2:
            return torch.from_numpy(found.astype(np.float32))
        ids = found.astype(np.int64)
        if (ids != found).any() or ids.min() < 0:
            raise DataError(
                f"{self._file} must hold class ids from 0 on in {name}, and it goes from "
                f"{found.min():g} to {found.max():g}: number the classes from 0."
            )
        return torch.from_numpy(ids)

    def _groups(self, part: str) -> Tensor | None:
        name = f"{part}groups"
        if name not in self._archive.names:
            return None
        found = self._small(name)
        if found.ndim != 1 or found.dtype.kind not in "iu":
            raise DataError(
                f"{self._file} must hold whole numbers (N,) in {name}, one a patient, not "
                f"{found.dtype} {found.shape}: number the patients."
            )
        return torch.from_numpy(found.astype(np.int64))

    def _images(self, arrays: Sequence[tuple[str, Mask | None]]) -> Tensor:
        """Those of one or more arrays, one after the other, each whole or at a mask."""
        forms = [self._form(name)[0] for name, _ in arrays]
        for (name, _), shape in zip(arrays, forms, strict=True):
            self._refuse_other_than_images(name, shape, forms[0])
        first = _channels_second(np.empty((1, *forms[0][1:]), np.uint8)).shape[1:]
        if self._image_size is not None:
            if len(first) != 3 or first[1] != first[2]:
                raise DataError(
                    f"image_size is for square images, and those of {self._file} are "
                    f"{'x'.join(map(str, first[1:]))}: leave it out, or make them squares."
                )
            first = (first[0], self._image_size, self._image_size)
        masks = [mask for _, mask in arrays]
        counts = [
            len_ if mask is None else int(mask.sum())
            for (len_, *_), mask in zip(forms, masks, strict=True)
        ]
        made_of = [
            [
                self._archive.made_of(name),
                None if mask is None else hashlib.sha256(mask.tobytes()).hexdigest(),
            ]
            for name, mask in arrays
        ]
        pixels = (block for name, mask in arrays for block in self._pixels(name, mask))
        return streamed(self._file.name, made_of, (sum(counts), *first), pixels)

    def _pixels(self, name: str, mask: Mask | None) -> Iterator[NDArray[np.uint8]]:
        start = 0
        for block in self._archive.blocks(name):
            chosen = block if mask is None else block[mask[start : start + len(block)]]
            start += len(block)
            images = _channels_second(chosen)
            if self._image_size is not None:
                tensor = torch.from_numpy(np.ascontiguousarray(images))
                images = resized(tensor, self._image_size).numpy()
            yield images

    def _refuse_other_than_images(
        self, name: str, shape: tuple[int, ...], like: tuple[int, ...]
    ) -> None:
        dtype = self._form(name)[1]
        if dtype != np.uint8 or len(shape) not in (3, 4, 5) or not all(shape):
            raise DataError(
                f"{self._file} must hold uint8 images (N, H, W), with channels or with a depth, in "
                f"{name}, not {dtype} {shape}: convert them, pixels from 0 to 255."
            )
        if shape[1:] != like[1:]:
            raise DataError(
                f"{self._file} must hold images of one shape, and {name} has {shape[1:]} where "
                f"another array has {like[1:]}: convert one of them."
            )

    def _refuse_count(self, part: str, labels: int) -> None:
        images = self._form(f"{part}images")[0][0]
        if images != labels:
            raise DataError(
                f"{self._file} must hold one label for each image, and has {labels:,} for "
                f"{images:,} {part.rstrip('_')} images: make both alike."
            )

    def _refuse_one_class(self, labels: Tensor) -> None:
        if labels.ndim == 1 and len(labels.unique()) < 2:
            raise DataError(
                f"{self._file} must hold images of two classes or more, and all its labels are "
                f"{int(labels[0])}: add those of another class."
            )


def _channels_second(images: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """uint8 (N, C, H, W) or (N, C, D, H, W), of any of the forms that `source_of` names."""
    shape = images.shape
    if images.ndim == 3 or (
        images.ndim == 4 and shape[-1] not in COLOURS and shape[1] not in COLOURS
    ):
        return images[:, None]
    if shape[-1] in COLOURS:
        return np.moveaxis(images, -1, 1)
    return images
