"""Whole-batch augmentation against a loop over the images that makes the same draws."""

import pytest
import torch
from torch import Tensor
from torchvision.transforms.v2.functional import crop, normalize, resize

from trainables.batches.augment import augment, normalise
from trainables.batches.crops import padding
from trainables.errors import UnknownNameError


def _images(batch: int, channels: int, size: int) -> Tensor:
    generator = torch.Generator().manual_seed(size)
    shape = (batch, channels, size, size)
    return torch.randint(0, 256, shape, generator=generator, dtype=torch.uint8)


def _generator() -> torch.Generator:
    return torch.Generator().manual_seed(7)


def _plain(images: Tensor, top: Tensor, left: Tensor, mirrored: Tensor, pad: int) -> Tensor:
    out = torch.empty_like(images)
    size = images.shape[2]
    for i, image in enumerate(images):
        canvas = torch.zeros(image.shape[0], size + 2 * pad, size + 2 * pad, dtype=torch.uint8)
        canvas[:, pad : pad + size, pad : pad + size] = image
        crop = canvas[:, top[i] : top[i] + size, left[i] : left[i] + size]
        out[i] = crop.flip(2) if mirrored[i] else crop
    return out


@pytest.mark.parametrize(
    ("channels", "size", "pad"), [(1, 8, 1), (3, 28, 3), (3, 32, 4), (3, 96, 4), (1, 5, 1)]
)
def test_crop_flip(channels: int, size: int, pad: int) -> None:
    assert padding(size) == pad
    images = _images(64, channels, size)
    before = images.clone()
    draws = _generator()
    top, left = torch.randint(2 * pad + 1, (2, 64), generator=draws)
    mirrored = torch.rand(64, generator=draws) < 0.5
    assert 0 < mirrored.sum() < 64
    result = augment("crop_flip", images, _generator())
    assert torch.equal(result, _plain(images, top, left, mirrored, pad))
    assert result.dtype == torch.uint8
    assert torch.equal(images, before)


@pytest.mark.parametrize(("channels", "size"), [(1, 8), (3, 32), (3, 50), (1, 1)])
def test_crop_resize_flip(channels: int, size: int) -> None:
    """Against torchvision, image by image, in floats as LibAUC's examples have it."""
    images = _images(64, channels, size)
    before = images.clone()
    less = min(2, size - 1)
    draws = _generator()
    top, left = torch.randint(less + 1, (2, 64), generator=draws).tolist()
    mirrored = torch.rand(64, generator=draws) < 0.5
    result = augment("crop_resize_flip", images, _generator())
    for i, image in enumerate(images.float()):
        part = crop(image, top[i], left[i], size - less, size - less)
        part = resize(part.flip(2) if mirrored[i] else part, [size, size], antialias=True)
        assert (result[i] - part).abs().max() < 0.501
    assert result.dtype == torch.uint8
    assert result.shape == images.shape
    assert torch.equal(images, before)


def test_flip() -> None:
    images = _images(64, 3, 9)
    mirrored = torch.rand(64, generator=_generator()) < 0.5
    zeros = torch.zeros(64, dtype=torch.long)
    result = augment("flip", images, _generator())
    assert torch.equal(result, _plain(images, zeros, zeros, mirrored, 0))


def test_every_place_and_side_is_drawn_equally_often() -> None:
    size, n = 8, 36_000
    image = torch.arange(1, size * size + 1, dtype=torch.uint8).view(1, 1, size, size)
    result = augment("crop_flip", image.expand(n, 1, size, size), _generator())
    # Three rows x three columns x two sides; 2,000 each, 5 standard deviations.
    _, seen = result.flatten(1).unique(dim=0, return_counts=True)
    assert len(seen) == 18
    assert ((seen - 2_000).abs() < 5 * 44).all()


def test_none_changes_nothing_and_draws_nothing() -> None:
    images, generator = _images(4, 1, 8), _generator()
    assert augment("none", images, generator) is images
    assert torch.equal(generator.get_state(), _generator().get_state())


def test_unknown_name_lists_the_valid_ones() -> None:
    with pytest.raises(UnknownNameError, match="crop_flip, crop_resize_flip, flip, none"):
        augment("rotate", _images(1, 1, 8), _generator())


def test_normalise() -> None:
    images = _images(5, 3, 12)
    mean, std = torch.tensor([0.5, 0.4, 0.1]), torch.tensor([0.2, 0.3, 1.0])
    expected = normalize(images.double() / 255, mean.tolist(), std.tolist())
    result = normalise(images, mean, std)
    assert result.dtype == torch.float32
    torch.testing.assert_close(result.double(), expected, rtol=1e-6, atol=1e-6)
