"""RICAP against Takahashi et al.'s Alg. 1, pixel by pixel."""

import pytest
import torch

from tests.trainables.batches.mixes.coordinates import batch
from tests.trainables.tiny import generator
from trainables.batches.mixes.ricap import RICAP
from trainables.batches.mixes.shares import beta_draws


@pytest.mark.parametrize("per_sample", [False, True])
@pytest.mark.parametrize("labels", [0, 3])
def test_it_is_four_crops_that_meet_at_a_point(per_sample: bool, labels: int) -> None:
    """By each pixel's own word; the label is the mean over the pixels' images."""
    height, width, count = 6, 9, 40
    given = batch(count, height, width, labels=labels)
    mixed = RICAP(0.7, per_sample, generator(3))(given)
    draw = generator(3)
    points = [
        (size * beta_draws(0.7, count if per_sample else 1, draw)).round().long().tolist()
        for size in (height, width)
    ]
    places = set()
    for number, (image, target) in enumerate(zip(mixed.images, mixed.targets, strict=True)):
        h, w = (each[number if per_sample else 0] for each in points)
        owners = []
        for rows, columns in (
            (range(h), range(w)),
            (range(h), range(w, width)),
            (range(h, height), range(w)),
            (range(h, height), range(w, width)),
        ):
            crop = [(image[:, i, j], i, j) for i in rows for j in columns]
            # One image, shifted as a whole, from within it.
            shown = {(int(pixel[0]), int(pixel[1]) - i, int(pixel[2]) - j) for pixel, i, j in crop}
            assert len(shown) == (1 if crop else 0)
            places |= {each[1:] for each in shown}
            owners += [int(pixel[0]) for pixel, _, _ in crop]
        if h and w:
            assert owners[0] == number  # the first crop is the image's own
        expected = sum(given.targets[owner] for owner in owners) / len(owners)
        torch.testing.assert_close(target, expected, equal_nan=True)
        assert mixed.metadata is not None
        assert given.metadata is not None
        torch.testing.assert_close(
            mixed.metadata[number], sum(given.metadata[owner] for owner in owners) / len(owners)
        )
    assert len(places) > 20 if per_sample else len(places) <= 4
    assert mixed.images[:, 1].max() < height
    assert mixed.images[:, 2].max() < width
    assert mixed.indices is given.indices


def test_a_crop_comes_from_every_place_that_has_room_for_it() -> None:
    """At alpha 1e9 the point is the middle: a crop of 2 x 2 in 4 x 4 has 3 x 3 places, alike."""
    mixed = RICAP(1e9, True, generator(0))(batch(900, 4, 4))
    corner = mixed.images[:, 1:, 0, 0].long()
    found = torch.bincount(3 * corner[:, 0] + corner[:, 1], minlength=9)
    assert len(found) == 9
    assert bool(((found - 100).abs() < 40).all())  # four standard deviations
