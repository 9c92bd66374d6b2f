"""What every mix must keep."""

from dataclasses import replace

import pytest
import torch

from tests.trainables.batches.mixes.coordinates import batch
from tests.trainables.host_reads import no_host_reads
from tests.trainables.tiny import context, generator, model
from trainables.batches.mixes import MIXES
from trainables.recipe import Batch
from trainables.updates import mixed

ALL = [name for name in MIXES if name != "none"]
WITHIN = [name for name in ALL if name != "balanced_mixup"]
"""Those that mix the images of one batch."""


def given(labels: int = 0, images: int = 24) -> Batch:
    found = batch(images, 6, 6, labels=labels)
    found.partner = batch(images, 6, 6, labels=labels)
    found.partner.targets.copy_(found.targets.flip(0))
    found.partner.images[:, 0] += images
    return found


def done(
    name: str, to: Batch, alpha: float = 1.0, per_sample: bool = False, seed: int = 3
) -> Batch:
    labels = 1 if to.targets.dim() == 1 else to.targets.shape[1]
    trial = context(model(labels=labels), generator(seed), labels)
    return mixed(MIXES[name](alpha, per_sample, trial), to)


def same(left: Batch, right: Batch) -> bool:
    pairs = [(left.images, right.images), (left.targets, right.targets)]
    for one, other in ((left.inside, right.inside), (left.metadata, right.metadata)):
        assert (one is None) == (other is None)
        if one is not None and other is not None:
            pairs += zip(one, other, strict=True)
    return all(torch.equal(a.nan_to_num(-1), b.nan_to_num(-1)) for a, b in pairs)


@pytest.mark.parametrize("name", MIXES)
def test_alpha_0_and_none_are_the_batch_itself_and_draw_nothing(name: str) -> None:
    draw, before = generator(0), given()
    state = draw.get_state()
    found = MIXES[name](0.0 if name != "none" else 1.0, True, context(model(), draw))(before)
    assert found is before
    assert torch.equal(draw.get_state(), state)


@pytest.mark.parametrize("per_sample", [False, True])
@pytest.mark.parametrize("labels", [0, 3])
@pytest.mark.parametrize("name", ALL)
def test_one_seed_gives_one_batch_whatever_torch_draws(
    name: str, labels: int, per_sample: bool
) -> None:
    state = torch.get_rng_state()
    first = done(name, given(labels), per_sample=per_sample)
    assert torch.equal(torch.get_rng_state(), state)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(99)
        assert same(first, done(name, given(labels), per_sample=per_sample))
    others = [done(name, given(labels), per_sample=per_sample, seed=seed) for seed in (4, 5, 6)]
    assert not all(same(first, other) for other in others)
    assert not same(done(name, given(labels), per_sample=not per_sample), first)


@pytest.mark.parametrize("per_sample", [False, True])
@pytest.mark.parametrize("labels", [0, 3])
@pytest.mark.parametrize("name", ALL)
def test_it_reads_nothing_of_the_host(name: str, labels: int, per_sample: bool) -> None:
    to = given(labels)
    trial = context(model(labels=labels or 1), generator(3), labels or 1)
    mix = MIXES[name](1.0, per_sample, trial)
    with no_host_reads():
        mix(to)


@pytest.mark.parametrize("name", [name for name in WITHIN if name != "remix"])
def test_the_mean_of_the_labels_stays_and_metadata_are_mixed_as_they_are(name: str) -> None:
    """A mean over the batch where lambda is one a batch; metadata are the targets here."""
    before = given()
    for seed in range(6):
        after = done(name, before, seed=seed)
        torch.testing.assert_close(after.targets.mean(), before.targets.mean())
        assert after.metadata is not None
        torch.testing.assert_close(after.metadata[:, 0], after.targets)
        assert after.indices is before.indices


@pytest.mark.parametrize("name", ["mixup", "ricap", "manifold", "balanced_mixup"])
def test_a_tiny_alpha_leaves_each_image_whole_with_its_own_label(name: str) -> None:
    """Weights of 0 and 1; a label that is missing elsewhere is not missing then."""
    before = given(labels=3)
    after = done(name, before, alpha=1e-6, per_sample=True)
    if after.inside is not None:  # the layer that was drawn is not the input
        others, shares = after.inside
        whose = torch.where((shares == 1).all(0), torch.arange(24), others)
        if not bool((shares == 1).all()):
            torch.testing.assert_close(after.targets, before.targets[whose], equal_nan=True)
            return
    owner = after.images[:, 0].flatten(1)
    assert bool((owner == owner[:, :1]).all())
    whose = owner[:, 0].long()
    torch.testing.assert_close(after.targets, before.targets[whose], equal_nan=True)
    assert bool((whose != torch.arange(24)).any()) == (name != "balanced_mixup")


def test_a_huge_alpha_gives_the_partner_alone() -> None:
    before = given(labels=3)
    after = done("balanced_mixup", before, alpha=1e18)
    assert before.partner is not None
    torch.testing.assert_close(after.images, before.partner.images)
    torch.testing.assert_close(after.targets, before.partner.targets, equal_nan=True)


@pytest.mark.parametrize("name", ALL)
def test_the_layout_of_the_images_and_their_dtype_stay(name: str) -> None:
    before = given()
    laid = before._replace(
        images=before.images.float().contiguous(memory_format=torch.channels_last)
    )
    laid.partner = laid._replace(images=laid.images + 1)
    after = done(name, laid)
    assert after.images.is_contiguous(memory_format=torch.channels_last)
    assert after.images.dtype == torch.float32


def test_remix_goes_by_the_share_that_is_drawn() -> None:
    """Not by the share that losses meet, which the mix itself has changed."""
    trial = replace(context(model(), generator(0)), prior=0.4, drawn=0.1)
    assert MIXES["remix"](1.0, True, trial).prior == 0.1  # type: ignore[attr-defined]
