"""From a data set to an imbalanced binary task, as Yuan et al. (ICCV 2021) make their benchmarks.

Classes become binary by two even halves of the class ids: id <= C/2 - 1 is negative. With an
odd number of classes the middle class is positive. A two-class set keeps its labels: 1 is
positive (also in breastmnist, where 1 means "normal, benign").

The training set keeps all its negatives and int(r / (1 - r) x negatives) positives, r = imratio.
r is read as the decimal that it prints as and the product is taken exactly, since in floating
point int() can come out one too low. A set of several labels an image keeps its own ratios.

Validation "before" cuts the validation set first and imbalances only what is left, so that
validation keeps the set's own ratio; CIFAR-10 at 10 % then trains on 22,500 negatives and 2,500
positives. "after" imbalances the whole training set (25,000 and 2,777, the counts published for
full training sets) and cuts then. Both cuts are stratified. Where the set has groups (patients) or
several labels, `trainables.datasets.cut.cuts` makes the cut; where it has a validation part of its
own, that one is kept. A long-tailed task keeps all classes: `trainables.datasets.cut.long_tail`.
"""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from trainables.datasets.choice import names
from trainables.datasets.cut.ablation import Ablation, easiest, with_wrong_labels
from trainables.datasets.cut.columns import fitted
from trainables.datasets.cut.long_tail import by_class, long_tailed
from trainables.datasets.cut.parts import (
    Counts,
    Parts,
    counts,
    drawn,
    positives_kept,
    with_easy_positives,
)
from trainables.datasets.cut.targets import binary_targets, counted, known, targets_of
from trainables.datasets.cut.task import BinaryTask
from trainables.datasets.images import Images, channel_statistics
from trainables.datasets.source import Source
from trainables.errors import DataError

__all__ = [
    "BinaryTask",
    "Counts",
    "binary_targets",
    "binary_task",
    "counts",
    "positives_kept",
    "targets_of_test",
]


def targets_of_test(source: Source) -> Tensor:
    """Of all test images that take part: float32 (M,), 0 or 1; or (M, L), 0, 1 or NaN.

    Raises:
        DataError: the set lacks one of the two classes (of every label), so that no AUROC can be
            had.
    """
    labels = source.test_labels[counted(source.test_labels)]
    targets = known(targets_of(labels, source.n_classes))
    if not bool(((targets == 0).any(0) & (targets == 1).any(0)).any()):
        has = " of one label at least, but has those of none" if source.labels else ", but has one"
        raise DataError(f"the test set must hold both classes{has}: check the data set's labels.")
    return targets


def binary_task(
    source: Source,
    imratio: float | None,
    data_seed: int,
    validation: str,
    ablation: Ablation = Ablation(),  # noqa: B008 - frozen
    long_tail: float | None = None,
) -> BinaryTask:
    """The binary task that one data seed draws from a data set; no image is copied.

    The test set is whole. ``ablation`` changes the training set alone.

    Args:
        source: as `trainables.datasets.cache.read_source` gives it.
        imratio, data_seed, validation: see `trainables.datasets.cut.parts.drawn`.
        ablation: see `trainables.datasets.cut.ablation.Ablation`.
        long_tail: rho of `trainables.datasets.cut.long_tail`, for a task of the set's classes;
            None: a binary task, or one of the set's labels.

    Raises:
        DataError: see `trainables.datasets.cut.parts.drawn`; or the test set lacks one of the
            classes; of a long tail see `trainables.datasets.cut.long_tail.long_tailed`, or the
            training set is to be made easier or noisier.
    """
    if long_tail is None:
        found = drawn(source, imratio, data_seed, validation)
    else:
        if ablation.easy_positives or ablation.label_noise:
            raise DataError("easy_positives and label_noise are for one label: leave them out.")
        named = by_class(source, names(source), imratio)
        found = long_tailed(source, long_tail, data_seed, validation)
        source = named
    tested = targets_of_test(source)
    targets = targets_of(source.train_labels, source.n_classes)
    train = torch.from_numpy(_with_easy(source, targets, found, ablation.easy_positives))
    val, test = torch.from_numpy(found.val), counted(source.test_labels)
    train_targets = targets[train]
    if ablation.label_noise:
        train_targets = with_wrong_labels(
            train_targets, ablation.label_noise, (ablation.seed, data_seed)
        )
    images = {
        "train": Images(source.train_images, train),
        "val": Images(source.train_images, val),
        "test": Images(source.test_images, test if len(test) < len(source.test_labels) else None),
    }
    mean, std = channel_statistics(images["train"])
    return BinaryTask(
        train_images=images["train"],
        train_targets=train_targets,
        val_images=images["val"],
        val_targets=known(targets[val]),
        test_images=images["test"],
        test_targets=tested,
        prior=train_targets.double().nanmean(0).float()
        if source.labels
        else int(train_targets.sum()) / len(train),
        mean=mean,
        std=std,
        augmentation=source.augmentation,
        labels=source.labels,
        classes=long_tail is not None,
        **_groups(source, train, val, test),
        **_metadata(source, train, val, test),
    )


def _with_easy(source: Source, targets: Tensor, found: Parts, share: float) -> NDArray[np.int64]:
    """The training part, with the easiest of the positives that were left out if so wished."""
    positive = targets[found.train] == 1
    added = with_easy_positives(share, int(positive.sum()), len(found.left), source.labels)
    if not added:
        return found.train
    train = torch.from_numpy(found.train)
    easy = easiest(
        Images(source.train_images, torch.from_numpy(found.left)),
        positives=Images(source.train_images, train[positive]),
        negatives=Images(source.train_images, train[~positive]),
        count=added,
    )
    return np.sort(np.concatenate([found.train, found.left[easy.numpy()]]))


def _groups(source: Source, train: Tensor, val: Tensor, test: Tensor) -> dict[str, Any]:
    if source.train_groups is None or source.test_groups is None:
        return {}
    return {
        "train_groups": source.train_groups[train],
        "val_groups": source.train_groups[val],
        "test_groups": source.test_groups[test],
    }


def _metadata(source: Source, train: Tensor, val: Tensor, test: Tensor) -> dict[str, Any]:
    if source.train_metadata is None or source.test_metadata is None:
        return {}
    in_train, in_val = (source.train_metadata.rows(ids.numpy()) for ids in (train, val))
    raw = source.test_metadata.rows(test.numpy())
    columns = fitted(in_train)
    return {
        "train_metadata": columns.encode(in_train),
        "val_metadata": columns.encode(in_val),
        "test_metadata": columns.encode(raw),
        "columns": columns.names,
        "raw_metadata": raw,
    }
