"""Cuts: groups apart, shares near what was asked, every class on both sides, seeds reproduce."""

import hashlib
from fractions import Fraction
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from sklearn.model_selection import StratifiedGroupKFold
from torch import Tensor

from trainables.datasets.cut.cuts import fixed_cut, validation_cut
from trainables.datasets.cut.divided import divided
from trainables.errors import DataError

SHARES = st.sampled_from([Fraction(1, 10), Fraction(1, 8), Fraction(3, 20), Fraction(1, 5), 0.3])

# Of each patient, the negatives and the positives.
PATIENTS = st.lists(
    st.tuples(st.integers(0, 12), st.integers(0, 5)).filter(sum), min_size=2, max_size=60
).filter(lambda found: all(sum(each[k] > 0 for each in found) > 1 for k in (0, 1)))


def _of_patients(patients: list[tuple[int, int]], seed: int) -> tuple[Tensor, Tensor]:
    """(labels, groups) of all images, shuffled; the numbers of the groups have gaps."""
    labels = [k for each in patients for k in (0, 1) for _ in range(each[k])]
    groups = [3 * number + 5 for number, each in enumerate(patients) for _ in range(sum(each))]
    order = np.random.default_rng(seed).permutation(len(labels))
    return torch.tensor(labels)[order], torch.tensor(groups)[order]


def _apart(chosen: Tensor, groups: Tensor) -> bool:
    return not set(groups[chosen].tolist()) & set(groups[~chosen].tolist())


@settings(deadline=None)
@given(patients=PATIENTS, share=SHARES, seed=st.integers(0, 9))
def test_fixed_cuts_keep_groups_apart_and_shares_near(
    patients: list[tuple[int, int]], share: Fraction | float, seed: int
) -> None:
    labels, groups = _of_patients(patients, seed)
    chosen = fixed_cut(labels, share, groups)
    assert chosen.dtype == torch.bool
    assert _apart(chosen, groups)
    for label in (0, 1):
        members = labels == label
        # Two patients' worth at most: one that does not fit, and one to have every class in both.
        largest = max(each[label] for each in patients)
        missed = int((chosen & members).sum()) - float(share) * int(members.sum())
        assert abs(missed) <= 2 * largest
        assert 0 < (chosen & members).sum() < members.sum()
    assert torch.equal(fixed_cut(labels, share, groups), chosen)


@given(
    classes=st.lists(st.integers(1, 40), min_size=2, max_size=6),
    share=SHARES,
    seed=st.integers(0, 9),
)
def test_fixed_cuts_without_groups_take_the_share_of_every_class(
    classes: list[int], share: Fraction | float, seed: int
) -> None:
    labels = np.repeat(np.arange(len(classes)), classes)
    labels = np.random.default_rng(seed).permutation(labels)
    chosen = fixed_cut(torch.from_numpy(labels), share).numpy()
    for label, count in enumerate(classes):
        taken = chosen[labels == label].sum()
        # Rounded, and an image at least on both sides where there are two.
        assert abs(taken - float(share) * count) <= (0.5 if float(share) * count > 0.5 else 1)
        assert 0 < taken < count or count == 1


def test_a_fixed_cut_is_the_same_for_ever() -> None:
    """Whatever machine, library or generator: results on a test set must stay comparable."""
    labels = torch.arange(500) * 7 % 11 % 3
    groups = torch.arange(500) * 31 % 97
    torch.manual_seed(1)
    found = [fixed_cut(labels, 0.2), fixed_cut(labels, Fraction(1, 5), groups)]
    digests = [hashlib.sha256(each.numpy().tobytes()).hexdigest()[:16] for each in found]
    assert digests == ["3f7b1dd60b18d7af", "b1b30bba18c52e1a"]


@settings(deadline=None, max_examples=40)
@given(patients=PATIENTS, share=SHARES, seed=st.integers(0, 9))
def test_validation_cuts_of_groups(
    patients: list[tuple[int, int]], share: Fraction | float, seed: int
) -> None:
    """Each class is on both sides, since two patients have it."""
    labels, groups = _of_patients(patients, seed)
    chosen = validation_cut(labels.float(), share, seed, groups)
    assert _apart(chosen, groups)
    for label in (0, 1):
        assert 0 < (chosen & (labels == label)).sum() < (labels == label).sum()
    assert torch.equal(validation_cut(labels.float(), share, seed, groups), chosen)


@pytest.mark.parametrize("share", [Fraction(1, 10), Fraction(1, 8), Fraction(3, 20), 0.3])
def test_validation_cuts_of_many_groups_come_near_the_share(share: Fraction | float) -> None:
    draw = np.random.default_rng(1)
    patients = [(int(n), int(p)) for n, p in zip(*draw.integers(0, 9, (2, 200)), strict=True)]
    labels, groups = _of_patients(patients, 2)
    cuts = [validation_cut(labels.float(), share, seed, groups) for seed in range(4)]
    assert len({tuple(cut.tolist()) for cut in cuts}) == 4
    for chosen in cuts:
        for label in (0, 1):
            members = labels == label
            assert float(chosen[members].double().mean()) == pytest.approx(float(share), abs=0.02)


