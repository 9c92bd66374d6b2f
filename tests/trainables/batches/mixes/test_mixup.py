"""Mixup: the distribution of lambda, and what is mixed."""

import math

import pytest
import torch
from scipy.stats import beta, kstest

from tests.trainables.tiny import batch, generator, of_labels
from trainables.batches.mixes.mixup import Mixup
from trainables.batches.mixes.shares import beta_draws
from trainables.recipe import Batch


@pytest.mark.parametrize("alpha", [0.05, 0.2, 1.0, 4.0])
def test_lambda_is_beta_distributed(alpha: float) -> None:
    """Its lower half against SciPy, and the halves against each other.

    The upper half of a small alpha rounds to 1, where float64 has no more digits to compare.
    """
    draws = beta_draws(alpha, 40_000, generator(3)).numpy()
    expected = beta(alpha, alpha)
    lower = draws[draws < 0.5]
    assert kstest(lower, lambda x: 2 * expected.cdf(x)).pvalue > 0.01
    assert len(lower) / len(draws) == pytest.approx(0.5, abs=0.01)
    upper = 1 - draws[draws >= 0.5]
    assert kstest(upper.clip(1e-12), lower.clip(1e-12)).pvalue > 0.01


def test_a_tiny_alpha_gives_lambdas_of_0_and_1() -> None:
    draws = beta_draws(1e-4, 1000, generator(0))
    assert bool(torch.isfinite(draws).all())
    assert float(((draws < 1e-6) | (draws > 1 - 1e-6)).double().mean()) > 0.99
    assert float(draws.mean()) == pytest.approx(0.5, abs=0.05)


def test_alpha_0_is_the_batch_itself_and_draws_nothing() -> None:
    draw = generator(0)
    before = draw.get_state()
    given = batch(generator(1))
    mixed = Mixup(0.0, True, draw)(given)
    assert mixed.images is given.images
    assert mixed.targets is given.targets
    assert torch.equal(draw.get_state(), before)


@pytest.mark.parametrize("per_sample", [False, True])
def test_images_and_targets_are_mixed_alike(per_sample: bool) -> None:
    """Images that are their own targets stay their own targets."""
    targets = torch.rand(32, generator=generator(1))
    given = batch(generator(2), size=32)._replace(
        images=targets.view(-1, 1, 1, 1).expand(32, 1, 2, 3), targets=targets
    )
    mixed = Mixup(1.0, per_sample, generator(3))(given)
    torch.testing.assert_close(mixed.images, mixed.targets.view(-1, 1, 1, 1).expand(32, 1, 2, 3))
    assert not torch.equal(mixed.targets, targets)


def test_one_lambda_a_batch_or_one_a_sample() -> None:
    """With the unit vectors as images each mixed image shows its own lambda and partner."""
    size = 64
    given = batch(generator(0), size=size, positives=16)._replace(
        images=torch.eye(size).view(size, 1, 8, 8)
    )
    for per_sample in (False, True):
        mixed = Mixup(2.0, per_sample, generator(5))(given)
        rows = mixed.images.view(size, size)
        torch.testing.assert_close(rows.sum(1), torch.ones(size))
        torch.testing.assert_close(rows @ given.targets, mixed.targets)
        assert int((rows > 0).sum(1).max()) == 2
        shares = rows.diagonal()[(rows > 0).sum(1) == 2]
        assert (len(shares.unique()) == 1) is (not per_sample)
        if not per_sample:  # a permutation moves no mass between the classes
            torch.testing.assert_close(mixed.targets.sum(), given.targets.sum())


def test_only_the_given_generator_is_used() -> None:
    given = batch(generator(0))
    torch_state = torch.get_rng_state()
    first = Mixup(0.4, True, generator(7))(given)
    assert torch.equal(torch.get_rng_state(), torch_state)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(99)
        second = Mixup(0.4, True, generator(7))(given)
    assert torch.equal(first.images, second.images)
    assert torch.equal(first.targets, second.targets)
    other = Mixup(0.4, True, generator(8))(given)
    assert not torch.equal(first.images, other.images)


@pytest.mark.parametrize("per_sample", [False, True])
def test_a_label_is_missing_where_one_of_the_two_is(per_sample: bool) -> None:
    """With the unit vectors as images: each mixed image shows its partner and both weights."""
    given = of_labels(generator(0), size=64)
    given = Batch(torch.eye(64).view(64, 1, 8, 8), given.targets)
    mixed = Mixup(2.0, per_sample, generator(5))(given)
    for row, found in zip(mixed.images.view(64, 64), mixed.targets, strict=True):
        parts = row.nonzero().flatten().tolist()
        expected = sum(row[part] * given.targets[part] for part in parts)
        torch.testing.assert_close(found, expected, equal_nan=True)
    assert 0.3 < float(mixed.targets[:, 1].isnan().float().mean()) < 0.6  # of a quarter: 0.44
    assert not bool(mixed.targets[:, 0].isnan().any())


def test_what_an_image_without_weight_misses_is_not_missing() -> None:
    """A tiny alpha draws weights of 0 and 1: each mixed image is one of the two, labels and all."""
    given = of_labels(generator(0), size=64)
    given = Batch(torch.eye(64).view(64, 1, 8, 8), given.targets)
    mixed = Mixup(1e-6, True, generator(5))(given)
    sources = mixed.images.view(64, 64).argmax(1)
    torch.testing.assert_close(mixed.targets, given.targets[sources], equal_nan=True)
    assert int((sources != torch.arange(64)).sum()) > 20


def test_indices_are_those_of_the_first_part_and_metadata_are_mixed() -> None:
    given, columns = batch(generator(0)), torch.rand(16, 3, generator=generator(1))
    given = Batch(*given, torch.arange(16), columns)
    mixed = Mixup(1.0, True, generator(3))(given)
    assert mixed.indices is given.indices
    assert mixed.metadata is not None
    whole = torch.cat([columns, given.targets[:, None]], 1)
    again = Mixup(1.0, True, generator(3))(given._replace(images=whole[:, :, None, None]))
    torch.testing.assert_close(mixed.metadata, again.images[:, :3, 0, 0])
    assert math.isfinite(float(mixed.metadata.sum()))
