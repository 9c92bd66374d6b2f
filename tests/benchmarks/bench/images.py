"""A task's images as a Dataset of PyTorch, transformed one by one as tutorials do."""

from collections.abc import Iterator
from typing import Any

import torch
from PIL import Image
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, Sampler
from torchvision import transforms

from tests.benchmarks.bench.work import Work
from trainables.datasets.cut.imbalance import BinaryTask
from trainables.datasets.images import Images as Part

__all__ = ["Images", "endless", "first", "training_images"]


class Images(Dataset[tuple[Tensor, Tensor]]):
    """Images (C, H, W) and targets, normalised, and augmented if so wished.

    Args:
        images: N, of three channels.
        targets: (N,), 0 or 1.
        task: whose mean and deviation they are normalised by.
        augmented: cropped and flipped at random.
    """

    def __init__(self, images: Part, targets: Tensor, task: BinaryTask, augmented: bool) -> None:
        self.images = torch.cat([*images.split(1000)]).permute(0, 2, 3, 1).cpu().numpy()
        self.targets = targets.cpu()
        random: list[Any] = [
            transforms.RandomCrop(self.images.shape[1], padding=4),
            transforms.RandomHorizontalFlip(),
        ]
        self.transform = transforms.Compose(
            [
                *(random if augmented else []),
                transforms.ToTensor(),
                transforms.Normalize(task.mean.tolist(), task.std.tolist()),
            ]
        )

    def __len__(self) -> int:
        return len(self.targets)

    def __getitem__(self, index: int) -> tuple[Tensor, Tensor]:
        return self.transform(Image.fromarray(self.images[index])), self.targets[index]


def training_images(task: BinaryTask) -> Images:
    """Augmented."""
    return Images(task.train_images, task.train_targets, task, augmented=True)


def endless(
    images: Images, work: Work, sampler: Sampler[int] | None = None
) -> Iterator[list[Tensor]]:
    """Batches on the CPU, epoch after epoch, in an order of seed 0 or as ``sampler`` has it.

    For a GPU two processes prepare them; trials on a CPU have a core each and no more.
    """
    loader = DataLoader(
        images,
        batch_size=work.batch,
        shuffle=sampler is None,
        sampler=sampler,
        drop_last=True,
        num_workers=2 if work.device == "cuda" else 0,
        generator=torch.Generator().manual_seed(0),
    )
    while True:
        yield from loader


def first(some: int, batches: Iterator[list[Tensor]]) -> Iterator[list[Tensor]]:
    """So many images of the next batches."""
    while some > 0:
        images, targets = next(batches)
        yield [images[:some], targets[:some]]
        some -= len(images)
