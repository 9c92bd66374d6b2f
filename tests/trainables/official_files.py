"""Small files in each data set's official format, with random pixels and every class present."""

import hashlib
import pickle
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from trainables.datasets.sets.medmnist_sets import SETS

__all__ = [
    "CAT_AND_DOG_PARTS",
    "Expected",
    "md5",
    "write_cat_and_dog",
    "write_cifar10",
    "write_cifar100",
    "write_medmnist",
    "write_stl10",
]

CAT_AND_DOG_PARTS = {"train": range(12), "test": range(12, 15)}
"""In place of the reader's own 10,000 and 2,500 photos of each kind."""


class Expected(NamedTuple):
    """What a reader must give back: uint8 images or volumes, and class ids or float32 (N, L)."""

    train_images: NDArray[np.uint8]
    train_labels: NDArray[Any]
    test_images: NDArray[np.uint8]
    test_labels: NDArray[Any]


def md5(file: Path) -> str:
    return hashlib.md5(file.read_bytes()).hexdigest()


def write_cifar10(root: Path) -> Expected:
    folder = root / "cifar-10-batches-py"
    folder.mkdir(parents=True)
    data = _draw(200, 40, 3, 32, 10)
    for i in range(5):
        part = slice(40 * i, 40 * (i + 1))
        content = {"data": _flat(data.train_images[part]), "labels": data.train_labels[part]}
        _pickle(folder / f"data_batch_{i + 1}", content, "labels")
    test = {"data": _flat(data.test_images), "labels": data.test_labels}
    _pickle(folder / "test_batch", test, "labels")
    _pickle(folder / "batches.meta", {"label_names": [f"class {i}" for i in range(10)]})
    return data


def write_cifar100(root: Path) -> Expected:
    folder = root / "cifar-100-python"
    folder.mkdir(parents=True)
    data = _draw(400, 200, 3, 32, 100)
    train = {"data": _flat(data.train_images), "fine_labels": data.train_labels}
    _pickle(folder / "train", train, "fine_labels")
    test = {"data": _flat(data.test_images), "fine_labels": data.test_labels}
    _pickle(folder / "test", test, "fine_labels")
    _pickle(folder / "meta", {"fine_label_names": [f"class {i}" for i in range(100)]})
    return data


def write_stl10(root: Path) -> Expected:
    folder = root / "stl10_binary"
    folder.mkdir(parents=True)
    data = _draw(60, 20, 3, 96, 10)
    for part in ("train", "test"):
        images: NDArray[np.uint8] = getattr(data, f"{part}_images")
        labels: NDArray[np.int64] = getattr(data, f"{part}_labels")
        # The official files are column-major, and count classes from 1.
        images.transpose(0, 1, 3, 2).tofile(folder / f"{part}_X.bin")
        (labels + 1).astype(np.uint8).tofile(folder / f"{part}_y.bin")
    return data


def write_cat_and_dog(root: Path) -> Expected:
    """Every fifth photo is grey; what is expected is what a JPEG makes of the random pixels."""
    folder = root / "cat_and_dog" / "train"
    folder.mkdir(parents=True)
    n_train, n_test = (2 * len(CAT_AND_DOG_PARTS[part]) for part in ("train", "test"))
    data = _draw(n_train, n_test, 3, 24, 2)
    parts = {"train": data.train_images, "test": data.test_images}
    for part, numbers in CAT_AND_DOG_PARTS.items():
        files = [folder / f"{kind}.{number}.jpg" for kind in ("cat", "dog") for number in numbers]
        for i, (file, image) in enumerate(zip(files, parts[part], strict=True)):
            photo = Image.fromarray(image.transpose(1, 2, 0))
            (photo.convert("L") if i % 5 == 0 else photo).save(file)
            with Image.open(file) as saved:
                image[:] = np.asarray(saved.convert("RGB")).transpose(2, 0, 1)
    # Cats first, then dogs.
    return data._replace(
        train_labels=np.arange(n_train) // (n_train // 2),
        test_labels=np.arange(n_test) // (n_test // 2),
    )


def write_medmnist(name: str, file: Path, size: int = 28) -> Expected:
    """75 % training, 25 % validation images, pooled in what is expected."""
    file.parent.mkdir(parents=True, exist_ok=True)
    facts = SETS[name]
    data = _draw(80, 24, facts.channels, size, len(facts.names), facts.axes)
    if facts.multi_label:
        # By the bits of a class id: every label is there, alone or beside others.
        bits = np.arange(len(facts.names)) % 4
        data = data._replace(
            train_labels=_bits(data.train_labels, bits), test_labels=_bits(data.test_labels, bits)
        )
    parts = {
        "train": (data.train_images[:60], data.train_labels[:60]),
        "val": (data.train_images[60:], data.train_labels[60:]),
        "test": (data.test_images, data.test_labels),
    }
    arrays: dict[str, Any] = {}
    for part, (images, labels) in parts.items():
        colour = facts.channels == 3
        arrays[f"{part}_images"] = images.transpose(0, 2, 3, 1) if colour else images[:, 0]
        arrays[f"{part}_labels"] = labels.astype(np.uint8).reshape(len(labels), -1)
    np.savez(file, **arrays)
    return data


def _bits(labels: NDArray[np.int64], bits: NDArray[np.int64]) -> NDArray[np.float32]:
    return (labels[:, None] >> bits & 1).astype(np.float32)


def _draw(
    n_train: int, n_test: int, channels: int, size: int, n_classes: int, axes: int = 2
) -> Expected:
    generator = np.random.default_rng(n_train + size)
    n = n_train + n_test
    images = generator.integers(0, 256, (n, channels, *[size] * axes), dtype=np.uint8)
    labels = np.arange(n) % n_classes
    return Expected(images[:n_train], labels[:n_train], images[n_train:], labels[n_train:])


def _flat(images: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return images.reshape(len(images), -1)


def _pickle(file: Path, content: dict[str, Any], labels: str | None = None) -> None:
    if labels is not None:
        content[labels] = content[labels].tolist()
    file.write_bytes(pickle.dumps(content, protocol=2))
