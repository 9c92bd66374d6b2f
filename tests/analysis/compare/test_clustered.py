"""AUROCs of images in groups and of several labels: plain loops, a bootstrap, and the truth."""

import math
from collections.abc import Callable

import numpy as np
import pytest
from scipy import stats
from sklearn.metrics import roc_auc_score

from analysis.compare import testset
from analysis.compare.delong import Placements, compare, over_labels, placements
from analysis.compare.mean_auroc import over_images, over_seeds_and_images
from tests.analysis.patients import grouped_scores, patient_numbers

Label = tuple[np.ndarray, np.ndarray, np.ndarray]
"""Scores (N,), targets bool (N,) and groups (N,) of the images for which it is known."""


def drawn(seed: int, patients: int = 40, runs: int = 2) -> tuple[np.ndarray, ...]:
    """Scores (runs, N), targets with patients who have both classes, and groups."""
    rng = np.random.default_rng(seed)
    of = patient_numbers(rng, patients)
    targets = (rng.uniform(size=patients) < 0.4)[of] ^ (rng.uniform(size=len(of)) < 0.15)
    scores = np.stack([grouped_scores(rng, of, targets, 1.2) for _ in range(runs)])
    return scores.round(1), targets, of  # with ties


def many_labels(seed: int, groups: bool) -> list[tuple[np.ndarray, ...]]:
    """Three labels of the same images, each known for most, two runs."""
    rng = np.random.default_rng(seed)
    of = patient_numbers(rng, 50)
    number = of if groups else np.arange(len(of))
    hard = rng.normal(size=len(of))
    found: list[tuple[np.ndarray, ...]] = []
    for rate in (0.5, 0.3, 0.2):
        targets = rng.uniform(size=len(of)) < rate
        known = rng.uniform(size=len(of)) < 0.8
        scores = targets + 0.7 * hard + 0.7 * rng.normal(size=(2, len(of)))
        found.append((scores[:, known], targets[known], number[known]))
    return found


def loops(one: list[Label], two: list[Label]) -> float:
    """Covariance of two mean AUROCs, image by image and group by group (Obuchowski 1997)."""
    every = sorted({int(group) for _, _, groups in one for group in groups})
    total = 0.0
    sums: dict[tuple[int, int, int], dict[int, float]] = {}
    counts: dict[tuple[int, int], int] = {}
    for side, labels in enumerate((one, two)):
        for label, (scores, targets, groups) in enumerate(labels):
            auroc = roc_auc_score(targets, scores)
            for positive in (1, 0):
                mine = [i for i in range(len(scores)) if targets[i] == positive]
                others = [i for i in range(len(scores)) if targets[i] != positive]
                counts[label, positive] = len(mine)
                of_group: dict[int, float] = {}
                for i in mine:
                    wins = sum(
                        0.5 if scores[i] == scores[j] else (scores[i] > scores[j]) == bool(positive)
                        for j in others
                    )
                    group = int(groups[i])
                    of_group[group] = of_group.get(group, 0.0) + wins / len(others) - auroc
                sums[side, label, positive] = of_group
    for first in counts:
        for second in counts:
            a, b = sums[(0, *first)], sums[(1, *second)]
            number = len(a) if first == second else len(every)
            product = sum(a[group] * b[group] for group in a.keys() & b.keys())
            total += number / (number - 1) * product / counts[first] / counts[second]
    return total / len(one) ** 2


def run_of(labels: list[tuple[np.ndarray, ...]], run: int) -> list[Label]:
    return [(scores[run], targets, groups) for scores, targets, groups in labels]


@pytest.mark.parametrize("seed", range(3))
def test_covariance_is_obuchowskis(seed: int) -> None:
    scores, targets, of = drawn(seed)
    found = placements(scores, targets, of).covariance
    runs = [run_of([(scores, targets, of)], run) for run in (0, 1)]
    expected = [[loops(a, b) for b in runs] for a in runs]
    assert found == pytest.approx(np.array(expected), rel=1e-10)


