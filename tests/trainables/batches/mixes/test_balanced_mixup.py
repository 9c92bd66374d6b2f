"""Balanced-MixUp: the distribution of lambda, and what is mixed with what."""

import pytest
import torch
from scipy.stats import beta, kstest

from tests.trainables.batches.mixes.coordinates import batch
from tests.trainables.tiny import generator
from trainables.batches.mixes.balanced_mixup import BalancedMixup, share_met
from trainables.recipe import Batch


def with_partner(count: int) -> Batch:
    """Images of 0, and of 1 in the partner."""
    given = batch(count, 2, 3)._replace(images=torch.zeros(count, 1, 2, 3, dtype=torch.float64))
    given.metadata = torch.zeros(count, 2)
    given.partner = Batch(
        torch.ones_like(given.images), given.targets.flip(0), None, torch.ones(count, 2)
    )
    return given


@pytest.mark.parametrize("alpha", [0.1, 0.3, 1.0, 4.0])
def test_the_partner_has_the_weight_lambda_of_beta_alpha_1(alpha: float) -> None:
    given = with_partner(4000)
    assert given.partner is not None
    mixed = BalancedMixup(alpha, True, generator(2))(given)
    weight = mixed.images[:, 0, 0, 0]
    assert kstest(weight.numpy(), beta(alpha, 1).cdf).pvalue > 0.01
    for number in range(50):
        mine, theirs, share = (
            float(each[number]) for each in (given.targets, given.partner.targets, weight)
        )
        assert bool((mixed.images[number] == share).all())
        assert float(mixed.targets[number]) == pytest.approx((1 - share) * mine + share * theirs)
    assert mixed.metadata is not None
    torch.testing.assert_close(mixed.metadata[:, 0], weight.float())
    once = BalancedMixup(alpha, False, generator(2))(given).images
    assert len(once.unique()) == 1


def test_the_share_that_losses_meet_is_the_mean_of_its_labels() -> None:
    weight = BalancedMixup(0.25, True, generator(2))(with_partner(40_000)).images[:, 0, 0, 0]
    expected = (1 - weight) * 0.1 + weight * 0.5
    assert float(expected.mean()) == pytest.approx(share_met(0.1, 0.25), abs=0.003)
    assert share_met(0.1, 0) == 0.1


def test_a_batch_without_a_partner_is_refused() -> None:
    with pytest.raises(ValueError, match=r"^balanced_mixup needs batches with a partner"):
        BalancedMixup(0.2, False, generator(0))(batch(4, 2, 2))
