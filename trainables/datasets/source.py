"""What a reader gives: a data set as uint8 tensors, and the file checksums for provenance."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from pathlib import Path
from typing import Protocol

import torch
from torch import Tensor

from trainables.datasets import (
    contract,
)
from trainables.datasets.contract import LEFT_OUT
from trainables.datasets.metadata import Metadata
from trainables.errors import DataError
from trainables.files import checksum

__all__ = ["LEFT_OUT", "Reader", "Source", "missing", "unreadable"]


@dataclass(frozen=True, eq=False)
class Source:
    """A data set as its makers published it: original classes, training and test set.

    Attributes:
        train_images: uint8 (N, C, H, W), H = W, or volumes (N, C, D, H, W), H = W, on the CPU as
            all tensors here. They may be mapped from a file that is larger than memory: take rows
            of them, never a whole copy.
        train_labels: integers (N,), class ids 0 to n_classes - 1, or ``LEFT_OUT``; or of a set with
            L labels an image, L above 1, float32 (N, L) in [0, 1], NaN where a label is missing. An
            official validation set is pooled with the training set; ``validation_share`` tells its
            share, unless ``validation`` keeps it.
        test_images: uint8 (M, C, H, W) or (M, C, D, H, W), of the same channels and size.
        test_labels: as ``train_labels``, for the M images.
        n_classes: number of classes, at least 2; 2 of a set with several labels.
        augmentation: what the set's benchmarks do: "crop_flip", "flip", "none", or for volumes
            one of the others in `trainables.batches.augment.AUGMENTATIONS`.
        validation_share: share of the training images that validation takes, in (0, 1).
        files: the files that were read; they are there.
        together: name under which the files have one checksum; empty: each has its own.
        classes: names of the classes by their ids; empty: "0", "1" and so on.
        labels: names of the L labels; empty: the set has classes.
        positives: class ids that are positive; None: the upper half of them, the middle one of an
            odd number too.
        train_groups, test_groups: int64 (N,) and (M,), whose each image is: those of one number,
            over both parts, are of one patient. None: each image stands alone.
        train_metadata, test_metadata: what else is known of each image; None: nothing.
        validation: bool (N,), which training images are the set's own validation part, for every
            seed; None: it is drawn.
        notes: sentences for whoever plans and reads a study, such as how many images were skipped.

    Raises:
        DataError: a field is anything else.
    """

    train_images: Tensor
    train_labels: Tensor
    test_images: Tensor
    test_labels: Tensor
    n_classes: int
    augmentation: str = "none"
    validation_share: Fraction = Fraction(1, 10)
    files: tuple[Path, ...] = ()
    together: str = ""
    classes: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    positives: tuple[int, ...] | None = None
    train_groups: Tensor | None = None
    test_groups: Tensor | None = None
    train_metadata: Metadata | None = None
    test_metadata: Metadata | None = None
    validation: Tensor | None = None
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        contract.refuse_classes(self.n_classes)
        contract.refuse_names("classes", self.classes, self.n_classes)
        contract.refuse_images("train_images", self.train_images)
        contract.refuse_images("test_images", self.test_images, like=self.train_images)
        for part, images in (("train", self.train_images), ("test", self.test_images)):
            labels = getattr(self, f"{part}_labels")
            if self.labels:
                contract.refuse_several(f"{part}_labels", labels, len(images), self.labels)
            else:
                contract.refuse_labels(f"{part}_labels", labels, len(images), self.n_classes)
        contract.refuse_positives(self.positives, self.n_classes)
        contract.refuse_rows(
            len(self.train_images),
            train_groups=(self.train_groups, torch.int64),
            validation=(self.validation, torch.bool),
        )
        contract.refuse_rows(len(self.test_images), test_groups=(self.test_groups, torch.int64))
        contract.refuse_pair("groups", self.train_groups, self.test_groups)
        contract.refuse_pair("metadata", self.train_metadata, self.test_metadata)
        if self.train_metadata is not None and self.test_metadata is not None:
            for part, metadata, images in (
                ("train", self.train_metadata, self.train_images),
                ("test", self.test_metadata, self.test_images),
            ):
                contract.refuse_metadata(f"{part}_metadata", metadata, len(images))
            contract.refuse_other_columns(self.train_metadata, self.test_metadata)
        contract.refuse_augmentation(self.augmentation, self.train_images)
        contract.refuse_share(self.validation_share)
        contract.refuse_files(self.files)

    @cached_property
    def checksums(self) -> dict[str, str]:
        """SHA-256 of each file by its name, computed when first asked for.

        Of files ``together``: that of the lines "checksum  name" of all, in their order, as
        ``sha256sum FILES | sha256sum`` gives it in their folder.
        """
        found = [(file.name, checksum(file)) for file in self.files]
        if not self.together:
            return dict(found)
        lines = "".join(f"{checksum}  {name}\n" for name, checksum in found)
        return {self.together: hashlib.sha256(lines.encode()).hexdigest()}


class Reader(Protocol):
    """Reads one data set from a folder, after a download where that is allowed.

    Parameters that it has besides, by keyword alone, are the options of the set, which a spec says
    beside its name: ``dataset: {name: ..., image_size: 64}``.
    """

    def __call__(self, root: Path, download: bool) -> Source:
        """Read the set below ``root``; raise DataError when it is missing or damaged."""
        ...


def missing(
    what: str,
    places: list[Path],
    reason: str = "is missing",
    download: str = ", or allow `download: true`",
) -> DataError:
    """The error for a set that is not there: what was looked for, where, and what to do."""
    return DataError(
        f"{what} {reason}: looked for {' and '.join(str(place) for place in places)}; put it "
        "there, or point data_root or the environment variable AUCSTUDY_DATA at the folder that "
        f"holds it{download}."
    )


def unreadable(
    what: str, folder: Path, official: Sequence[tuple[str, str]], download: bool, error: Exception
) -> DataError:
    """The error for a set of which torchvision only says that it is not there or not whole.

    Args:
        what: the set's name, for people.
        folder: where its files are.
        official: name and MD5 of each file.
        download: whether torchvision was to fetch it.
        error: what torchvision says.
    """
    if download:
        return missing(what, [folder], f"cannot be downloaded ({error})")
    for name, md5 in official:
        file = folder / name
        if not file.is_file():
            return missing(f"{what}'s file {name}", [file])
        found = checksum(file, "md5")
        if found != md5:
            return DataError(
                f"{file} must be {what}'s official file, with the MD5 {md5}; this one of "
                f"{file.stat().st_size:,} bytes has {found}, so it is cut short or damaged: remove "
                "it and fetch it again, or allow `download: true`."
            )
    return DataError(f"{what} in {folder} cannot be read ({error}): fetch it again.")
