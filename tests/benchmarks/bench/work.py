"""The work that is timed: ResNet20, images of 32x32 at imratio 10 %, batches of 128, 100 epochs."""

import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch

from trainables.config import TrialConfig
from trainables.datasets.cache import task_on_device
from trainables.datasets.cut.imbalance import BinaryTask
from trainables.datasets.source import Source

__all__ = [
    "BATCH",
    "METHODS",
    "MODEL",
    "RANDOM",
    "Work",
    "default_precision",
    "random_cifar",
    "random_images",
    "work_here",
]

MODEL = "resnet20"
BATCH = 128
METHODS = ("ce", "auc_m", "ct_auc")
RANDOM = "tests.benchmarks.bench.work:random_cifar"


@dataclass(frozen=True)
class Work:
    """What all contenders train.

    Attributes:
        dataset, data_root, model, device: as in a trial's config.
        batch: images a batch.
    """

    dataset: str
    data_root: str
    device: str
    model: str = MODEL
    batch: int = BATCH

    def config(self, method: str, **changes: Any) -> TrialConfig:
        """One trial of ours."""
        fields: dict[str, Any] = {
            "method": method,
            "dataset": self.dataset,
            "model": self.model,
            "imratio": 0.1,
            "epochs": 100,
            "batch_size": self.batch,
            "intervals": 100,
            "data_root": self.data_root,
            "data_seed": 0,
            "init_seed": 0,
            "order_seed": 0,
            "device": self.device,
        }
        return TrialConfig(**{**fields, **changes})

    def task(self) -> BinaryTask:
        """The data of such a trial; the same object for the same work."""
        return task_on_device(self.dataset, self.data_root, False, 0.1, 0, "before", self.device)

    def to_json(self) -> dict[str, Any]:
        """As plain JSON; ``Work(**it)`` gives it back."""
        return asdict(self)


def default_precision(work: Work) -> str:
    """Of convolutions where nothing is said: torch lets a GPU round them to TF32."""
    return "tf32" if work.device == "cuda" else "f32"


def work_here(device: str) -> Work:
    """On CIFAR-10 or Cat&Dog below ``$AUCSTUDY_DATA``, else on random pixels like CIFAR-10."""
    root = Path(os.environ.get("AUCSTUDY_DATA", "data"))
    for dataset, folder in (("cifar10", "cifar-10-batches-py"), ("cat_and_dog", "cat_and_dog")):
        if (root / folder).is_dir():
            return Work(dataset, str(root), device)
    return Work(RANDOM, str(root), device)


def random_cifar(root: Path, download: bool) -> Source:  # noqa: ARG001
    """Random pixels in the shape and number of CIFAR-10: speed does not depend on them."""
    return random_images(50_000, 10_000, n_classes=10)


def random_images(train: int, test: int, n_classes: int) -> Source:
    """So many of 32 x 32 in colour, the same in every process."""
    generator = torch.Generator().manual_seed(0)

    def part(n: int) -> tuple[torch.Tensor, torch.Tensor]:
        images = torch.randint(0, 256, (n, 3, 32, 32), generator=generator, dtype=torch.uint8)
        return images, torch.arange(n) % n_classes

    return Source(*part(train), *part(test), n_classes=n_classes, augmentation="crop_flip")
