"""From a data set to an imbalanced binary task, as Yuan et al. (ICCV 2021) make their benchmarks.

Classes become binary by two even halves of the class ids: id <= C/2 - 1 is negative. With an
odd number of classes the middle class is positive. A two-class set keeps its labels: 1 is
positive (also in breastmnist, where 1 means "normal, benign").

The training set keeps all its negatives and int(r / (1 - r) x negatives) positives, r = imratio.
r is read as the decimal that it prints as and the product is taken exactly, since in floating
point int() can come out one too low.

Validation "before" cuts the validation set first and imbalances only what is left, so that
validation keeps the set's own ratio; CIFAR-10 at 10 % then trains on 22,500 negatives and 2,500
positives. "after" imbalances the whole training set (25,000 and 2,777, the counts published for
full training sets) and cuts then. Both cuts are stratified.
"""

from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from trainables.datasets.ablation import Ablation, easiest, with_wrong_labels
from trainables.datasets.metadata import Metadata
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


class Counts(NamedTuple):
    """Images of each class in the training and the validation part."""

    train_positives: int
    train_negatives: int
    val_positives: int
    val_negatives: int


@dataclass(frozen=True, eq=False)
class BinaryTask:
    """An imbalanced binary task, all on one device.

    Attributes:
        train_images, val_images, test_images: uint8 (N, C, H, W).
        train_targets, val_targets, test_targets: float32 (N,), 0 or 1; or of several labels (N, L)
            in [0, 1], NaN where one is missing.
        prior: share of positives among the training images; of several labels float32 (L,).
        mean, std: float32 (C,), over the training images' pixels scaled to [0, 1].
        augmentation: the set's own default augmentation.
        labels: names of the L labels; empty: there is one.
        val_groups, test_groups: int64, whose each image is; None: the set has none.
        raw_metadata: of the test images, as the reader gave it; None: nothing.
    """

    train_images: Tensor
    train_targets: Tensor
    val_images: Tensor
    val_targets: Tensor
    test_images: Tensor
    test_targets: Tensor
    prior: float | Tensor
    mean: Tensor
    std: Tensor
    augmentation: str
    labels: tuple[str, ...] = ()
    val_groups: Tensor | None = None
    test_groups: Tensor | None = None
    raw_metadata: Metadata | None = None

    def to(self, device: torch.device | str) -> "BinaryTask":
        """The same task with every tensor on ``device``."""
        moved: dict[str, Any] = {
            name: value.to(device)
            for name, value in vars(self).items()
            if isinstance(value, Tensor)
        }
        return replace(self, **moved)


def binary_targets(labels: Tensor, n_classes: int) -> Tensor:
    """Class ids (N,) to float32 targets (N,): 0 where id <= n_classes / 2 - 1, else 1."""
    return (2 * (labels.long() + 1) > n_classes).float()


def targets_of_test(source: Source) -> Tensor:
    """Of the whole test set, float32 (M,).

    Raises:
        DataError: the set lacks one of the two classes, so that no AUROC can be had.
    """
    targets = binary_targets(source.test_labels, source.n_classes)
    if targets.unique().numel() < 2:
        raise DataError(
            "the test set must hold both classes, but has one: check the data set's labels."
        )
    return targets


def positives_kept(imratio: float, negatives: int) -> int:
    """int(imratio / (1 - imratio) x negatives), exactly; imratio in (0, 0.5]."""
    if not 0 < imratio <= 0.5:
        raise DataError(
            f"imratio must be in (0, 0.5] or null, not {imratio}: it is positives / all in the "
            "training set."
        )
    ratio = Fraction(str(float(imratio)))
    return int(ratio / (1 - ratio) * negatives)


