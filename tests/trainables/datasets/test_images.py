"""A part of a data set's images is a view: the rows that it names, in its order, and no copy."""

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from trainables.datasets.images import CHUNK, Images

SHAPES = [(2, 3, 3), (1, 3, 2, 2)]


def _pixels(images: int, shape: tuple[int, ...]) -> torch.Tensor:
    draw = torch.Generator().manual_seed(images)
    return torch.randint(0, 256, (images, *shape), generator=draw, dtype=torch.uint8)


@given(
    rows=st.lists(st.integers(0, 19), min_size=1, max_size=30),
    size=st.integers(1, 40),
    shape=st.sampled_from(SHAPES),
)
def test_a_part_is_what_indexing_gives(rows: list[int], size: int, shape: tuple[int, ...]) -> None:
    pixels, ids = _pixels(20, shape), torch.tensor(rows)
    for part, expected in ((Images(pixels, ids), pixels[ids]), (Images(pixels), pixels)):
        assert len(part) == len(expected)
        assert part.shape == shape
        batches = list(part.split(size))
        assert all(len(each) == size for each in batches[:-1])
        assert torch.equal(torch.cat(batches), expected)
        chosen = torch.tensor(rows) % len(part)
        assert torch.equal(part.take(chosen), expected[chosen])


@pytest.mark.parametrize("ids", [None, torch.arange(2 * CHUNK, -1, -2)])
def test_a_move_takes_the_part_s_images_alone(ids: torch.Tensor | None) -> None:
    part = Images(_pixels(2 * CHUNK + 1, (1, 2, 2)), ids)
    assert part.to("cpu") is part
    moved = part.to("meta")
    assert (moved.pixels.device.type, moved.ids, len(moved)) == ("meta", None, len(part))
    assert moved.shape == part.shape


def test_pixels_may_lie_in_a_file(tmp_path: Path) -> None:
    pixels = _pixels(9, (1, 4, 4))
    (tmp_path / "pixels").write_bytes(pixels.numpy().tobytes())
    mapped = np.memmap(tmp_path / "pixels", np.uint8, "r+", shape=(9, 1, 4, 4))
    part = Images(torch.from_numpy(mapped), torch.tensor([8, 1, 1]))
    assert torch.equal(part.take(torch.tensor([0, 2])), pixels[[8, 1]])
