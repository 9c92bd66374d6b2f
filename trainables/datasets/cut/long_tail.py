"""From a data set of classes to a long-tailed task of as many classes.

Cui, Jia, Lin, Song, Belongie, "Class-Balanced Loss Based on Effective Number of Samples", CVPR 2019
(arXiv 1901.05555), sec. 5.1, the exponential profile: class c of C, by its id from 0, keeps
n_c = int(n_max rho^(-c / (C - 1))) of its training images, rho = n_0 / n_(C-1). n_max is the
largest number of which every class has as many images as it is to keep: of a balanced set what each
class has. What is whole stays whole: int() is taken a hair above the number. CIFAR-10 at rho 100
keeps 12,406 of its 50,000 training images, CIFAR-100 10,847, as is published.

Validation "before" cuts the validation set first and thins what is left, so that validation is
balanced as the set's own; CIFAR-10 at rho 100 then trains on 4,500 to 45 images a class, 11,165 in
all. "after" thins the whole training set (5,000 to 50) and cuts then, so that validation has the
same long tail. Both cuts take the set's share of every class, in whole images. Where the set has a
validation part of its own, that one is kept. The test set is whole.
"""

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any, TypeVar

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import one_hot

from trainables.datasets.contract import LEFT_OUT
from trainables.datasets.cut.parts import Labelled, Parts
from trainables.errors import DataError

__all__ = ["by_class", "long_tailed", "profile", "refuse_no_classes"]

HAIR = 1e-9
"""Above a product in floating point, which may come out just below a whole number."""

Classes = TypeVar("Classes", bound=Any)


def by_class(source: Classes, names: Sequence[str], imratio: float | None = None) -> Classes:
    """The same set with a label for each class, exactly one of which is 1 of each image.

    Args:
        source: a data set of class ids, or its labels alone (a frozen dataclass).
        names: of its classes, by id.
        imratio: that is asked for.

    Raises:
        DataError: see `refuse_no_classes`.
    """
    refuse_no_classes(source, imratio)
    count = source.n_classes
    named: Classes = replace(
        source,
        train_labels=_one_hot(source.train_labels, count),
        test_labels=_one_hot(source.test_labels, count),
        n_classes=2,
        labels=tuple(names),
        **({"classes": (), "positives": None} if hasattr(source, "positives") else {}),
    )
    return named


def refuse_no_classes(source: Labelled, imratio: float | None = None) -> None:
    """Do nothing if a long-tailed task can be made of the set.

    Raises:
        DataError: it has several labels an image, fewer than three classes, groups, or images of no
            class; or an ``imratio`` is asked for.
    """
    if source.labels:
        raise DataError(
            f"long_tail is for images of one class each, and these have {len(source.labels)} "
            "labels: leave it out."
        )
    if source.n_classes < 3:
        raise DataError(
            f"long_tail is for three classes or more, and there are {source.n_classes}: ask for an "
            "imratio, or leave positives and negatives out of the data set."
        )
    if imratio is not None:
        raise DataError(
            f"a task with long_tail has no imratio, and {imratio} is asked for: write imratios: "
            "[null], in the task if others have an imratio."
        )
    if source.train_groups is not None:
        raise DataError(
            "long_tail thins classes image by image, and these images come in groups (patients): "
            "leave the groups out, or long_tail."
        )
    for labels in (source.train_labels, source.test_labels):
        if left := int((labels == LEFT_OUT).sum()):
            raise DataError(
                f"long_tail needs a class of every image, and {left} have none: leave them out of "
                "the data set."
            )


def profile(available: Sequence[int], rho: float) -> list[int]:
    """How many images each class keeps, see above.

    Args:
        available: images of each class, by id; two classes or more.
        rho: n of the first class over n of the last, at least 1.

    Raises:
        DataError: rho is below 1, or a class keeps none.

    >>> profile([5000] * 10, 100)
    [5000, 2997, 1796, 1077, 645, 387, 232, 139, 83, 50]
    """
    if not rho >= 1:
        raise DataError(
            f"long_tail must be at least 1, not {rho}: it is the images of the first class over "
            "those of the last."
        )
    last = len(available) - 1
    shares = [rho ** -(place / last) for place in range(last + 1)]
    most = int(min(count / share for count, share in zip(available, shares, strict=True)) + HAIR)
    kept = [int(most * share + HAIR) for share in shares]
    if not min(kept):
        raise DataError(
            f"every class must keep a training image, and long_tail {rho:g} leaves class "
            f"{kept.index(0)} none: ask for less, or take a larger data set."
        )
    return kept


def long_tailed(source: Labelled, rho: float, data_seed: int, validation: str) -> Parts:
    """The parts that one data seed draws.

    The seed shuffles each class once; validation takes its first images and training the next
    ("before"), so that for one seed validation is the same at every rho, and what is kept at 100 is
    among what is kept at 10.

    Args:
        source: a set of class ids.
        rho: of the profile, at least 1.
        data_seed: at least 0.
        validation: "before" or "after" the classes are thinned.

    Raises:
        DataError: see `refuse_no_classes` and `profile`; the set's own validation part is to be cut
            anew; or validation is left without images.
    """
    refuse_no_classes(source)
    own = None if source.validation is None else source.validation.numpy()
    if validation not in ("before", "after"):
        raise DataError(f"validation must be 'before' or 'after', not {validation!r}.")
    if own is not None and validation == "after":
        raise DataError(
            "validation must be 'before' here, not 'after': the set has a validation part of its "
            "own, which is never thinned."
        )
    generator = np.random.default_rng(data_seed)
    labels = source.train_labels.long().numpy()
    members = [
        generator.permutation(np.flatnonzero(labels == each)) for each in range(source.n_classes)
    ]
    if validation == "after":
        kept = [
            ids[:count]
            for ids, count in zip(members, profile([*map(len, members)], rho), strict=True)
        ]
        cut = [_share(source.validation_share, len(ids)) for ids in kept]
        val = [ids[:count] for ids, count in zip(kept, cut, strict=True)]
        train = [ids[count:] for ids, count in zip(kept, cut, strict=True)]
    else:
        if own is None:
            cut = [_share(source.validation_share, len(ids)) for ids in members]
            val = [ids[:count] for ids, count in zip(members, cut, strict=True)]
            rest = [ids[count:] for ids, count in zip(members, cut, strict=True)]
        else:
            val = [ids[own[ids]] for ids in members]
            rest = [ids[~own[ids]] for ids in members]
        counts = profile([*map(len, rest)], rho)
        train = [ids[:count] for ids, count in zip(rest, counts, strict=True)]
    if sum(map(bool, map(len, val))) < 2:
        raise DataError(
            "validation needs images of two classes or more: take a larger data set, or a larger "
            "share for the validation."
        )
    ids = [np.sort(np.concatenate(each)).astype(np.int64) for each in (train, val)]
    return Parts(ids[0], ids[1], left=np.empty(0, np.int64))


def _share(share: Fraction, images: int) -> int:
    return min(round(share * images), images - 1) if images else 0


def _one_hot(labels: Tensor, classes: int) -> Tensor:
    return one_hot(labels.long(), classes).to(torch.float32)