@pytest.mark.parametrize("groups", [False, True])
def test_covariance_of_several_labels(groups: bool) -> None:
    labels = many_labels(0, groups)
    found = over_labels([placements(*label) for label in labels])
    assert found.auroc == pytest.approx(
        np.mean([[roc_auc_score(t, run) for run in s] for s, t, _ in labels], axis=0)
    )
    runs = [run_of(labels, run) for run in (0, 1)]
    expected = [[loops(a, b) for b in runs] for a in runs]
    assert found.covariance == pytest.approx(np.array(expected), rel=1e-10)


@pytest.mark.parametrize("seed", range(4))
def test_one_image_a_group_is_delong(seed: int) -> None:
    scores, targets, _ = drawn(seed, runs=3)
    numbers = np.random.default_rng(seed).permutation(1000)[: len(targets)]
    ours, plain = placements(scores, targets, numbers), placements(scores, targets)
    assert ours.covariance == pytest.approx(plain.covariance, rel=1e-12)
    for interval in (over_images, over_seeds_and_images):
        assert interval(ours) == pytest.approx(interval(plain), rel=1e-9)
    found, expected = (compare(p.runs([0, 1]), p.runs([1, 2])) for p in (ours, plain))
    assert found.p_images == pytest.approx(expected.p_images, rel=1e-9)
    assert found.both.p == pytest.approx(expected.both.p, rel=1e-9)


def test_copies_of_images_tell_nothing_new() -> None:
    """Each image three times in its group: the error is that of the images once."""
    scores, targets, _ = drawn(5)
    numbers = np.repeat(np.arange(len(targets)), 3)
    thrice = placements(scores.repeat(3, axis=1), targets.repeat(3), numbers)
    once = placements(scores, targets)
    assert thrice.covariance == pytest.approx(once.covariance, rel=1e-9)
    assert over_images(thrice) == pytest.approx(over_images(once), rel=1e-9)
    blind = placements(scores.repeat(3, axis=1), targets.repeat(3))
    assert blind.error == pytest.approx(once.error / math.sqrt(3), rel=0.01)


def bootstrapped(
    auroc: Callable[[np.ndarray], float], groups: np.ndarray, number: int = 600
) -> float:
    """Deviation over draws of whole groups of what ``auroc`` gives for places of images."""
    rng = np.random.default_rng(0)
    places = [np.flatnonzero(groups == group) for group in np.unique(groups)]
    values = []
    for _ in range(number):
        chosen = rng.integers(0, len(places), len(places))
        values.append(auroc(np.concatenate([places[i] for i in chosen])))
    return float(np.std(values))


def rank_auroc(scores: np.ndarray, targets: np.ndarray) -> float:
    ranks = stats.rankdata(scores)
    m, n = targets.sum(), (~targets).sum()
    return float((ranks[targets].sum() - m * (m + 1) / 2) / (m * n))


def test_error_is_that_of_a_bootstrap_of_groups() -> None:
    scores, targets, of = drawn(6, patients=200)
    both = [placements(run, targets, of) for run in scores]
    expected = bootstrapped(lambda i: rank_auroc(scores[0][i], targets[i]), of)
    assert both[0].error == pytest.approx(expected, rel=0.08)
    assert placements(scores[0], targets).error < 0.92 * expected  # blind to the patients
    gap = bootstrapped(
        lambda i: rank_auroc(scores[0][i], targets[i]) - rank_auroc(scores[1][i], targets[i]), of
    )
    assert compare(*both).error == pytest.approx(gap, rel=0.08)


