"""Which images of a set are for training and which for validation, and how many: from its labels.

`trainables.datasets.cut.imbalance` says by which protocol.
"""

from dataclasses import dataclass
from fractions import Fraction
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from trainables.datasets.cut.cuts import refuse_shared_groups, validation_cut
from trainables.datasets.cut.targets import binary_targets, counted, known, targets_of
from trainables.errors import DataError

__all__ = [
    "Counts",
    "Labelled",
    "Parts",
    "counts",
    "drawn",
    "is_drawn",
    "positives_kept",
    "with_easy_positives",
]

Ids = NDArray[np.int64]


class Labelled(Protocol):
    """What is read here of a `trainables.datasets.source.Source`, all but its images."""

    @property
    def train_labels(self) -> Tensor: ...
    @property
    def test_labels(self) -> Tensor: ...
    @property
    def n_classes(self) -> int: ...
    @property
    def validation_share(self) -> Fraction: ...
    @property
    def labels(self) -> tuple[str, ...]: ...
    @property
    def train_groups(self) -> Tensor | None: ...
    @property
    def test_groups(self) -> Tensor | None: ...
    @property
    def validation(self) -> Tensor | None: ...


class Counts(NamedTuple):
    """Images of each class in the training and the validation part."""

    train_positives: int
    train_negatives: int
    val_positives: int
    val_negatives: int


@dataclass(frozen=True, eq=False)
class Parts:
    """Places of images in the training set.

    Attributes:
        train, val: int64, rising.
        left: positives that the imbalance left out and that may join the training part, in the
            order in which they were drawn.
    """

    train: Ids
    val: Ids
    left: Ids


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
    """How many images of each class a task trains and validates on, where it has neither groups,
    nor several labels, nor a validation part of its own; reads labels alone.

    Args:
        labels: class ids of the whole training set (N,).
        n_classes: number of classes.
        imratio: positives / all in the training set, in (0, 0.5]; None: the set's own ratio.
        validation: "before" or "after" the imbalance (see `trainables.datasets.cut.imbalance`).
        validation_share: share of each class that validation takes, rounded to whole images.
        easy_positives: positives added to the training set, as a share of those kept.

    Raises:
        DataError: more positives are asked for than exist, or a part has no image of a class.
    """
    _refuse_other_order(validation)
    found = binary_targets(labels[counted(labels)], n_classes)
    positives = int(found.sum())
    negatives = len(found) - positives
    val_negatives = round(validation_share * negatives)
    if validation == "before":
        val_positives = round(validation_share * positives)
        train_positives = _kept(imratio, positives - val_positives, negatives - val_negatives)
    else:
        kept = _kept(imratio, positives, negatives)
        val_positives = round(validation_share * kept)
        train_positives = kept - val_positives
    left = positives - val_positives - train_positives
    train_positives += with_easy_positives(easy_positives, train_positives, left)
    of_parts = Counts(train_positives, negatives - val_negatives, val_positives, val_negatives)
    _refuse_missing(of_parts, imratio, validation)
    return of_parts


def with_easy_positives(share: float, kept: int, left: int, labels: tuple[str, ...] = ()) -> int:
    """How many of the positives ``left`` out join the ``kept`` ones, as a share of these.

    Raises:
        DataError: there are fewer, or there are several ``labels``.
    """
    if share and labels:
        raise DataError(
            f"easy_positives are for one label, not for {len(labels)}: leave them out, or name one "
            "of the labels."
        )
    added = round(share * kept)
    if added > left:
        raise DataError(
            f"easy_positives {share} needs {added} positives that the imbalance left "
            f"out, but it left {left}: ask for a lower imratio or for less."
        )
    return added


def is_drawn(source: Labelled) -> bool:
    """Whether how many images a part has is for the draw of a data seed to say, and not for
    `counts`.
    """
    return bool(source.labels) or source.train_groups is not None or source.validation is not None


