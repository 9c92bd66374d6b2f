"""Remix against Chou et al.'s rule, pair by pair."""

import math

import pytest
import torch

from tests.trainables.batches.mixes.coordinates import batch
from tests.trainables.tiny import generator
from trainables.batches.mixes.mixup import Mixup
from trainables.batches.mixes.remix import Remix, share_met
from trainables.batches.mixes.shares import beta_draws, partners

PRIORS = [0.1, 0.25, 0.4, 0.9]


@pytest.mark.parametrize("prior", [*PRIORS, torch.tensor([0.05, 0.5, 0.8])])
@pytest.mark.parametrize("per_sample", [False, True])
def test_labels_lean_to_the_rarer_class(prior: float | torch.Tensor, per_sample: bool) -> None:
    labels = prior.numel() if isinstance(prior, torch.Tensor) else 0
    count = 60
    given = batch(count, 2, 2, labels=labels)
    found = Remix(1.0, per_sample, generator(8), prior)(given)
    draw = generator(8)
    drawn = beta_draws(1.0, count if per_sample else 1, draw).tolist()
    others = partners(count, draw).tolist()
    targets = given.targets.view(count, -1)
    leaning = 0
    for i, j in enumerate(others):
        share = drawn[i if per_sample else 0]
        for label, (mine, theirs) in enumerate(zip(targets[i], targets[j], strict=True)):
            p = float(prior[label]) if isinstance(prior, torch.Tensor) else prior
            n_i, n_j = (p if each > 0.5 else 1 - p for each in (mine, theirs))
            kept = share
            if n_i / n_j >= 3 and share < 0.5:
                kept = 0.0
            elif n_i / n_j <= 1 / 3 and 1 - share < 0.5:
                kept = 1.0
            leaning += kept != share
            expected = {0.0: theirs, 1.0: mine}.get(kept, kept * mine + (1 - kept) * theirs)
            mixed = found.targets.view(count, -1)[i, label]
            torch.testing.assert_close(mixed, expected, equal_nan=True)
    assert (leaning > 0) == (prior != 0.4 if isinstance(prior, float) else True) or not per_sample
    plain = Mixup(1.0, per_sample, generator(8))(given)
    assert torch.equal(found.images, plain.images)
    assert found.metadata is not None
    assert plain.metadata is not None
    assert torch.equal(found.metadata, plain.metadata)


@pytest.mark.parametrize("prior", PRIORS)
@pytest.mark.parametrize("alpha", [0.2, 1.0, 3.0])
def test_the_share_that_losses_meet_is_the_mean_of_its_labels(prior: float, alpha: float) -> None:
    count = 40_000
    targets = (torch.rand(count, generator=generator(0)) < prior).double()
    given = batch(4, 1, 1)._replace(images=targets.view(-1, 1, 1, 1), targets=targets)
    labels = Remix(alpha, True, generator(1), prior)(given).targets
    error = 4 * float(labels.std() + targets.std()) / math.sqrt(count)
    assert float(labels.mean()) == pytest.approx(share_met(prior, alpha), abs=error)
    assert share_met(prior, 0) == prior
    whole = torch.tensor(PRIORS, dtype=torch.float64)
    expected = torch.tensor([share_met(each, alpha) for each in PRIORS], dtype=torch.float64)
    torch.testing.assert_close(share_met(whole, alpha), expected)


def test_classes_lean_by_how_many_images_they_have() -> None:
    prior, count = torch.tensor([0.6, 0.3, 0.08, 0.02]), 200
    ids = torch.multinomial(prior, count, replacement=True, generator=generator(3))
    given = batch(count, 2, 2)._replace(targets=torch.eye(4)[ids])
    found = Remix(1.0, True, generator(8), prior, classes=True)(given).targets
    draw = generator(8)
    drawn = beta_draws(1.0, count, draw).tolist()
    others = partners(count, draw).tolist()
    leaning = 0
    for i, (j, share) in enumerate(zip(others, drawn, strict=True)):
        n_i, n_j = float(prior[ids[i]]), float(prior[ids[j]])
        kept = share
        if n_i / n_j >= 3 and share < 0.5:
            kept = 0.0
        elif n_i / n_j <= 1 / 3 and 1 - share < 0.5:
            kept = 1.0
        leaning += kept != share
        expected = kept * given.targets[i] + (1 - kept) * given.targets[j]
        torch.testing.assert_close(found[i], expected)
    assert leaning > 10
    torch.testing.assert_close(found.sum(1), torch.ones(count))


def test_the_share_of_each_class_is_the_mean_of_its_labels() -> None:
    prior, count, alpha = torch.tensor([0.6, 0.3, 0.08, 0.02], dtype=torch.float64), 40_000, 0.7
    ids = torch.multinomial(prior, count, replacement=True, generator=generator(3))
    targets = torch.eye(4, dtype=torch.float64)[ids]
    given = batch(4, 1, 1)._replace(images=targets.view(-1, 4, 1, 1), targets=targets)
    labels = Remix(alpha, True, generator(1), prior, classes=True)(given).targets
    error = 4 * float(labels.std(0).max()) / math.sqrt(count)
    met = share_met(prior, alpha, classes=True)
    assert isinstance(met, torch.Tensor)
    torch.testing.assert_close(labels.mean(0), met, atol=error, rtol=0)
    assert float(met[3]) > 1.15 * float(prior[3])
    two = torch.tensor([0.9, 0.1], dtype=torch.float64)
    assert float(share_met(two, alpha, classes=True)[1]) == pytest.approx(share_met(0.1, alpha))  # type: ignore[index]
