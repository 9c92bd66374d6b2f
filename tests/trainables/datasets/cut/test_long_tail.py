"""The long-tailed cut: published counts, the formula in whole numbers, and what each part holds."""

from fractions import Fraction
from typing import Any

import numpy as np
import pytest
import torch

from trainables.datasets.cut.ablation import Ablation
from trainables.datasets.cut.imbalance import binary_task
from trainables.datasets.cut.long_tail import by_class, long_tailed, profile
from trainables.datasets.cut.part_counts import part_counts
from trainables.datasets.source import Source
from trainables.errors import DataError

NAMES = ("ant", "bee", "cow", "dog")


def source(counts: tuple[int, ...] = (60, 60, 60, 60), **fields: Any) -> Source:
    """Images whose first pixel tells their place; four of each class in the test."""
    labels = torch.arange(len(counts)).repeat_interleave(torch.tensor(counts))
    labels = labels[torch.randperm(len(labels), generator=torch.Generator().manual_seed(0))]
    pixels = torch.arange(len(labels)) % 256
    test = torch.arange(len(counts)).repeat(4)
    made: dict[str, Any] = {
        "train_images": pixels.to(torch.uint8).view(-1, 1, 1, 1),
        "train_labels": labels,
        "test_images": torch.zeros(len(test), 1, 1, 1, dtype=torch.uint8),
        "test_labels": test,
        "n_classes": len(counts),
        "classes": NAMES[: len(counts)],
    }
    return Source(**made | fields)


@pytest.mark.parametrize(
    ("classes", "images", "rho", "known"),
    [(10, 5000, 100, 12_406), (100, 500, 100, 10_847), (10, 5000, 10, 20_431)],
)
def test_the_counts_are_those_known_of_cifar(
    classes: int, images: int, rho: float, known: int
) -> None:
    """Cui et al. 2019 and the code of Cao et al. 2019."""
    assert sum(profile([images] * classes, rho)) == known


@pytest.mark.parametrize("rho", [1, 2.5, 10, 100, 1000])
@pytest.mark.parametrize(("classes", "images"), [(3, 450), (10, 4500), (11, 1331), (100, 500)])
def test_a_count_is_the_floor_in_whole_numbers(classes: int, images: int, rho: float) -> None:
    """k <= n rho^(-c / (C - 1)) just where k^(C - 1) rho^c <= n^(C - 1)."""
    if images < rho:
        with pytest.raises(DataError, match=f"long_tail {rho:g} leaves class"):
            profile([images] * classes, rho)
        return
    exact, last = Fraction(str(rho)), classes - 1
    for c, kept in enumerate(profile([images] * classes, rho)):
        assert kept**last * exact**c <= images**last < (kept + 1) ** last * exact**c


def test_of_unequal_classes_the_head_is_as_large_as_the_tail_allows() -> None:
    kept = profile([1000, 40, 300, 12], 8)
    assert kept == [80, 40, 20, 10]
    assert profile([7, 1000, 1000], 1) == [7, 7, 7]
    for refused in (0.5, float("nan")):
        with pytest.raises(DataError, match="long_tail must be at least 1, not"):
            profile([10, 10], refused)


@pytest.mark.parametrize(
    ("validation", "train", "val"),
    [("before", (54, 25, 11, 5), (6, 6, 6, 6)), ("after", (54, 24, 11, 5), (6, 3, 1, 1))],
)
def test_the_cut_goes_before_or_after(
    validation: str, train: tuple[int, ...], val: tuple[int, ...]
) -> None:
    """Of 60 images by 10: 60, 27, 12, 6, less a tenth of each; of 54 they are 54, 25, 11, 5."""
    task = binary_task(source(), None, 3, validation, long_tail=10)
    assert task.classes
    assert task.labels == NAMES
    assert task.train_targets.sum(0).tolist() == [*train]
    assert task.val_targets.sum(0).tolist() == [*val]
    assert task.test_targets.sum(0).tolist() == [4, 4, 4, 4]
    for targets in (task.train_targets, task.val_targets, task.test_targets):
        assert targets.dtype == torch.float32
        assert bool((targets.sum(1) == 1).all())
    assert isinstance(task.prior, torch.Tensor)
    torch.testing.assert_close(task.prior, torch.tensor(train) / sum(train))
    counted = part_counts(source(), None, validation, long_tail=10)
    assert [counted[part].positives for part in ("train", "validation", "test")] == [
        train, val, (4,) * 4
    ]  # fmt: skip
    assert counted["train"].negatives == tuple(sum(train) - each for each in train)


def test_targets_go_with_their_images() -> None:
    found = source()
    task = binary_task(found, None, 3, "before", long_tail=10)
    assert task.train_images.ids is not None
    kept = found.train_labels[task.train_images.ids]
    assert torch.equal(task.train_targets.argmax(1), kept)
    assert task.val_images.ids is not None
    assert not set(task.train_images.ids.tolist()) & set(task.val_images.ids.tolist())


def test_one_seed_has_one_validation_part_and_nested_training_parts() -> None:
    wide, narrow = (long_tailed(source(), rho, 5, "before") for rho in (2, 10))
    np.testing.assert_array_equal(wide.val, narrow.val)
    assert set(narrow.train) < set(wide.train)
    other = long_tailed(source(), 10, 6, "before")
    assert set(other.train) != set(narrow.train)


def test_a_validation_part_of_the_sets_own_stays() -> None:
    own = torch.arange(240) % 4 == 0
    parts = long_tailed(source(validation=own), 10, 5, "before")
    np.testing.assert_array_equal(parts.val, np.flatnonzero(own.numpy()))
    assert not own[torch.from_numpy(parts.train)].any()
    with pytest.raises(DataError, match="validation must be 'before' here"):
        long_tailed(source(validation=own), 10, 5, "after")


LABELLED = by_class(source(), NAMES)


@pytest.mark.parametrize(
    ("found", "options", "words"),
    [
        (source((20, 20)), {}, "three classes or more, and there are 2"),
        (source(train_groups=torch.arange(240), test_groups=torch.arange(240, 256)), {}, "groups"),
        (LABELLED, {}, "these have 4 labels: leave it out"),
        (
            source(train_labels=torch.arange(240) % 5 - 1),
            {},
            "needs a class of every image, and 48",
        ),
        (source(), {"imratio": 0.1}, "has no imratio, and 0.1 is asked for"),
        (source(), {"ablation": Ablation(label_noise=0.1)}, "label_noise are for one label"),
        (source(), {"validation": "later"}, "must be 'before' or 'after', not 'later'"),
        (source((60, 60, 1)), {"long_tail": 100}, "every class must keep a training image"),
    ],
)
def test_what_cannot_be_thinned_is_refused(
    found: Source, options: dict[str, Any], words: str
) -> None:
    given = {"imratio": None, "data_seed": 1, "validation": "before", "long_tail": 10, **options}
    with pytest.raises(DataError, match=words):
        binary_task(found, **given)
