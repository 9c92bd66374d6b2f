"""Augmentation of volumes against a loop over them, and how often each symmetry is drawn."""

from itertools import permutations, product

import numpy as np
import pytest
import torch
from torch import Tensor

from trainables.batches.augment import AUGMENTATIONS, augment, normalise, refuse_other_axes
from trainables.batches.crops import padding
from trainables.errors import DataError

OF_VOLUMES = ("crop_flip_3d", "crop_flip_rotate_3d", "flip_3d")
OF_IMAGES = ("crop_flip", "crop_resize_flip", "flip")
SHAPES = [(1, 8, 8, 8), (2, 5, 12, 12), (3, 1, 6, 6), (1, 16, 4, 4)]


def volumes(batch: int, shape: tuple[int, ...], seed: int = 0) -> Tensor:
    """Random, and nowhere black, as the padding is."""
    draw = torch.Generator().manual_seed(seed)
    return torch.randint(1, 256, (batch, *shape), generator=draw, dtype=torch.uint8)


def _generator() -> torch.Generator:
    return torch.Generator().manual_seed(7)


def _plain(name: str, images: Tensor) -> Tensor:
    """One by one with NumPy, by the same draws."""
    draws, batch, sizes = _generator(), len(images), images.shape[2:]
    mirrors = torch.rand(batch, 3, generator=draws) < 0.5
    pads = [0, 0, 0]
    shifts = torch.zeros(batch, 3, dtype=torch.int64)
    if name != "flip_3d":
        pads = [padding(size) for size in sizes]
        drawn = [torch.randint(2 * pad + 1, (batch, 1), generator=draws) for pad in pads]
        shifts = torch.cat(drawn, 1)
    axes = torch.arange(3).expand(batch, 3)
    if name == "crop_flip_rotate_3d":
        keys = torch.rand(batch, 3, generator=draws)
        if sizes[0] != sizes[1]:
            keys[:, 0] = -1
        axes = keys.argsort(1)
    found = []
    for image, mirror, shift, order in zip(images, mirrors, shifts, axes, strict=True):
        canvas = np.pad(image.numpy(), [(0, 0), *((pad, pad) for pad in pads)])
        start = shift.tolist()
        parts = [slice(s, s + size) for s, size in zip(start, sizes, strict=True)]
        cut = canvas[(slice(None), *parts)]
        cut = np.flip(cut, tuple(axis + 1 for axis in range(3) if mirror[axis]))
        found.append(cut.transpose(0, *(order + 1).tolist()))
    return torch.from_numpy(np.stack(found))


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("name", OF_VOLUMES)
def test_each_is_what_a_loop_makes(name: str, shape: tuple[int, ...]) -> None:
    images = volumes(40, shape)
    before = images.clone()
    result = augment(name, images, _generator())
    assert result.dtype == torch.uint8
    assert torch.equal(result, _plain(name, images))
    assert torch.equal(images, before)


@pytest.mark.parametrize(("depth", "symmetries"), [(4, 48), (3, 16)])
def test_every_symmetry_is_drawn_equally_often(depth: int, symmetries: int) -> None:
    """A cube has 48 with its mirrors; a box with a square side 16. The middle is never cut off."""
    inner = volumes(1, (1, 2, 2, 2))
    image = torch.zeros(1, 1, depth, 4, 4, dtype=torch.uint8)
    image[:, :, 1:3, 1:3, 1:3] = inner
    n = 48_000
    result = augment("crop_flip_rotate_3d", image.expand(n, -1, -1, -1, -1), _generator())
    # Where the 8 voxels have gone, whatever the shift: in the order of their places.
    kept = result.flatten(1)
    inside = kept[(kept > 0).sum(1) == 8]
    seen, counts = inside[inside > 0].view(-1, 8).unique(dim=0, return_counts=True)
    cube = inner[0, 0].numpy()
    turns = [p for p in permutations(range(3)) if depth == 4 or p[0] == 0]
    expected = {
        tuple(np.flip(cube.transpose(p), tuple(a for a in range(3) if flips[a])).flatten().tolist())
        for p, flips in product(turns, product((False, True), repeat=3))
    }
    assert {*map(tuple, seen.tolist())} == expected
    assert len(expected) == symmetries
    share = counts / len(inside)
    assert bool(((share - 1 / symmetries).abs() < 5 * (1 / symmetries / len(inside)) ** 0.5).all())


def test_every_shift_is_drawn_equally_often() -> None:
    image = torch.zeros(1, 1, 8, 8, 8, dtype=torch.uint8)
    image[..., 3:5, 3:5, 3:5] = 1
    n = 27_000
    result = augment("crop_flip_3d", image.expand(n, -1, -1, -1, -1), _generator())
    places, counts = result.flatten(1).unique(dim=0, return_counts=True)
    assert len(places) == 27  # one voxel either way along each axis; mirrors leave the middle
    assert ((counts - 1_000).abs() < 5 * 1_000**0.5).all()


@pytest.mark.parametrize("name", [*OF_VOLUMES, *OF_IMAGES, "none"])
def test_images_and_volumes_take_their_own(name: str) -> None:
    for axes, right in ((3, name not in OF_VOLUMES), (4, name in (*OF_VOLUMES, "none"))):
        if right:
            refuse_other_axes(name, axes)
        else:
            names = (*OF_IMAGES, "none") if axes == 3 else ("none", *OF_VOLUMES)
            fitting = ", ".join(names)
            with pytest.raises(DataError, match=f"augmentation {name} is for .*{fitting}\\."):
                refuse_other_axes(name, axes)
    assert {*AUGMENTATIONS} == {*OF_VOLUMES, *OF_IMAGES, "none"}


def test_normalise_by_channel() -> None:
    images = volumes(3, (2, 3, 4, 4))
    mean, std = torch.tensor([0.5, 0.1]), torch.tensor([0.2, 0.7])
    result = normalise(images, mean, std)
    for channel in (0, 1):
        expected = (images[:, channel].double() / 255 - mean[channel]) / std[channel]
        torch.testing.assert_close(result[:, channel].double(), expected, rtol=1e-6, atol=1e-6)
