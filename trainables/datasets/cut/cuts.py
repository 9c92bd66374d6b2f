"""Where a set of images is cut in two: stratified, and with no group (patient) on both sides.

The validation cut belongs to a data seed, the test cut to the data set alone. Images of one label
without groups are cut class by class in ``parts``, as Yuan et al. (ICCV 2021) do; here is all else:

- one label, groups: scikit-learn's ``StratifiedGroupKFold``; of its folds so many are taken that
  the share comes close;
- several labels: iterative stratification (Sechidis et al., ECML 2011; the package
  ``iterative-stratification``) over the positives of each label, and the negatives where a label
  is missing for some images;
- several labels and groups, which neither of them does, one label of which too few groups have a
  class for such folds, and every test cut: ``divided``, over what images of each kind a group has.
"""

import hashlib
import warnings
from collections.abc import Mapping
from fractions import Fraction
from itertools import combinations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from trainables.datasets.cut.divided import divided
from trainables.errors import DataError

__all__ = ["fixed_cut", "refuse_shared_groups", "validation_cut"]

FOLDS_AT_MOST = 20
"""Folds among which a share is looked for: 3 of 20 are 15 %."""


def fixed_cut(labels: Tensor, share: Fraction | float, groups: Tensor | None = None) -> Tensor:
    """Which images of a set without an official test set are for the test.

    For readers: the cut is stratified by class, or over all labels, keeps groups apart, and is the
    same for every seed. It hangs on the arguments alone, and neither on a random generator nor on
    the version of a library: images (or groups) go by in the order of the SHA-256 of their number,
    and all arithmetic is in integers. So the rows have to come in a fixed order (that of the file,
    or sorted names), and groups have to be numbered likewise.

    Args:
        labels: class ids (N,), or float (N, L) in [0, 1] with NaN where missing.
        share: of the images that the test takes, in (0, 1); of every class within one image, or as
            nearly as groups allow. A float is read as the decimal that it prints as.
        groups: int64 (N,), which patient; None: every image is one.

    Returns:
        bool (N,), True for the test.

    Raises:
        DataError: one group holds all images, or all of one of two classes.

    Example:
        >>> chosen = fixed_cut(torch.tensor([0] * 40 + [1] * 10), Fraction(1, 5))
        >>> int(chosen[:40].sum()), int(chosen[40:].sum())
        (8, 2)
    """
    if not 0 < share < 1:
        raise DataError(f"the test's share of the images must be in (0, 1), not {share}.")
    if groups is not None:
        _refuse_one_group(labels, groups, "test")
    numbers, of_image = _units(len(labels), groups)
    order = sorted(range(len(numbers)), key=[_digest(number) for number in numbers].__getitem__)
    taken = divided(_by_unit(_kinds(labels), of_image, len(numbers)), _exact(share), order)
    return torch.from_numpy(taken[of_image])


def validation_cut(
    targets: Tensor, share: Fraction | float, data_seed: int, groups: Tensor | None = None
) -> Tensor:
    """Which training images are for the validation, by one data seed.

    Args:
        targets: float (N,), 0 or 1, with groups; or (N, L) in [0, 1], NaN where missing.
        share: of the images that validation takes, in (0, 1).
        data_seed: at least 0.
        groups: int64 (N,), none of which is on both sides.

    Returns:
        bool (N,), True for the validation.

    Raises:
        DataError: one group holds all images, or all of one class.
    """
    generator = np.random.default_rng(data_seed)
    if groups is None:
        return torch.from_numpy(_over_labels(_kinds(targets), share, generator))
    _refuse_one_group(targets, groups, "validation")
    numbers, of_image = _units(len(targets), groups)
    if targets.ndim == 1:
        taken = _of_folds(targets.numpy(), of_image, _exact(share), generator)
        if taken is not None:
            return torch.from_numpy(taken)
    counts = _by_unit(_kinds(targets), of_image, len(numbers))
    order = generator.permutation(len(numbers)).tolist()
    return torch.from_numpy(divided(counts, _exact(share), order)[of_image])


def refuse_shared_groups(groups: Mapping[str, Tensor]) -> None:
    """Do nothing if no group is in two of the parts, given by name; else DataError."""
    for first, second in combinations(groups, 2):
        both = np.intersect1d(groups[first].numpy(), groups[second].numpy())
        if len(both):
            raise DataError(
                f"no group (patient) may be in two parts, but {len(both):,} are in the {first} and "
                f"in the {second} part, such as number {both[0]}: move their images to one of "
                "them, or leave the groups out."
            )


