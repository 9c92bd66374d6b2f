"""Batches on a GPU: the CPU's draws, on the images' device."""

import pytest
import torch

from trainables.batches.augment import AUGMENTATIONS, augment
from trainables.batches.sampling import BatchSampler
from trainables.batches.supply import Ahead, Resident
from trainables.config import TrialConfig
from trainables.datasets.images import Images
from trainables.loop import TrainingRun

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


@pytest.mark.parametrize("rate", [None, 0.3])
def test_batches_from_the_host_are_those_on_the_device(rate: float | None) -> None:
    pixels = torch.randint(0, 256, (300, 3, 8, 8), dtype=torch.uint8)
    ids = torch.arange(299, 20, -1)
    targets = (torch.arange(len(ids)) % 10 == 0).float().cuda()
    device = torch.device("cuda")
    supplies = [
        kind(
            images,
            [
                BatchSampler(targets, 32, torch.Generator("cuda").manual_seed(seed), rate)
                for seed in (1, 2)
            ],
            device,
        )
        for kind, images in (
            (Ahead, Images(pixels, ids)),
            (Resident, Images(pixels, ids).to(device)),
        )
    ]
    ahead, resident = supplies
    places = set()
    for step in range(60):
        for each in supplies:
            each.load(1 + step % 2)
        # As a step under way, which what comes next must not overtake.
        torch.cuda._sleep(2_000_000)
        for number in range(1 + step % 2):
            assert torch.equal(ahead.chosen[number], resident.chosen[number])
            assert torch.equal(ahead.pixels(number), resident.pixels(number))
            places.add(ahead.pixels(number).data_ptr())
    assert len(places) == 2, "a captured step finds them where they were"


def test_a_captured_trial_whose_images_do_not_fit_is_the_same() -> None:
    config = TrialConfig(
        method="auc_m",
        dataset="digits",
        model="mlp",
        imratio=0.1,
        epochs=3,
        batch_size=64,
        intervals=3,
        data_root="data",
        data_seed=1,
        init_seed=2,
        order_seed=3,
        device="cuda",
    )
    curves = []
    for memory in (None, 0):
        run = TrainingRun(config, memory)
        while not run.finished:
            run.train_interval()
        assert run.execution == "graph"
        assert run._task.train_images.pixels.is_cuda == (memory is None)
        curves.append([{k: v for k, v in each.items() if k != "seconds"} for each in run.curve])
    assert curves[0] == curves[1]
