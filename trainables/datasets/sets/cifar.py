"""CIFAR-10 and CIFAR-100 in the official "python version" (pickles), read by torchvision.

A pickle can run code when it is loaded: torchvision loads a file only after it has found the
official MD5, so that no other pickle than the official ones is ever loaded.
"""

from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from trainables.datasets.sets.about import About
from trainables.datasets.source import Source, unreadable

if TYPE_CHECKING:
    from torchvision.datasets import CIFAR10

__all__ = ["ABOUT_10", "ABOUT_100", "read_cifar10", "read_cifar100"]

ABOUT_10 = About(
    "CIFAR-10",
    files=(*(f"data_batch_{number}" for number in range(1, 6)), "test_batch", "batches.meta"),
    folders=("cifar-10-batches-py",),
    layout="data_batch_1 to data_batch_5, test_batch and batches.meta",
    classes=(
        "airplane",
        "automobile",
        "bird",
        "cat",
        "deer",
        "dog",
        "frog",
        "horse",
        "ship",
        "truck",
    ),
)

ABOUT_100 = About("CIFAR-100", files=("train", "test", "meta"), folders=("cifar-100-python",))
"""Its 100 names stand in the file meta."""


def read_cifar10(root: Path, download: bool) -> Source:
    """50,000 + 10,000 colour images of 32x32 in ten classes, from root/cifar-10-batches-py.

    Raises:
        DataError: a file is missing or its MD5 is not the official one.
    """
    # Here, because torchvision is slow to import and most studies do without it.
    from torchvision.datasets import CIFAR10

    return _read(CIFAR10, "CIFAR-10", 10, root, download)


def read_cifar100(root: Path, download: bool) -> Source:
    """50,000 + 10,000 colour images of 32x32 in 100 fine classes, from root/cifar-100-python.

    Raises:
        DataError: a file is missing or its MD5 is not the official one.
    """
    from torchvision.datasets import CIFAR100

    return _read(CIFAR100, "CIFAR-100", 100, root, download)


def _read(kind: type["CIFAR10"], name: str, n_classes: int, root: Path, download: bool) -> Source:
    folder = root / kind.base_folder
    try:
        train = kind(root, train=True, download=download)
        test = kind(root, train=False, download=False)
    except (RuntimeError, OSError) as error:
        meta = (kind.meta["filename"], kind.meta["md5"])
        official = [*kind.train_list, *kind.test_list, meta]
        raise unreadable(name, folder, official, download, error) from error
    names = [file for file, _ in [*kind.train_list, *kind.test_list]]
    return Source(
        train_images=_images(train),
        train_labels=torch.tensor(train.targets),
        test_images=_images(test),
        test_labels=torch.tensor(test.targets),
        n_classes=n_classes,
        augmentation="crop_flip",
        files=tuple(folder / file for file in names),
        classes=tuple(train.classes),
    )


def _images(part: "CIFAR10") -> Tensor:
    # torchvision turns the files' CHW into HWC for PIL; this turns them back.
    return torch.from_numpy(part.data).permute(0, 3, 1, 2).contiguous()
