"""The data protocol: exact counts, honest cuts, a test set that is left alone."""

import hashlib
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from trainables.datasets import (
    DATASETS,
)
from trainables.datasets.cut.imbalance import (
    BinaryTask,
    binary_targets,
    binary_task,
    counts,
    positives_kept,
)
from trainables.datasets.images import Images
from trainables.datasets.source import Source
from trainables.errors import DataError

CIFAR = torch.arange(50_000) % 10
CAT_AND_DOG = torch.arange(20_000) % 2


def _ids(images: Images) -> list[int]:
    """The image's number, which ``_source`` hides in its first pixels."""
    digits = torch.cat([*images.split(999)])[:, 0, 0, :3].long()
    return (digits @ torch.tensor([10_000, 100, 1])).tolist()


def _source(n: int = 2_000, n_classes: int = 10, share: Fraction = Fraction(1, 10)) -> Source:
    generator = torch.Generator().manual_seed(n)
    images = torch.randint(0, 256, (n + 300, 3, 8, 8), generator=generator, dtype=torch.uint8)
    ids = torch.arange(n + 300)
    images[:, 0, 0, :3] = torch.stack([ids // 10_000, ids // 100 % 100, ids % 100], 1).byte()
    labels = torch.randint(0, n_classes, (n + 300,), generator=generator)
    return Source(images[:n], labels[:n], images[n:], labels[n:], n_classes, validation_share=share)


@pytest.mark.parametrize(
    ("negatives", "kept"),
    [
        (25_000, {0.01: 252, 0.1: 2_777, 0.3: 10_714}),  # CIFAR-10 and CIFAR-100
        (10_000, {0.01: 101, 0.1: 1_111, 0.3: 4_285}),  # Cat&Dog
        (2_500, {0.01: 25, 0.1: 277, 0.3: 1_071}),  # STL-10
    ],
)
def test_published_counts(negatives: int, kept: dict[float, int]) -> None:
    assert {r: positives_kept(r, negatives) for r in kept} == kept


@given(per_mille=st.integers(1, 500), negatives=st.integers(0, 10**6))
def test_positives_kept_is_exact(per_mille: int, negatives: int) -> None:
    whole = per_mille * negatives // (1000 - per_mille)
    assert positives_kept(per_mille / 1000, negatives) == whole


def test_floating_point_alone_would_be_one_too_low() -> None:
    assert int(0.45 / (1 - 0.45) * 33) == 26
    assert positives_kept(0.45, 33) == 27


@pytest.mark.parametrize("imratio", [0.0, -0.1, 0.51, 1.0, float("nan")])
def test_imratio_outside_its_range(imratio: float) -> None:
    with pytest.raises(DataError, match=r"in \(0, 0\.5\] or null, not"):
        positives_kept(imratio, 100)


def test_halves_of_the_classes() -> None:
    def positives(n_classes: int) -> list[int]:
        return binary_targets(torch.arange(n_classes), n_classes).nonzero().flatten().tolist()

    assert positives(2) == [1]
    assert positives(10) == [5, 6, 7, 8, 9]
    assert positives(7) == [3, 4, 5, 6]  # the middle class is positive
    assert positives(100) == list(range(50, 100))


def test_counts_of_cifar_before_and_after_the_cut() -> None:
    assert counts(CIFAR, 10, 0.1, "before") == (2_500, 22_500, 2_500, 2_500)
    assert counts(CIFAR, 10, 0.01, "before") == (227, 22_500, 2_500, 2_500)
    for imratio, kept in ((0.01, 252), (0.1, 2_777), (0.3, 10_714)):
        train_positives, train_negatives, val_positives, val_negatives = counts(
            CIFAR, 10, imratio, "after"
        )
        assert train_positives + val_positives == kept
        assert train_negatives + val_negatives == 25_000
        assert val_positives == pytest.approx(kept / 10, abs=0.5)


def test_counts_of_cat_and_dog_before_and_after_the_cut() -> None:
    share = Fraction(1, 20)
    assert counts(CAT_AND_DOG, 2, None, "before", share) == (9_500, 9_500, 500, 500)
    assert counts(CAT_AND_DOG, 2, 0.1, "before", share) == (1_055, 9_500, 500, 500)
    for imratio, kept in ((0.01, 101), (0.1, 1_111), (0.3, 4_285)):
        train_positives, train_negatives, val_positives, val_negatives = counts(
            CAT_AND_DOG, 2, imratio, "after", share
        )
        assert train_positives + val_positives == kept
        assert (train_negatives, val_negatives) == (9_500, 500)
        assert val_positives == pytest.approx(kept / 20, abs=0.5)
    assert counts(CIFAR, 10, None, "after") == counts(CIFAR, 10, None, "before")


@pytest.mark.parametrize("validation", ["before", "after"])
@pytest.mark.parametrize("imratio", [None, 0.02, 0.1, 0.3])
@pytest.mark.parametrize("share", [Fraction(1, 10), Fraction(1, 8)])
def test_task_keeps_to_the_counts(validation: str, imratio: float | None, share: Fraction) -> None:
    source = _source(share=share)
    task = binary_task(source, imratio, 3, validation)
    expected = counts(source.train_labels, 10, imratio, validation, share)
    assert expected == (
        int(task.train_targets.sum()),
        int((1 - task.train_targets).sum()),
        int(task.val_targets.sum()),
        int((1 - task.val_targets).sum()),
    )
    assert task.prior == float(task.train_targets.double().mean())
    train, val = _ids(task.train_images), _ids(task.val_images)
    assert len({*train, *val}) == len(train) + len(val)
    # Every image kept its own target, and every negative is in one of the two parts.
    for ids, targets in ((train, task.train_targets), (val, task.val_targets)):
        assert torch.equal(targets, (source.train_labels[ids] >= 5).float())
    negatives = set((source.train_labels < 5).nonzero().flatten().tolist())
    assert negatives <= {*train, *val}
    assert task.train_images.pixels is task.val_images.pixels is source.train_images
    assert task.test_images.pixels is source.test_images
    assert len(task.test_images) == len(source.test_images)
    assert torch.equal(task.test_targets, (source.test_labels >= 5).float())


def test_own_ratio_is_cut_stratified_and_whole() -> None:
    source = _source()
    task = binary_task(source, None, 0, "before")
    assert len(task.train_images) + len(task.val_images) == 2_000
    whole = float((source.train_labels >= 5).double().mean())
    assert float(task.val_targets.double().mean()) == pytest.approx(whole, abs=1 / 200)


def _sets(task: BinaryTask) -> tuple[set[int], set[int], set[int]]:
    train = _ids(task.train_images)
    positives = {each for each, target in zip(train, task.train_targets, strict=True) if target}
    return set(train), set(_ids(task.val_images)), positives


def test_seed_decides_the_cut_and_which_positives_stay() -> None:
    source = _source()
    train, val, positives = _sets(binary_task(source, 0.1, 1, "before"))
    assert (train, val, positives) == _sets(binary_task(source, 0.1, 1, "before"))
    other_train, other_val, other_positives = _sets(binary_task(source, 0.1, 2, "before"))
    assert val != other_val
    assert train != other_train
    assert positives != other_positives


def test_one_seed_gives_every_imratio_the_same_validation_set_and_nested_positives() -> None:
    source = _source()
    _, val_small, small = _sets(binary_task(source, 0.02, 5, "before"))
    _, val_large, large = _sets(binary_task(source, 0.3, 5, "before"))
    assert val_small == val_large
    assert small < large


def test_studies_that_have_begun_keep_their_draws() -> None:
    """Which images a data seed chooses, as the first version did."""
    digest = hashlib.sha256()
    for imratio in (None, 0.1):
        for validation in ("before", "after"):
            task = binary_task(_source(), imratio, 7, validation)
            for part in (task.train_images, task.val_images):
                digest.update(str(_ids(part)).encode())
    assert digest.hexdigest()[:16] == "5d09b2b5d46a5fdd"


def test_global_generators_are_left_alone() -> None:
    torch.manual_seed(0)
    expected = torch.rand(1)
    torch.manual_seed(0)
    binary_task(_source(), 0.1, 1, "before")
    assert torch.equal(torch.rand(1), expected)


def test_channel_statistics_are_those_of_the_training_images() -> None:
    task = binary_task(_source(), 0.1, 0, "before")
    (train,) = task.train_images.split(2_000)
    pixels = train.numpy().astype(np.float64) / 255
    np.testing.assert_allclose(task.mean.numpy(), pixels.mean((0, 2, 3)), rtol=1e-6)
    np.testing.assert_allclose(task.std.numpy(), pixels.std((0, 2, 3)), rtol=1e-6)


def test_channel_of_one_colour_stays_finite() -> None:
    source = _source()
    source.train_images[:, 1] = 7
    task = binary_task(source, 0.1, 0, "before")
    assert task.std[1] == pytest.approx(1 / 255)


@pytest.mark.parametrize("validation", ["before", "after"])
def test_more_positives_than_exist(validation: str) -> None:
    labels = torch.tensor([0] * 900 + [1] * 100)
    with pytest.raises(DataError, match=r"imratio 0\.3 needs \d+ positives.*at most 0\.1000"):
        counts(labels, 2, 0.3, validation)


def test_no_positive_left() -> None:
    labels = torch.tensor([0] * 50 + [1] * 50)
    with pytest.raises(DataError, match="leaves train_positives at 0"):
        counts(labels, 2, 0.01, "before")
    with pytest.raises(DataError, match="leaves val_positives at 0"):
        counts(labels, 2, 0.05, "after")


def test_unknown_order() -> None:
    with pytest.raises(DataError, match="'before' or 'after', not 'during'"):
        counts(CIFAR, 10, 0.1, "during")


def test_test_set_of_one_class() -> None:
    source = _source()
    source.test_labels[:] = 0
    with pytest.raises(DataError, match="test set must hold both classes"):
        binary_task(source, 0.1, 0, "before")


def test_task_moves_as_a_whole() -> None:
    task = binary_task(_source(), 0.1, 0, "before").to("meta")
    tensors = [value for value in vars(task).values() if isinstance(value, Tensor)]
    tensors += [value.pixels for value in vars(task).values() if isinstance(value, Images)]
    assert {value.device.type for value in tensors} == {"meta"}
    assert len(tensors) == 8
    assert task.prior == pytest.approx(0.1, abs=0.001)


def test_real_cifar10_has_the_published_training_set(real_data: Path) -> None:
    source = DATASETS["cifar10"](real_data, False)
    task = binary_task(source, 0.1, 0, "after")
    assert len(task.train_targets) + len(task.val_targets) == 27_777
    assert task.train_targets.sum() + task.val_targets.sum() == 2_777
    before = binary_task(source, 0.1, 0, "before")
    assert before.prior == 0.1
    assert before.val_targets.mean() == 0.5
