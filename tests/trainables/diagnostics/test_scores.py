"""Each figure of the scores against plain loops in float64."""

import math

import numpy as np
import pytest
import torch

from trainables.diagnostics.scores import BINS, MARGIN, active_share, distribution, gap


def drawn(seed: int, images: int = 61) -> tuple[torch.Tensor, torch.Tensor]:
    """Logits in float32, some of them equal or a margin apart, and targets of both classes."""
    draw = torch.Generator().manual_seed(seed)
    logits = 3 * torch.randn(images, generator=draw)
    logits[::5] = logits[::5].round()
    targets = (torch.rand(images, generator=draw) < 0.3).float()
    targets[:2] = torch.tensor([0.0, 1.0])
    return logits, targets


def sigmoid(logit: float) -> float:
    return 1 / (1 + math.exp(-logit))


@pytest.mark.parametrize("seed", range(5))
def test_the_share_of_active_pairs_is_that_of_a_double_loop(seed: int) -> None:
    logits, targets = drawn(seed)
    pairs = [
        p - n < MARGIN
        for p, is_positive in zip(logits.tolist(), targets.tolist(), strict=True)
        for n, other in zip(logits.tolist(), targets.tolist(), strict=True)
        if is_positive == 1 and other == 0
    ]
    assert 0 < sum(pairs) < len(pairs)
    assert active_share(logits, targets) == pytest.approx(sum(pairs) / len(pairs), abs=1e-12)


@pytest.mark.parametrize(("apart", "share"), [(1.0, 0.0), (0.999, 1.0), (-5.0, 1.0), (2.0, 0.0)])
def test_a_pair_just_at_the_margin_is_settled(apart: float, share: float) -> None:
    assert active_share(torch.tensor([apart, 0.0]), torch.tensor([1.0, 0.0])) == share


@pytest.mark.parametrize("seed", range(5))
def test_the_gap_is_the_difference_of_the_mean_scores(seed: int) -> None:
    logits, targets = drawn(seed)
    scores = [sigmoid(each) for each in logits.tolist()]
    means = [
        np.mean([score for score, t in zip(scores, targets.tolist(), strict=True) if t == of])
        for of in (0, 1)
    ]
    assert gap(logits, targets) == pytest.approx(means[1] - means[0], abs=1e-12)


@pytest.mark.parametrize("seed", range(5))
def test_the_distribution_is_numpy_s_histogram_of_each_class(seed: int) -> None:
    logits, targets = drawn(seed, 400)
    scores = 1 / (1 + np.exp(-logits.double().numpy()))
    found = distribution(logits, targets).numpy()
    for of in (0, 1):
        expected, _ = np.histogram(scores[targets.numpy() == of], BINS, (0, 1))
        np.testing.assert_array_equal(found[of], expected)


def test_scores_at_both_ends_are_counted() -> None:
    logits = torch.tensor([-1000.0, 1000.0, 40.0, 0.0])
    found = distribution(logits, torch.tensor([0.0, 0.0, 1.0, 1.0]))
    assert (int(found[0, 0]), int(found[0, -1]), int(found[1, -1])) == (1, 1, 1)
    assert int(found[1, BINS // 2]) == 1
    assert int(found.sum()) == 4