@pytest.mark.parametrize("groups", [False, True])
def test_error_of_the_mean_over_labels_is_that_of_a_bootstrap(groups: bool) -> None:
    rng = np.random.default_rng(1)
    of = patient_numbers(rng, 150)
    numbers = of if groups else np.arange(len(of))
    targets = rng.uniform(size=(len(of), 4)) < (0.5, 0.4, 0.3, 0.2)
    known = rng.uniform(size=targets.shape) < 0.8
    hard = rng.normal(size=of.max() + 1)[of, None] + 0.5 * rng.normal(size=(len(of), 1))
    scores = 1.5 * targets - hard + 0.5 * rng.normal(size=targets.shape)

    def mean(i: np.ndarray) -> float:
        return float(
            np.mean(
                [
                    rank_auroc(scores[i, j][known[i, j]], targets[i, j][known[i, j]])
                    for j in range(4)
                ]
            )
        )

    found = over_labels(
        [placements(scores[k, j], targets[k, j], numbers[k]) for j, k in enumerate(known.T)]
    )
    assert found.auroc[0] == pytest.approx(mean(np.arange(len(of))))
    assert found.error == pytest.approx(bootstrapped(mean, numbers), rel=0.08)
    # As if labels of one image had nothing to do with each other.
    apart = math.sqrt(
        sum(
            placements(scores[k, j], targets[k, j], numbers[k]).error ** 2
            for j, k in enumerate(known.T)
        )
    )
    assert apart / 4 < 0.95 * found.error


def test_error_and_interval_over_true_draws_of_patients() -> None:
    """300 test sets of 60 patients: the error is their deviation, and intervals hold the truth."""
    rng = np.random.default_rng(2)
    truth = stats.norm.cdf(1.2 / math.sqrt(2))
    aurocs, errors, blind, held = [], [], [], []
    for _ in range(300):
        of = patient_numbers(rng, 60, most=6)
        targets = (rng.uniform(size=60) < 0.4)[of]
        scores = grouped_scores(rng, of, targets, 1.2)
        found = placements(scores, targets, of)
        aurocs.append(found.auroc[0])
        errors.append(found.error**2)
        blind.append(placements(scores, targets).error ** 2)
        low, high = over_images(found)
        held.append(low <= truth <= high)
    assert np.mean(errors) == pytest.approx(np.var(aurocs), rel=0.15)
    assert np.mean(blind) < 0.6 * np.var(aurocs)
    assert np.mean(held) == pytest.approx(0.95, abs=0.03)


@pytest.mark.parametrize("grouped", [False, True])
def test_perfect_runs_count_what_is_drawn(grouped: bool) -> None:
    """Without an error the lower end depends on how many groups, or images of the rarest label."""
    targets = np.arange(60) < 20
    scores = targets.astype(float)
    ten = np.arange(60) // 2 if grouped else np.arange(60)
    label = placements(scores, targets, ten)
    assert label.images == (20, 40)
    assert label.draws == ((10, 20) if grouped else (20, 40))
    rare = placements(scores[15:], targets[15:], ten[15:])
    both = over_labels([label, rare])
    assert both.images == (5, 40)
    low, high = over_images(both)
    assert high == 1
    assert low == pytest.approx(over_images(rare).low)


def test_runs_side_by_side_keep_their_images() -> None:
    labels = many_labels(3, True)
    two = [over_labels([placements(s[[run]], t, g) for s, t, g in labels]) for run in (0, 1)]
    together = over_labels([placements(*label) for label in labels])
    assert two[0].beside([two[1]]).covariance == pytest.approx(together.covariance)
    shared = testset.covariances({"a": two[0], "b": two[1]}, np.array([0, 0]))
    assert shared.to_numpy() == pytest.approx(together.covariance)
    assert isinstance(together.minus(together), Placements)


def test_equal_methods_are_told_apart_by_their_patients_no_more_often_than_at_the_level() -> None:
    """Each method has patients whom it finds hard, whatever the seed."""
    rng = np.random.default_rng(4)
    claims, blind, studies = 0, 0, 300
    for _ in range(studies):
        of = patient_numbers(rng, 50, most=8)
        targets = (rng.uniform(size=50) < 0.4)[of]
        runs = []
        for _ in range(2):
            own = 0.7 * rng.normal(size=50)[of]
            noise = 0.5 * rng.normal(size=(3, len(of)))
            runs.append(1.2 * targets + own + noise)
        claims += compare(*(placements(scores, targets, of) for scores in runs)).both.p < 0.05
        blind += compare(*(placements(scores, targets) for scores in runs)).both.p < 0.05
    assert claims <= stats.binom.ppf(0.999, studies, 0.05)
    assert blind > 3 * stats.binom.ppf(0.999, studies, 0.05)
