"""How many images of each class a data set has: read from its labels, or as it was published."""

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from types import MappingProxyType

import torch
from torch import Tensor

from study.errors import SpecError
from study.spec import Dataset
from trainables.datasets.cache import read_source
from trainables.datasets.choice import sides
from trainables.errors import DataError, in_one_line

__all__ = ["PUBLISHED", "Labels", "Size", "labels_of", "published"]


@dataclass(frozen=True, eq=False)
class Labels:
    """What a plan needs of a data set: all but its images and what is known beside them.

    Attributes:
        train_labels, test_labels, n_classes, validation_share, labels, train_groups, test_groups,
            validation, notes: see ``trainables.datasets.source.Source``.
        sides: names of the classes that are negative, and of those that are positive; None: the
            set has labels, or they are not known here.
    """

    train_labels: Tensor
    test_labels: Tensor
    n_classes: int
    validation_share: Fraction
    labels: tuple[str, ...] = ()
    train_groups: Tensor | None = None
    test_groups: Tensor | None = None
    validation: Tensor | None = None
    notes: tuple[str, ...] = ()
    sides: tuple[list[str], list[str]] | None = None


@dataclass(frozen=True)
class Size:
    """A data set as its makers published it.

    Attributes:
        train, test: (negatives, positives) of a study.
        pixels: height and width of an image.
        validation_share: of the training images.
    """

    train: tuple[int, int]
    test: tuple[int, int]
    pixels: int
    validation_share: Fraction = Fraction(1, 10)


_CIFAR = Size((25_000, 25_000), (5_000, 5_000), 32)

PUBLISHED = MappingProxyType[str, Size](
    {
        "cifar10": _CIFAR,
        "cifar100": _CIFAR,
        "stl10": Size((2_500, 2_500), (4_000, 4_000), 96),
        "cat_and_dog": Size((10_000, 10_000), (2_500, 2_500), 32, Fraction(1, 20)),
        "breastmnist": Size((168, 456), (42, 114), 28, Fraction(1, 8)),
        "pneumoniamnist": Size((1_349, 3_883), (234, 390), 28, Fraction(131, 1308)),
    }
)
"""Counted once; for a machine on which the data do not lie."""


def labels_of(dataset: Dataset, root: Path) -> Labels:
    """Of the data set below ``root``.

    Raises:
        DataError: it is missing or damaged.
    """
    source = read_source(dataset.name, root, data=dataset.options)
    return Labels(
        train_labels=source.train_labels,
        test_labels=source.test_labels,
        n_classes=source.n_classes,
        validation_share=source.validation_share,
        labels=source.labels,
        train_groups=source.train_groups,
        test_groups=source.test_groups,
        validation=source.validation,
        notes=source.notes,
        sides=None if source.labels else sides(source),
    )


def published(dataset: Dataset, root: Path) -> Labels:
    """Of the data set below ``root``; where it does not lie there, as it was published.

    Raises:
        SpecError: it is not there, and its size is not known.
    """
    try:
        return labels_of(dataset, root)
    except Exception as error:
        if dataset.name not in PUBLISHED or dataset.options:
            why = str(error) if isinstance(error, DataError) else f"{in_one_line(error)}."
            raise SpecError(
                f"A plan needs the size of its data sets, which is known of {', '.join(PUBLISHED)} "
                f"without their data, and of {dataset.shown} it is not: {why}"
            ) from error
    size = PUBLISHED[dataset.name]
    train, test = (
        torch.arange(2).repeat_interleave(torch.tensor(part)) for part in (size.train, size.test)
    )
    return Labels(train, test, 2, size.validation_share)
