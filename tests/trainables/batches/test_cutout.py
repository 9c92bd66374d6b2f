"""Cutout: which pixels are blanked, how often, and what stays."""

import pytest
import torch

from tests.trainables.tiny import generator
from trainables.batches.cutout import Cutout
from trainables.recipe import Batch


def ones(count: int, height: int = 8, width: int = 8) -> Batch:
    return Batch(torch.ones(count, 3, height, width), torch.rand(count, generator=generator(0)))


def test_share_0_is_the_batch_itself_and_draws_nothing() -> None:
    draw = generator(0)
    before = draw.get_state()
    given = ones(4)
    cut = Cutout(0.0, draw)(given)
    assert cut.images is given.images
    assert torch.equal(draw.get_state(), before)


@pytest.mark.parametrize("share", [0.25, 0.5, 1.0])
def test_one_rectangle_an_image_in_all_channels(share: float) -> None:
    """Of 8 x 8 pixels, fewer where it hangs over the border; labels and the batch given stay."""
    given = ones(500)
    images, targets = Cutout(share, generator(1))(given)
    assert torch.equal(targets, given.targets)
    assert bool((given.images == 1).all())
    hit = images == 0
    assert bool(((images == 1) | hit).all())
    assert torch.equal(hit[:, 0], hit[:, 2])
    side = round(share * 8)
    for each in hit[:, 0]:
        rows, columns = each.any(1), each.any(0)
        assert torch.equal(each, rows[:, None] & columns[None, :])
        for line in (rows, columns):
            (places,) = line.nonzero(as_tuple=True)
            assert len(places) == places.max() - places.min() + 1 <= side
            assert len(places) == side or 0 in places or 7 in places


def test_the_centre_is_drawn_alike_over_all_pixels() -> None:
    """Row r is hit where the centre is among the ``side`` rows around it: here 2 of 8."""
    hit = Cutout(0.25, generator(2))(ones(20_000)).images[:, 0] == 0
    rows = hit.any(2).float().mean(0)
    expected = torch.full((8,), 2 / 8)
    expected[-1] = 1 / 8  # of centre r the rows r - 1 and r
    torch.testing.assert_close(rows, expected, atol=0.015, rtol=0)


def test_images_need_not_be_square() -> None:
    hit = Cutout(0.5, generator(3))(ones(200, height=4, width=10)).images[:, 0] == 0
    assert int(hit.any(2).sum(1).max()) == 2
    assert int(hit.any(1).sum(1).max()) == 5


def test_what_else_a_batch_carries_stays() -> None:
    given = Batch(*ones(4), torch.arange(4), torch.rand(4, 2, generator=generator(1)))
    cut = Cutout(0.5, generator(2))(given)
    assert cut.indices is given.indices
    assert cut.metadata is given.metadata


def test_a_box_of_every_volume_is_blanked() -> None:
    """As a rectangle in each plane, alike in all channels; along each axis its own centre."""
    hit = (
        Cutout(0.5, generator(4))(Batch(torch.ones(300, 2, 6, 8, 8), torch.zeros(300))).images == 0
    )
    assert torch.equal(hit[:, 0], hit[:, 1])
    for each in hit[:, 0]:
        lines = [each.any(2).any(1), each.any(2).any(0), each.any(1).any(0)]
        depth, height, width = lines
        assert torch.equal(each, depth[:, None, None] & height[:, None] & width)
        for line, size in zip(lines, (6, 8, 8), strict=True):
            assert size // 4 <= int(line.sum()) <= size // 2
    starts = [hit[:, 0].any(a).any(b - 1).float().argmax(1) for a, b in ((2, 3), (1, 3), (1, 2))]
    assert torch.corrcoef(torch.stack(starts).float()).fill_diagonal_(0).abs().max() < 0.3