def drawn(source: Labelled, imratio: float | None, data_seed: int, validation: str) -> Parts:
    """The parts that one data seed draws.

    Args:
        source: a data set as `trainables.datasets.cache.read_source` gives it.
        imratio: positives / all in the training part, in (0, 0.5]; None: the set's own ratio.
        data_seed: at least 0.
        validation: "before" or "after" the imbalance.

    Raises:
        DataError: more positives are asked for than exist, a part lacks a class, a group is in two
            parts, several labels are to have an imratio, or the set's own validation part is to be
            cut anew.
    """
    _refuse_other_order(validation)
    if not is_drawn(source):
        return _class_by_class(source, imratio, data_seed, validation)
    if source.labels and imratio is not None:
        raise DataError(
            f"imratio is for one label, not {imratio} for the {len(source.labels)} labels "
            f"{', '.join(source.labels)}, which keep their own ratios: write imratios: [null], in "
            "the task if others have an imratio, or name one of the labels."
        )
    ids = counted(source.train_labels).numpy()
    targets = targets_of(source.train_labels, source.n_classes)
    generator = np.random.default_rng((data_seed, 1))  # another stream than the cut's
    own = source.validation
    if own is not None and validation == "after":
        raise DataError(
            "validation must be 'before' here, not 'after': the set has a validation part of its "
            "own, which no imbalance changes."
        )
    if validation == "before":
        chosen = _cut(source, targets, ids, data_seed) if own is None else own.numpy()[ids]
        train, left = _imbalanced(targets, ids[~chosen], imratio, generator)
        val = ids[chosen]
    else:
        kept, left = _imbalanced(targets, ids, imratio, generator)
        chosen = _cut(source, targets, kept, data_seed)
        train, val = kept[~chosen], kept[chosen]
        if source.train_groups is not None:
            groups = source.train_groups.numpy()
            left = left[~np.isin(groups[left], groups[val])]
    if source.train_groups is not None:
        of_parts = {"training": source.train_groups[train], "validation": source.train_groups[val]}
        if source.test_groups is not None:
            of_parts["test"] = source.test_groups[counted(source.test_labels)]
        refuse_shared_groups(of_parts)
    if source.labels:
        _refuse_one_class(source.labels, targets[train], known(targets[val]))
    else:
        positives = [int(targets[part].sum()) for part in (train, val)]
        found = Counts(
            positives[0], len(train) - positives[0], positives[1], len(val) - positives[1]
        )
        _refuse_missing(found, imratio, validation)
    return Parts(train, val, left)


def _class_by_class(
    source: Labelled, imratio: float | None, data_seed: int, validation: str
) -> Parts:
    """The seed shuffles each class once; validation takes its first images and training the next.

    So for one seed the validation set is the same at every imratio ("before"), and the positives
    kept at 1 % are among those kept at 10 %.
    """
    labels = source.train_labels
    found = counts(labels, source.n_classes, imratio, validation, source.validation_share)
    ids = counted(labels)
    targets = binary_targets(labels[ids], source.n_classes)
    generator = np.random.default_rng(data_seed)
    train, val, left = [], [], []
    for target, train_count, val_count in (
        (0, found.train_negatives, found.val_negatives),
        (1, found.train_positives, found.val_positives),
    ):
        shuffled = generator.permutation(ids[targets == target].numpy())
        val.append(shuffled[:val_count])
        train.append(shuffled[val_count : val_count + train_count])
        left.append(shuffled[val_count + train_count :])
    return Parts(np.sort(np.concatenate(train)), np.sort(np.concatenate(val)), left[1])


def _cut(source: Labelled, targets: Tensor, ids: Ids, data_seed: int) -> NDArray[np.bool_]:
    groups = None if source.train_groups is None else source.train_groups[ids]
    cut = validation_cut(targets[ids], source.validation_share, data_seed, groups)
    return np.asarray(cut)


def _imbalanced(
    targets: Tensor, ids: Ids, imratio: float | None, generator: np.random.Generator
) -> tuple[Ids, Ids]:
    """All negatives of ``ids`` and the positives kept, rising; and those left out."""
    if imratio is None:
        return ids, ids[:0]
    positive = targets[ids].numpy() == 1
    shuffled = generator.permutation(ids[positive])
    kept = _kept(imratio, len(shuffled), len(ids) - len(shuffled))
    return np.sort(np.concatenate([ids[~positive], shuffled[:kept]])), shuffled[kept:]


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


def _refuse_other_order(validation: str) -> None:
    if validation not in ("before", "after"):
        raise DataError(f"validation must be 'before' or 'after', not {validation!r}.")


def _refuse_missing(found: Counts, imratio: float | None, validation: str) -> None:
    for name, count in found._asdict().items():
        if count == 0:
            raise DataError(
                f"training and validation both need images of both classes, but imratio "
                f"{imratio} with validation {validation!r} leaves {name} at 0: raise imratio or "
                "take a larger data set."
            )


def _refuse_one_class(names: tuple[str, ...], train: Tensor, val: Tensor) -> None:
    """Each label must have something to learn, and one of them something to validate by."""
    for name, column in zip(names, train.T, strict=True):
        mean = float(column.nanmean())
        if not 0 < mean < 1:
            what = {0.0: "no positive", 1.0: "no negative"}.get(mean, "no known")
            raise DataError(
                f"each label must be known, 0 and 1, among the training images, and {name} has "
                f"{what} one there: leave it out of labels."
            )
    if not ((val == 0).any(0) & (val == 1).any(0)).any():
        raise DataError(
            "validation needs both classes of one label at least, and has those of none: take a "
            "larger data set, or a larger share for the validation."
        )