def _many(seed: int, missing: float = 0.2) -> tuple[Tensor, Tensor]:
    """Five labels, from frequent to rare, some soft and some missing; and 300 patients."""
    draw = np.random.default_rng(seed)
    labels = (draw.random((2_000, 5)) < [0.5, 0.3, 0.1, 0.04, 0.01]).astype(np.float32)
    labels[draw.random(labels.shape) < 0.05] = 0.7
    labels[draw.random(labels.shape) < missing] = np.nan
    return torch.from_numpy(labels), torch.from_numpy(draw.integers(0, 300, 2_000))


def _missed(labels: Tensor, chosen: Tensor, share: float) -> NDArray[np.float64]:
    """(2, L): how far the negatives and the positives chosen of each label are from the share, in
    standard deviations of a random cut.
    """
    counts = torch.stack([(labels == k).sum(0) for k in (0, 1)]).double().numpy()
    taken = torch.stack([(labels[chosen] == k).sum(0) for k in (0, 1)]).double().numpy()
    missed: NDArray[np.float64] = abs(taken - share * counts)
    return missed / np.sqrt(counts * share * (1 - share))


@pytest.mark.parametrize("missing", [0.0, 0.2])
@pytest.mark.parametrize("grouped", [False, True])
def test_validation_cuts_over_all_labels(missing: float, grouped: bool) -> None:
    labels, groups = _many(1, missing)
    cuts = [validation_cut(labels, 0.1, seed, groups if grouped else None) for seed in (3, 3, 4)]
    assert torch.equal(cuts[0], cuts[1])
    assert not torch.equal(cuts[0], cuts[2])
    for chosen in cuts:
        assert int(chosen.sum()) == pytest.approx(200, abs=15)
        missed = _missed(labels, chosen, 0.1)
        assert missed[1].max() < 0.8
        assert missed.max() < (0.6 if grouped else 1.5)
        assert not grouped or _apart(chosen, groups)


def test_fixed_cuts_over_all_labels() -> None:
    labels, groups = _many(2)
    for patients in (None, groups):
        chosen = fixed_cut(labels, 0.2, patients)
        assert _missed(labels, chosen, 0.2).max() < 0.6
        assert int(chosen.sum()) == pytest.approx(400, abs=10)


@given(
    sizes=st.lists(st.integers(1, 50), min_size=2, max_size=12),
    share=st.fractions(Fraction(1, 20), Fraction(19, 20), max_denominator=40),
)
def test_units_of_one_kind_come_as_near_as_the_smallest_allow(
    sizes: list[int], share: Fraction
) -> None:
    counts = np.array(sizes)[:, None]
    taken = divided(counts, share, range(len(sizes)))
    assert 0 < taken.sum() < len(sizes)
    assert abs(counts[taken].sum() - share * sum(sizes)) <= max(sizes)


def test_real_patients_of_melanoma(real_data: Path) -> None:
    """As near to the shares as scikit-learn's folds, and nearer to the positives'."""
    file = real_data / "siim-isic" / "train.csv"
    if not file.is_file():
        pytest.skip("the real SIIM-ISIC train.csv is not there")
    table = pd.read_csv(file)
    groups = torch.from_numpy(pd.factorize(table.patient_id, sort=True)[0])
    labels = torch.tensor(table.target.to_numpy())
    assert (len(groups.unique()), int(labels.sum())) == (2_056, 584)

    test = fixed_cut(labels, 0.2, groups)
    assert _apart(test, groups)
    assert float(test.double().mean()) == pytest.approx(0.2, abs=1e-4)
    assert int(labels[test].sum()) == pytest.approx(0.2 * 584, abs=1)

    left = ~test
    val = validation_cut(labels[left].float(), Fraction(1, 8), 0, groups[left])
    assert _apart(val, groups[left])
    assert float(val.double().mean()) == pytest.approx(1 / 8, abs=2e-3)
    assert int(labels[left][val].sum()) == pytest.approx(467 / 8, abs=2)

    folds = StratifiedGroupKFold(5).split(labels, labels, groups)
    theirs = [abs(int(labels[fold].sum()) - 0.2 * 584) for _, fold in folds]
    assert abs(int(labels[test].sum()) - 0.2 * 584) <= max(theirs)


ONE = torch.zeros(6, dtype=torch.int64)


@pytest.mark.parametrize(
    ("labels", "groups", "words"),
    [
        ([0, 1, 0, 1, 0, 1], ONE, r"one group, number 0, holds all images \(6\)"),
        ([0, 1, 0, 1, 0, 0], torch.tensor([0, 8, 1, 8, 1, 0]), r"8, holds all positives \(2\)"),
        ([1, 1, 0, 1, 1, 0], torch.tensor([0, 8, 1, 8, 0, 1]), r"1, holds all negatives \(2\)"),
    ],
)
def test_one_group_that_holds_all_is_refused(labels: list[int], groups: Tensor, words: str) -> None:
    targets = torch.tensor(labels)
    with pytest.raises(DataError, match=words):
        fixed_cut(targets, 0.5, groups)
    with pytest.raises(DataError, match=words):
        validation_cut(targets.float(), 0.5, 0, groups)


def test_a_share_outside_its_range() -> None:
    with pytest.raises(DataError, match=r"share of the images must be in \(0, 1\), not 1.0"):
        fixed_cut(torch.arange(4) % 2, 1.0)
