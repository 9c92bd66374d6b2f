"""Batches of indices: every image once an epoch, exact shares, continuation bit for bit."""

from collections import Counter

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from trainables.batches.sampling import BatchSampler

TARGETS = (torch.arange(103) % 10 == 0).float()  # 11 positives


def _sampler(seed: int, batch_size: int, positive_rate: float | None = None) -> BatchSampler:
    generator = torch.Generator().manual_seed(seed)
    return BatchSampler(TARGETS, batch_size, generator, positive_rate)


@settings(deadline=None)
@given(n=st.integers(1, 60), batch_size=st.integers(1, 70), seed=st.integers(0, 2**31))
def test_every_index_at_most_once_an_epoch(n: int, batch_size: int, seed: int) -> None:
    sampler = BatchSampler(torch.zeros(n), batch_size, torch.Generator().manual_seed(seed))
    assert sampler.batch_size == min(batch_size, n)
    assert sampler.steps_per_epoch == n // sampler.batch_size
    for _ in range(3):
        batches = [sampler.draw() for _ in range(sampler.steps_per_epoch)]
        assert {len(batch) for batch in batches} == {sampler.batch_size}
        drawn = torch.cat(batches).tolist()
        assert len(set(drawn)) == len(drawn)
        assert set(drawn) <= set(range(n))
        if n % sampler.batch_size == 0:
            assert len(drawn) == n


def test_partial_batch_leaves_out_other_images_every_epoch() -> None:
    sampler = _sampler(0, 25)
    left_out = set()
    for _ in range(40):
        drawn = torch.cat([sampler.draw() for _ in range(sampler.steps_per_epoch)])
        left_out |= set(range(103)) - set(drawn.tolist())
    assert len(left_out) > 50


def test_every_order_is_equally_likely() -> None:
    sampler = BatchSampler(torch.zeros(3), 3, torch.Generator().manual_seed(0))
    seen = Counter(tuple(sampler.draw().tolist()) for _ in range(6_000))
    assert len(seen) == 6
    assert all(850 < count < 1150 for count in seen.values())  # 1000, 5 standard deviations


@pytest.mark.parametrize(
    ("rate", "batch_size", "positives"),
    [(0.5, 20, 10), (0.1, 32, 3), (0.001, 32, 1), (0.999, 32, 31), (0.9, 50, 45)],
)
def test_positive_rate(rate: float, batch_size: int, positives: int) -> None:
    sampler = _sampler(1, batch_size, rate)
    seen: Counter[int] = Counter()
    for _ in range(200):
        batch = sampler.draw()
        assert len(batch) == batch_size
        assert TARGETS[batch].sum() == positives
        seen.update(batch.tolist())
    # Within a class no image is more than one round ahead of another.
    for target in (0, 1):
        rounds = [seen[i] for i in TARGETS.eq(target).nonzero().flatten().tolist()]
        assert max(rounds) - min(rounds) <= 1


@pytest.mark.parametrize("positive_rate", [None, 0.3])
@pytest.mark.parametrize("steps", [0, 1, 7])
def test_continues_bit_for_bit(positive_rate: float | None, steps: int) -> None:
    sampler = _sampler(5, 20, positive_rate)
    for _ in range(steps):
        sampler.draw()
    state = sampler.state_dict()
    expected = [sampler.draw().tolist() for _ in range(20)]
    other = _sampler(99, 20, positive_rate)
    other.draw()
    other.load_state_dict(state)
    assert [other.draw().tolist() for _ in range(20)] == expected
    sampler.load_state_dict(state)
    assert [sampler.draw().tolist() for _ in range(20)] == expected


def test_seed_decides() -> None:
    assert _sampler(1, 20).draw().tolist() == _sampler(1, 20).draw().tolist()
    assert _sampler(1, 20).draw().tolist() != _sampler(2, 20).draw().tolist()


@pytest.mark.parametrize("rate", [0.0, 1.0, -0.5, 2.0])
def test_positive_rate_outside_its_range(rate: float) -> None:
    with pytest.raises(ValueError, match=r"positive_rate must be in \(0, 1\)"):
        _sampler(0, 20, rate)


def test_impossible_requests() -> None:
    generator = torch.Generator()
    with pytest.raises(ValueError, match="at least 2 images"):
        BatchSampler(TARGETS, 1, generator, 0.5)
    with pytest.raises(ValueError, match="both classes"):
        BatchSampler(torch.zeros(10), 4, generator, 0.5)
    with pytest.raises(ValueError, match="batch size 0"):
        BatchSampler(TARGETS, 0, generator)
    with pytest.raises(ValueError, match="of 0 images"):
        BatchSampler(torch.zeros(0), 4, generator)


def test_the_number_of_images_is_enough_for_the_natural_draw() -> None:
    samplers = [
        BatchSampler(of, 25, torch.Generator().manual_seed(3))
        for of in (TARGETS, len(TARGETS), torch.zeros(103, 4))
    ]
    for _ in range(10):
        first, *others = [sampler.draw().tolist() for sampler in samplers]
        assert others == [first, first]


@pytest.mark.parametrize(
    ("targets", "found"), [(103, "their number"), (torch.zeros(103, 4), r"\(103, 4\)")]
)
def test_a_positive_rate_needs_the_targets_of_one_label(
    targets: torch.Tensor | int, found: str
) -> None:
    with pytest.raises(ValueError, match=f"positive_rate needs the targets of one label.*{found}"):
        BatchSampler(targets, 20, torch.Generator(), 0.5)