def counts(
    labels: Tensor,
    n_classes: int,
    imratio: float | None,
    validation: str,
    validation_share: Fraction = Fraction(1, 10),
    easy_positives: float = 0.0,
) -> Counts:
    """How many images of each class a task trains and validates on; reads labels alone.

    Args:
        labels: class ids of the whole training set (N,).
        n_classes: number of classes.
        imratio: positives / all in the training set, in (0, 0.5]; None: the set's own ratio.
        validation: "before" or "after" (see the module's text).
        validation_share: share of each class that validation takes, rounded to whole images.
        easy_positives: positives added to the training set, as a share of those kept.

    Raises:
        DataError: more positives are asked for than exist, or a part has no image of a class.
    """
    if validation not in ("before", "after"):
        raise DataError(f"validation must be 'before' or 'after', not {validation!r}.")
    positives = int(binary_targets(labels, n_classes).sum())
    negatives = len(labels) - positives
    val_negatives = round(validation_share * negatives)
    if validation == "before":
        val_positives = round(validation_share * positives)
        train_positives = _kept(imratio, positives - val_positives, negatives - val_negatives)
    else:
        kept = _kept(imratio, positives, negatives)
        val_positives = round(validation_share * kept)
        train_positives = kept - val_positives
    added = round(easy_positives * train_positives)
    left = positives - val_positives - train_positives
    if added > left:
        raise DataError(
            f"easy_positives {easy_positives} needs {added} positives that the imbalance left "
            f"out, but it left {left}: ask for a lower imratio or for less."
        )
    train_positives += added
    found = Counts(train_positives, negatives - val_negatives, val_positives, val_negatives)
    for name, count in found._asdict().items():
        if count == 0:
            raise DataError(
                f"training and validation both need images of both classes, but imratio "
                f"{imratio} with validation {validation!r} leaves {name} at 0: raise imratio or "
                "take a larger data set."
            )
    return found


def _kept(imratio: float | None, available: int, negatives: int) -> int:
    if imratio is None:
        return available
    kept = positives_kept(imratio, negatives)
    if kept > available:
        raise DataError(
            f"imratio {imratio} needs {kept} positives beside {negatives} negatives, but the "
            f"training set has {available}: ask for at most "
            f"{available / (available + negatives):.4f}, or null for the set's own ratio."
        )
    return kept


def binary_task(
    source: Source,
    imratio: float | None,
    data_seed: int,
    validation: str,
    ablation: Ablation = Ablation(),  # noqa: B008 - frozen
) -> BinaryTask:
    """The binary task that one data seed draws from a data set.

    The seed shuffles each class once; validation takes the first images of a class and training
    the next ones. So for one seed the validation set is the same at every imratio ("before"),
    and the positives kept at 1 % are among those kept at 10 %. The test set is whole.
    ``ablation`` changes the training set alone.

    Raises:
        DataError: see ``counts``; or the test set lacks one of the classes.
    """
    labels, share = source.train_labels, source.validation_share
    found = counts(labels, source.n_classes, imratio, validation, share)
    with_easy = counts(
        labels, source.n_classes, imratio, validation, share, ablation.easy_positives
    )
    tested = targets_of_test(source)
    targets = binary_targets(source.train_labels, source.n_classes)
    generator = np.random.default_rng(data_seed)
    train_ids, val_ids, left_ids = [], [], []
    for target, train_count, val_count in (
        (0, found.train_negatives, found.val_negatives),
        (1, found.train_positives, found.val_positives),
    ):
        ids = generator.permutation((targets == target).nonzero().squeeze(1).numpy())
        val_ids.append(ids[:val_count])
        train_ids.append(ids[val_count : val_count + train_count])
        left_ids.append(ids[val_count + train_count :])
    if added := with_easy.train_positives - found.train_positives:
        negatives, positives = (source.train_images[ids] for ids in train_ids)
        candidates = source.train_images[left_ids[1]]
        easy = easiest(candidates, positives, negatives, added)
        train_ids.append(left_ids[1][easy.numpy()])
    train = torch.from_numpy(np.sort(np.concatenate(train_ids)))
    val = torch.from_numpy(np.sort(np.concatenate(val_ids)))
    train_images = source.train_images[train]
    mean, std = _channel_statistics(train_images)
    train_targets = targets[train]
    if ablation.label_noise:
        train_targets = with_wrong_labels(
            train_targets, ablation.label_noise, (ablation.seed, data_seed)
        )
    return BinaryTask(
        train_images=train_images,
        train_targets=train_targets,
        val_images=source.train_images[val],
        val_targets=targets[val],
        test_images=source.test_images,
        test_targets=tested,
        prior=int(train_targets.sum()) / len(train),
        mean=mean,
        std=std,
        augmentation=source.augmentation,
    )


def _channel_statistics(images: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and standard deviation of each channel in [0, 1], from exact pixel counts."""
    values = torch.arange(256, dtype=torch.float64) / 255
    means, stds = [], []
    for channel in images.unbind(1):
        shares = torch.bincount(channel.flatten(), minlength=256).double() / channel.numel()
        mean = (shares * values).sum()
        means.append(mean)
        # A channel of one colour has no spread; one grey level keeps the division finite.
        stds.append((shares * (values - mean) ** 2).sum().sqrt().clamp(min=1 / 255))
    return torch.stack(means).float(), torch.stack(stds).float()
