"""Tasks of sets with groups, several labels, a validation part of their own, classes left out."""

from fractions import Fraction
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from trainables.datasets.cut.ablation import Ablation
from trainables.datasets.cut.imbalance import BinaryTask, binary_task, positives_kept
from trainables.datasets.cut.part_counts import PartCount, part_counts
from trainables.datasets.images import Images
from trainables.datasets.metadata import Metadata
from trainables.datasets.source import LEFT_OUT, Source
from trainables.errors import DataError

NAN = float("nan")


def source(images: int = 600, patients: int = 60, seed: int = 0, **changes: Any) -> Source:
    """Grey images of 2x2 whose first pixels are their number, of patients, a fifth positive; after
    them 100 test images of other patients.
    """
    draw = np.random.default_rng(seed)
    numbers = torch.arange(images + 100)
    pixels = torch.zeros(images + 100, 1, 2, 2, dtype=torch.uint8)
    pixels[:, 0, 0] = torch.stack([numbers // 256, numbers % 256], 1).to(torch.uint8)
    labels = torch.from_numpy((draw.random(images + 100) < 0.2).astype(np.int64))
    groups = torch.from_numpy(draw.integers(0, patients, images + 100))
    groups[images:] += patients
    fields: dict[str, Any] = {
        "train_images": pixels[:images],
        "train_labels": labels[:images],
        "test_images": pixels[images:],
        "test_labels": labels[images:],
        "n_classes": 2,
        "train_groups": groups[:images],
        "test_groups": groups[images:],
    }
    return Source(**{**fields, **changes})


def several(**changes: Any) -> Source:
    """As `source`, with three labels, the second soft and missing at times, and no groups."""
    draw = np.random.default_rng(7)
    labels = (draw.random((700, 3)) < [0.5, 0.3, 0.1]).astype(np.float32)
    labels[draw.random(700) < 0.2, 1] = np.nan
    labels[draw.random(700) < 0.1, 1] = 0.75
    values = torch.from_numpy(labels)
    fields = {"train_labels": values[:600], "test_labels": values[600:], "labels": ("a", "b", "c")}
    alone: dict[str, Any] = {"train_groups": None, "test_groups": None}
    return source(**{**fields, **alone, **changes})


def ids(images: Images) -> Tensor:
    """The numbers of the images."""
    pixels = torch.cat([*images.split(64)])[:, 0, 0].long()
    return pixels[:, 0] * 256 + pixels[:, 1]


def by_part(task: BinaryTask) -> dict[str, PartCount]:
    """What ``part_counts`` must say of a task."""
    found = {}
    for name, part in (("train", "train"), ("validation", "val"), ("test", "test")):
        targets = getattr(task, f"{part}_targets").view(len(getattr(task, f"{part}_images")), -1)
        positives, negatives = (tuple((targets == k).sum(0).tolist()) for k in (1, 0))
        groups = getattr(task, f"{part}_groups")
        distinct = None if groups is None else len(set(groups.tolist()))
        found[name] = PartCount(len(targets), positives, negatives, distinct)
    return found


@settings(deadline=None, max_examples=20)
@given(
    patients=st.integers(10, 60),
    seed=st.integers(0, 5),
    imratio=st.sampled_from([None, 0.02, 0.1]),
    validation=st.sampled_from(["before", "after"]),
    easy=st.sampled_from([0.0, 0.2]),
)
def test_patients_are_apart_and_no_image_is_lost(
    patients: int, seed: int, imratio: float | None, validation: str, easy: float
) -> None:
    data = source(patients=patients)
    ablation = Ablation(easy if imratio else 0.0)
    task = binary_task(data, imratio, seed, validation, ablation)
    train, val = ids(task.train_images), ids(task.val_images)
    assert data.train_groups is not None
    assert task.train_groups is not None
    assert torch.equal(task.train_groups, data.train_groups[train])
    assert not {*task.train_groups.tolist()} & {*data.train_groups[val].tolist()}
    for chosen, targets in ((train, task.train_targets), (val, task.val_targets)):
        assert torch.equal(chosen, chosen.unique())
        assert torch.equal(targets, data.train_labels[chosen].float())
    used = {*train.tolist(), *val.tolist()}
    assert len(used) == len(train) + len(val)
    negatives = (data.train_labels == 0).nonzero().flatten().tolist()
    assert {*negatives} <= used
    if imratio is None:
        assert len(used) == 600
    else:
        positives = int(task.train_targets.sum())
        counted = (train, task.train_targets) if validation == "before" else None
        if counted:
            kept = positives_kept(imratio, int((task.train_targets == 0).sum()))
            assert positives == kept + round(ablation.easy_positives * kept)
        elif not ablation.easy_positives:
            assert positives + int(task.val_targets.sum()) == positives_kept(
                imratio, len(negatives)
            )
    assert by_part(task) == part_counts(
        data, imratio, validation, ablation.easy_positives, data_seed=seed
    )
    again = binary_task(data, imratio, seed, validation, ablation)
    assert torch.equal(ids(again.train_images), train)
    assert torch.equal(ids(again.val_images), val)


def test_one_seed_has_one_validation_part_and_nested_positives_with_groups_too() -> None:
    small, large = (binary_task(source(), r, 3, "before") for r in (0.02, 0.1))
    other = binary_task(source(), 0.1, 4, "before")
    assert torch.equal(ids(small.val_images), ids(large.val_images))
    assert not torch.equal(ids(other.val_images), ids(large.val_images))
    assert {*ids(small.train_images).tolist()} < {*ids(large.train_images).tolist()}


@pytest.mark.parametrize("groups", [False, True])
def test_several_labels(groups: bool) -> None:
    alone: dict[str, Any] = {}
    if groups:
        alone = {"train_groups": source().train_groups, "test_groups": source().test_groups}
    data = several(**alone)
    task = binary_task(data, None, 2, "before")
    train, val = ids(task.train_images), ids(task.val_images)
    assert {*train.tolist(), *val.tolist()} == set(range(600))
    torch.testing.assert_close(
        task.train_targets, data.train_labels[train], equal_nan=True, rtol=0, atol=0
    )
    # What is uncertain trains, and tests nothing.
    assert (task.train_targets == 0.75).any()
    for targets, labels in (
        (task.val_targets, data.train_labels[val]),
        (task.test_targets, data.test_labels),
    ):
        expected = torch.where(labels == 0.75, NAN, labels)
        assert (labels == 0.75).any()
        torch.testing.assert_close(targets, expected, equal_nan=True, rtol=0, atol=0)
    assert isinstance(task.prior, Tensor)
    assert task.prior.dtype == torch.float32
    np.testing.assert_allclose(task.prior, np.nanmean(task.train_targets, 0), rtol=1e-6)
    assert task.labels == ("a", "b", "c")
    found, counts = by_part(task), part_counts(data, None, "before", data_seed=2)
    assert found == counts
    assert (counts["train"].groups is not None) == groups


def test_noise_of_several_labels_flips_each_by_itself() -> None:
    plain, noisy = (
        binary_task(several(), None, 0, "before", ablation).train_targets
        for ablation in (Ablation(), Ablation(label_noise=0.1))
    )
    for before, after in zip(plain.T, noisy.T, strict=True):
        for label in (0, 1):
            members = before == label
            assert int((after[members] == 1 - label).sum()) == round(0.1 * int(members.sum()))
        rest = ~((before == 0) | (before == 1))
        torch.testing.assert_close(after[rest], before[rest], equal_nan=True)


@pytest.mark.parametrize("groups", [False, True])
def test_an_own_validation_part_stays_whole_for_every_seed(groups: bool) -> None:
    data = source()
    assert data.train_groups is not None
    own = data.train_groups % 5 == 0
    changes: dict[str, Any] = {} if groups else {"train_groups": None, "test_groups": None}
    data = source(validation=own, **changes)
    tasks = [binary_task(data, 0.1, seed, "before") for seed in (0, 1)]
    for task in tasks:
        assert torch.equal(ids(task.val_images), own.nonzero().squeeze(1))
        negatives = int((task.train_targets == 0).sum())
        assert negatives == int(((data.train_labels == 0) & ~own).sum())
        assert int(task.train_targets.sum()) == positives_kept(0.1, negatives)
    assert not torch.equal(*(ids(task.train_images) for task in tasks))
    with pytest.raises(DataError, match=r"'before' here, not 'after': the set has a validation"):
        binary_task(data, 0.1, 0, "after")


def test_images_of_a_class_left_out_take_part_in_nothing() -> None:
    labels, tested = source().train_labels.clone(), source().test_labels.clone()
    labels[::3], tested[::4] = LEFT_OUT, LEFT_OUT
    alone: dict[str, Any] = {"train_groups": None, "test_groups": None}
    for changes in ({}, alone):
        data = source(train_labels=labels, test_labels=tested, **changes)
        task = binary_task(data, None, 0, "before")
        used = torch.cat([ids(task.train_images), ids(task.val_images)]).sort().values
        assert torch.equal(used, (labels >= 0).nonzero().squeeze(1))
        assert torch.equal(ids(task.test_images) - 600, (tested >= 0).nonzero().squeeze(1))
        assert torch.equal(task.test_targets, tested[tested >= 0].float())
        assert by_part(task) == part_counts(data, None, "before")


def test_metadata_go_with_their_images_and_are_fitted_on_the_training_part() -> None:
    ages = np.arange(700.0)
    ages[5::50] = np.nan
    sites = np.where(np.arange(700) % 3, "arm", "leg")
    parts: dict[str, Any] = {
        f"{part}_metadata": Metadata({"age": ages[rows], "site": sites[rows]})
        for part, rows in (("train", slice(600)), ("test", slice(600, None)))
    }
    task = binary_task(source(**parts), 0.1, 1, "before")
    assert task.columns == ("age", "age missing", "site: arm", "site: leg")
    train = ages[ids(task.train_images)]
    for part in ("train", "val", "test"):
        mine = ids(getattr(task, f"{part}_images")).numpy()
        found = getattr(task, f"{part}_metadata").numpy()
        expected = np.nan_to_num((ages[mine] - np.nanmean(train)) / np.nanstd(train))
        np.testing.assert_allclose(found[:, 0], expected, rtol=1e-5, atol=1e-6)
        np.testing.assert_array_equal(found[:, 1], np.isnan(ages[mine]))
        np.testing.assert_array_equal(found[:, 2], sites[mine] == "arm")
    assert task.raw_metadata is not None
    np.testing.assert_array_equal(task.raw_metadata.columns["site"], sites[600:])


def one_patient_has_all_positives() -> Source:
    data = source()
    groups = torch.where(data.train_labels == 1, 0, torch.arange(600) % 50 + 1)
    assert data.test_groups is not None
    return source(train_groups=groups, test_groups=data.test_groups + 100)


def odd(*factors: float) -> Tensor:
    """(600, 3): 0, 1, 0 or 1, 0, 1, times the factors."""
    return torch.arange(1800.0).view(600, 3).fmod(2) * torch.tensor(factors)


WRONG: dict[str, tuple[Any, str]] = {
    "one group with all positives": (
        lambda: binary_task(one_patient_has_all_positives(), None, 0, "before"),
        r"but one group, number 0, holds all positives \(\d+\), which leaves the validation part",
    ),
    "a patient in training and test": (
        lambda: binary_task(source(test_groups=torch.full((100,), 4)), None, 0, "before"),
        "no group .* may be in two parts, but 1 are in the .* and in the test part, such as number",
    ),
    "an own validation part that shares a patient": (
        lambda: binary_task(source(validation=torch.arange(600) < 60), None, 0, "before"),
        "are in the training and in the validation part",
    ),
    "an own validation part of one class": (
        lambda: binary_task(
            source(validation=source().train_labels == 1, train_groups=None, test_groups=None),
            *(None, 0, "before"),
        ),
        "leaves train_positives at 0",
    ),
    "more positives than there are": (
        lambda: binary_task(source(), 0.5, 0, "before"),
        r"imratio 0\.5 needs \d+ positives",
    ),
    "an imratio of several labels": (
        lambda: binary_task(several(), 0.1, 0, "before"),
        r"imratio is for one label, not 0\.1 for the 3 labels a, b, c, .*imratios: \[null\]",
    ),
    "easy positives of several labels": (
        lambda: binary_task(several(), None, 0, "before", Ablation(easy_positives=0.1)),
        "easy_positives are for one label, not for 3",
    ),
    "easy positives of several labels in a plan": (
        lambda: part_counts(several(), None, "before", 0.1),
        "easy_positives are for one label, not for 3",
    ),
    "a label without positives": (
        lambda: binary_task(several(train_labels=odd(1, 1, 0)), None, 0, "before"),
        "c has no positive one there: leave it out of labels",
    ),
    "a label that is never known": (
        lambda: binary_task(several(train_labels=odd(1, NAN, 1)), None, 0, "before"),
        "b has no known one there",
    ),
    "a test of no label with both classes": (
        lambda: binary_task(several(test_labels=torch.ones(100, 3)), None, 0, "before"),
        "test set must hold both classes of one label at least, but has those of none",
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_cannot_be_is_refused_in_a_sentence(case: str) -> None:
    ask, words = WRONG[case]
    with pytest.raises(DataError, match=words) as refusal:
        ask()
    assert "\n" not in str(refusal.value)
    assert str(refusal.value).endswith(".")


@pytest.mark.parametrize("share", [Fraction(1, 10), 0.2])
def test_shares_may_be_fractions_or_decimals(share: Fraction | float) -> None:
    task = binary_task(source(patients=300, validation_share=share), None, 0, "before")
    assert len(task.val_images) == pytest.approx(600 * float(share), abs=8)