def _over_labels(
    kinds: NDArray[np.bool_], share: Fraction | float, generator: np.random.Generator
) -> NDArray[np.bool_]:
    from iterstrat.ml_stratifiers import MultilabelStratifiedShuffleSplit

    splitter = MultilabelStratifiedShuffleSplit(
        n_splits=1, test_size=float(share), random_state=int(generator.integers(2**31))
    )
    _, chosen = next(splitter.split(kinds, kinds.astype(np.int64)))
    taken = np.zeros(len(kinds), np.bool_)
    taken[chosen] = True
    return taken


def _of_folds(
    targets: NDArray[np.float32],
    groups: NDArray[np.int64],
    share: Fraction,
    generator: np.random.Generator,
) -> NDArray[np.bool_] | None:
    """Some of the folds at random; of their cyclic sequences the first with both classes within
    and without. None: there is no such one, as where few groups have a class.
    """
    from sklearn.model_selection import StratifiedGroupKFold

    near = share.limit_denominator(FOLDS_AT_MOST)
    most = min(int(groups.max()) + 1, int(np.unique(targets, return_counts=True)[1].max()))
    folds = max(2, min(near.denominator, most))
    some = min(max(1, round(near * folds)), folds - 1)
    random_state = int(generator.integers(2**31))
    splitter = StratifiedGroupKFold(folds, shuffle=True, random_state=random_state)
    with warnings.catch_warnings():
        # Of a class with fewer images than folds: some folds have none, and others are taken.
        warnings.filterwarnings("ignore", "The least populated class in y", UserWarning)
        found = [fold for _, fold in splitter.split(targets, targets, groups)]
    drawn = generator.permutation(folds)
    for first in range(folds):
        taken = np.zeros(len(targets), np.bool_)
        taken[np.concatenate([found[fold] for fold in np.roll(drawn, -first)[:some]])] = True
        if all(len(np.unique(targets[side])) == 2 for side in (taken, ~taken)):
            return taken
    return None


def _kinds(labels: Tensor) -> NDArray[np.bool_]:
    """(N, K): the class of each image; or the positives and, where some are missing, the negatives
    of each label. A soft label is neither. Of several labels the last kind is that of all images.
    """
    if labels.ndim == 1:
        ids = labels.long().numpy()
        return ids[:, None] == np.unique(ids)
    columns = []
    for column in labels.numpy().T:
        positive, negative = column == 1, column == 0
        columns += [positive] if (positive | negative).all() else [positive, negative]
    return np.stack([*columns, np.ones(len(labels), np.bool_)], 1)


def _units(images: int, groups: Tensor | None) -> tuple[list[int], NDArray[np.int64]]:
    """The number of every unit that stays whole, and the place (N,) of each image's unit."""
    if groups is None:
        return list(range(images)), np.arange(images)
    numbers, of_image = np.unique(groups.numpy(), return_inverse=True)
    return numbers.tolist(), of_image


def _by_unit(
    kinds: NDArray[np.bool_], of_image: NDArray[np.int64], units: int
) -> NDArray[np.int64]:
    counts = np.zeros((units, kinds.shape[1]), np.int64)
    np.add.at(counts, of_image, kinds)
    return counts


def _exact(share: Fraction | float) -> Fraction:
    return Fraction(str(share))


def _digest(number: int) -> bytes:
    return hashlib.sha256(str(number).encode()).digest()


def _refuse_one_group(labels: Tensor, groups: Tensor, part: str) -> None:
    """Nothing can be cut if a group must be on both sides."""
    wanted = {"all images": torch.ones(len(labels), dtype=torch.bool)}
    classes = labels.unique() if labels.ndim == 1 else labels[:0].flatten()
    if len(classes) == 2:
        wanted |= {
            "all negatives": labels == classes[0],
            "all positives": labels == classes[1],
        }
    for what, members in wanted.items():
        held = groups[members].unique()
        if len(held) == 1:
            raise DataError(
                f"no group (patient) may lie on both sides of a cut, but one group, number "
                f"{int(held)}, holds {what} ({int(members.sum()):,}), which leaves the {part} part "
                "or the rest without them: give images of other groups, or leave the groups out."
            )
