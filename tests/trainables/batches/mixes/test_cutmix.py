"""CutMix against what its pixels say, and against Yun et al.'s box."""

import math

import pytest
import torch

from tests.trainables.batches.mixes.coordinates import batch
from tests.trainables.tiny import generator
from trainables.batches.mixes.cutmix import CutMix

SIZES = [(7, 9), (4, 6, 5)]


@pytest.mark.parametrize("sizes", SIZES)
@pytest.mark.parametrize("per_sample", [False, True])
@pytest.mark.parametrize("labels", [0, 3])
def test_each_image_is_its_own_but_for_a_box_and_labels_are_by_the_pixels(
    sizes: tuple[int, ...], per_sample: bool, labels: int
) -> None:
    given = batch(24, *sizes, labels=labels)
    mixed = CutMix(1.0, per_sample, generator(3))(given)
    assert torch.equal(mixed.images[:, 1:], given.images[:, 1:])  # every pixel from its own place
    boxes = set()
    for number, (image, target) in enumerate(zip(mixed.images, mixed.targets, strict=True)):
        owners = image[0].flatten().long().tolist()
        assert len({number, *owners}) <= 2
        theirs = (image[0] != number).nonzero()
        if len(theirs):
            low, high = theirs.min(0).values, theirs.max(0).values
            assert len(theirs) == int((high - low + 1).prod())  # a box, without a hole
            boxes.add((*low.tolist(), *high.tolist()))
        expected = sum(given.targets[owner] for owner in owners) / len(owners)
        torch.testing.assert_close(target, expected, equal_nan=True)
        assert mixed.metadata is not None
        assert given.metadata is not None
        torch.testing.assert_close(
            mixed.metadata[number], sum(given.metadata[owner] for owner in owners) / len(owners)
        )
    assert len(boxes) == 1 or per_sample
    assert mixed.indices is given.indices


@pytest.mark.parametrize("sizes", [(16, 12), (8, 12, 6)])
def test_the_box_has_the_area_1_minus_lambda_before_the_border_cuts_it(
    sizes: tuple[int, ...],
) -> None:
    """A large alpha draws lambda 1/2; the centre is drawn alike over all pixels."""
    sides = [math.floor(size * 0.5 ** (1 / len(sizes))) for size in sizes]
    given = batch(600, *sizes)
    mixed = CutMix(1e9, True, generator(5))(given)
    own = torch.arange(600).view(-1, *[1] * len(sizes))
    expected = [
        sum(min(c - s // 2 + s, size) - max(c - s // 2, 0) for c in range(size)) / size
        for s, size in zip(sides, sizes, strict=True)
    ]
    area = (mixed.images[:, 0] != own).double().flatten(1).sum(1)
    assert int(area.max()) == math.prod(sides)
    found = float(area.mean())
    error = 4 * float(area.std()) / math.sqrt(600)
    # An image that is its own partner shows no box: one of 600.
    assert found == pytest.approx(math.prod(expected), abs=error + math.prod(sides) / 300)
