"""STL-10 in the official binary format, read by torchvision."""

from pathlib import Path

import numpy as np
import torch

from trainables.datasets.formats.resize import refuse_size, resized
from trainables.datasets.sets.about import About
from trainables.datasets.source import Source, unreadable

__all__ = ["ABOUT", "read_stl10"]

PIXELS = 96

ABOUT = About(
    "STL-10",
    files=("train_X.bin", "train_y.bin", "test_X.bin", "test_y.bin"),
    folders=("stl10_binary",),
    classes=(
        "airplane",
        "bird",
        "car",
        "cat",
        "deer",
        "dog",
        "horse",
        "monkey",
        "ship",
        "truck",
    ),
)


def read_stl10(root: Path, download: bool, *, image_size: int = PIXELS) -> Source:
    """5,000 + 8,000 colour images of 96x96 in ten classes, from root/stl10_binary.

    Only train_X.bin, train_y.bin, test_X.bin and test_y.bin are needed.

    Args:
        root: folder of the data sets.
        download: whether a missing file may be fetched.
        image_size: images are resized to squares of so many pixels.

    Raises:
        DataError: a file is missing or its MD5 is not the official one.
    """
    refuse_size(image_size)
    # Here, because torchvision is slow to import and most studies do without it.
    from torchvision.datasets import STL10

    class Labelled(STL10):
        # Without the 2.6 GB of unlabelled images, which need not be there.
        train_list = STL10.train_list[:2]

    folder = root / Labelled.base_folder
    official = [*Labelled.train_list, *Labelled.test_list]
    try:
        train = Labelled(root, split="train", download=download)
        test = Labelled(root, split="test", download=False)
    except (RuntimeError, OSError, ValueError) as error:
        raise unreadable("STL-10", folder, official, download, error) from error
    return Source(
        train_images=resized(torch.from_numpy(np.ascontiguousarray(train.data)), image_size),
        train_labels=torch.from_numpy(train.labels.astype(np.int64)),
        test_images=resized(torch.from_numpy(np.ascontiguousarray(test.data)), image_size),
        test_labels=torch.from_numpy(test.labels.astype(np.int64)),
        n_classes=10,
        augmentation="crop_flip",
        files=tuple(folder / name for name, _ in official),
        classes=ABOUT.classes,
    )
