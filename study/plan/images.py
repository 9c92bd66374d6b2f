"""How many images of each class a data set has: read from its labels, or as it was published."""

from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from types import MappingProxyType

import torch
from torch import Tensor

from study.errors import SpecError
from study.spec import Dataset, Task
from trainables.datasets import (
    ABOUT,
)
from trainables.datasets.cache import read_source
from trainables.datasets.choice import chosen, sides
from trainables.datasets.cut.long_tail import by_class
from trainables.datasets.options import GENERAL
from trainables.datasets.source import Source
from trainables.errors import DataError, in_one_line

__all__ = ["PUBLISHED", "Labels", "Size", "labels_of", "published", "trained"]


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
        classes: how many there are; above 2 all have as many images.
    """

    train: tuple[int, int]
    test: tuple[int, int]
    pixels: int
    validation_share: Fraction = Fraction(1, 10)
    classes: int = 2


SAME_SIZE = {"image_size", "resize"}
"""Options that change no number of images."""

_CIFAR_10 = Size((25_000, 25_000), (5_000, 5_000), 32, classes=10)

PUBLISHED = MappingProxyType[str, Size](
    {
        "cifar10": _CIFAR_10,
        "cifar100": replace(_CIFAR_10, classes=100),
        "stl10": Size((2_500, 2_500), (4_000, 4_000), 96, classes=10),
        "cat_and_dog": Size((10_000, 10_000), (2_500, 2_500), 32, Fraction(1, 20)),
        "breastmnist": Size((168, 456), (42, 114), 28, Fraction(1, 8)),
        "pneumoniamnist": Size((1_349, 3_883), (234, 390), 28, Fraction(131, 1308)),
        "melanoma": Size((26_033, 468), (6_509, 116), 224, Fraction(1, 8)),
    }
)
"""Counted once; for a machine on which the data do not lie."""


def labels_of(dataset: Dataset, root: Path) -> Labels:
    """Of the data set below ``root``.

    Raises:
        DataError: it is missing or damaged.
    """
    return _labels(read_source(dataset.name, root, data=dataset.options))


def _labels(source: Source) -> Labels:
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


def trained(task: Task, labels: Labels) -> Labels:
    """The same with the labels that the task trains, of a long tail its classes.

    Raises:
        DataError: no long tail can be made of them.
    """
    if task.long_tail is None:
        return labels
    negatives, positives = labels.sides or ([], [])
    return replace(by_class(labels, [*negatives, *positives]), sides=None)


def published(dataset: Dataset, root: Path) -> Labels:
    """Of the data set below ``root``; where it does not lie there, as it was published.

    Raises:
        SpecError: it is not there, and its size is not known.
    """
    try:
        return labels_of(dataset, root)
    except Exception as error:
        if (source := _blank(dataset)) is not None:
            return _labels(source)
        why = str(error) if isinstance(error, DataError) else f"{in_one_line(error)}."
        raise SpecError(
            f"A plan needs the size of its data sets, which is known of {', '.join(PUBLISHED)} "
            f"without their data, and of {dataset.shown} it is not: {why}"
        ) from error


def _blank(dataset: Dataset) -> Source | None:
    """As many images as were published, of nothing; None where their number is not known."""
    size = PUBLISHED.get(dataset.name)
    known = ABOUT[dataset.name].classes if dataset.name in ABOUT else ()
    chooses = {key: value for key, value in dataset.options.items() if key in GENERAL}
    others = dataset.options.keys() - chooses.keys() - SAME_SIZE
    if size is None or others or (chooses and len(known) != 2):
        return None
    pixel = torch.zeros(1, 1, 1, 1, dtype=torch.uint8)
    train, test = (
        torch.arange(size.classes).repeat_interleave(
            torch.tensor(part).repeat_interleave(size.classes // 2) * 2 // size.classes
        )
        for part in (size.train, size.test)
    )
    source = Source(
        train_images=pixel.expand(len(train), -1, -1, -1),
        train_labels=train,
        test_images=pixel.expand(len(test), -1, -1, -1),
        test_labels=test,
        n_classes=size.classes,
        validation_share=size.validation_share,
        classes=known if len(known) == size.classes else (),
    )
    return chosen(source, **chooses)
