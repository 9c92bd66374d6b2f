"""Batches on a GPU: the CPU's draws, on the images' device."""

import pytest
import torch

from trainables.batches.augment import AUGMENTATIONS, augment
from trainables.batches.sampling import BatchSampler

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA GPU")


@pytest.mark.parametrize("name", AUGMENTATIONS)
def test_augmentation_makes_the_same_draws(name: str) -> None:
    shape = (64, 3, 12, 16, 16) if "3d" in name else (64, 3, 32, 32)
    images = torch.randint(0, 256, shape, dtype=torch.uint8)
    expected, drawn = (
        augment(name, each, torch.Generator().manual_seed(7)) for each in (images, images.cuda())
    )
    assert torch.equal(drawn.cpu(), expected)
    assert augment(name, images.cuda(), torch.Generator("cuda").manual_seed(7)).is_cuda


@pytest.mark.parametrize("device", ["cpu", "cuda"])
@pytest.mark.parametrize("rate", [None, 0.3])
def test_indices_come_on_the_targets_device(device: str, rate: float | None) -> None:
    targets = (torch.arange(103) % 10 == 0).float().cuda()
    generator = torch.Generator(device).manual_seed(0)
    assert BatchSampler(targets, 20, generator, rate).draw().is_cuda
