"""How many images, of which class and of how many groups, each part of a task has."""

from dataclasses import dataclass

import torch
from torch import Tensor

from trainables.datasets.cut.long_tail import long_tailed, refuse_no_classes
from trainables.datasets.cut.parts import (
    Labelled,
    Parts,
    counts,
    drawn,
    is_drawn,
    with_easy_positives,
)
from trainables.datasets.cut.targets import counted, known, targets_of

__all__ = ["PartCount", "part_counts"]


@dataclass(frozen=True)
class PartCount:
    """One part.

    Attributes:
        images: all of them.
        positives, negatives: of each label; what is missing or uncertain is in neither.
        groups: patients; None: the set has no groups.
    """

    images: int
    positives: tuple[int, ...]
    negatives: tuple[int, ...]
    groups: int | None = None


def part_counts(
    source: Labelled,
    imratio: float | None,
    validation: str,
    easy_positives: float = 0.0,
    data_seed: int = 0,
    long_tail: float | None = None,
) -> dict[str, PartCount]:
    """Of the parts "train", "validation" and "test".

    Where the cut hangs on groups or on several labels, the counts are those of one data seed, and
    those of others differ a little; else they are the same for all.

    Args:
        source: a data set, or its labels alone.
        imratio, validation, data_seed: see `trainables.datasets.cut.parts.drawn`.
        easy_positives: positives added to the training part, as a share of those kept.
        long_tail: see `trainables.datasets.cut.imbalance.binary_task`; counts are then by class.

    Raises:
        DataError: see `trainables.datasets.cut.parts.drawn`.
    """
    if long_tail is not None:
        refuse_no_classes(source, imratio)
        return _by_class(source, long_tailed(source, long_tail, data_seed, validation))
    tested = counted(source.test_labels)
    test = _count(source, source.test_labels[tested], _groups(source.test_groups, tested))
    if not is_drawn(source):
        found = counts(
            source.train_labels,
            source.n_classes,
            imratio,
            validation,
            source.validation_share,
            easy_positives,
        )
        return {
            "train": _of_one(found.train_positives, found.train_negatives),
            "validation": _of_one(found.val_positives, found.val_negatives),
            "test": test,
        }
    parts = drawn(source, imratio, data_seed, validation)
    train, val = torch.from_numpy(parts.train), torch.from_numpy(parts.val)
    if easy_positives:
        targets = targets_of(source.train_labels[train], source.n_classes)
        positives = int((targets == 1).sum())
        added = with_easy_positives(easy_positives, positives, len(parts.left), source.labels)
        # Which ones they are, their pixels say; here their number alone counts.
        train = torch.cat([train, torch.from_numpy(parts.left[:added])])
    return {
        "train": _count(source, source.train_labels[train], _groups(source.train_groups, train)),
        "validation": _count(source, source.train_labels[val], _groups(source.train_groups, val)),
        "test": test,
    }


def _by_class(source: Labelled, parts: Parts) -> dict[str, PartCount]:
    """The images of a class as its positives, all others as its negatives."""
    labels = {
        "train": source.train_labels[parts.train],
        "validation": source.train_labels[parts.val],
        "test": source.test_labels,
    }
    counts = {
        part: torch.bincount(each.long(), minlength=source.n_classes)
        for part, each in labels.items()
    }
    return {
        part: PartCount(int(each.sum()), tuple(each.tolist()), tuple((each.sum() - each).tolist()))
        for part, each in counts.items()
    }


def _count(source: Labelled, labels: Tensor, groups: int | None) -> PartCount:
    targets = known(targets_of(labels, source.n_classes)).view(len(labels), -1)
    positives, negatives = ((targets == label).sum(0).tolist() for label in (1, 0))
    return PartCount(len(labels), tuple(positives), tuple(negatives), groups)


def _of_one(positives: int, negatives: int) -> PartCount:
    return PartCount(positives + negatives, (positives,), (negatives,))


def _groups(groups: Tensor | None, ids: Tensor) -> int | None:
    return None if groups is None else len(groups[ids].unique())
