"""A folder with every data set in its official format, small."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from torchvision.datasets import CIFAR10, CIFAR100, STL10

from tests.trainables.official_files import (
    CAT_AND_DOG_PARTS,
    Expected,
    md5,
    write_cat_and_dog,
    write_cifar10,
    write_cifar100,
    write_medmnist,
    write_stl10,
)
from trainables.datasets import (
    cache,
)
from trainables.datasets.sets import (
    cat_and_dog,
)
from trainables.datasets.sets.medmnist_sets import SETS


@pytest.fixture(scope="session")
def official_files(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Expected]]:
    """(folder, what each set must be read as, by name)."""
    root = tmp_path_factory.mktemp("official")
    expected = {
        "cifar10": write_cifar10(root),
        "cifar100": write_cifar100(root),
        "stl10": write_stl10(root),
        "cat_and_dog": write_cat_and_dog(root),
    }
    for i, name in enumerate(SETS):
        folder = root / "medmnist" if i % 2 else root
        expected[name] = write_medmnist(name, folder / f"{name}.npz")
    return root, expected


@pytest.fixture
def official(
    official_files: tuple[Path, dict[str, Expected]], monkeypatch: pytest.MonkeyPatch
) -> tuple[Path, dict[str, Expected]]:
    """The same, with the readers' tables naming these files instead of the real ones."""
    root, expected = official_files
    monkeypatch.setattr(cat_and_dog, "PARTS", CAT_AND_DOG_PARTS)
    monkeypatch.setattr(STL10, "train_list", STL10.train_list[:2])  # no unlabelled images
    for kind in (CIFAR10, CIFAR100, STL10):
        folder = root / kind.base_folder
        for table in ("train_list", "test_list"):
            files = [[name, md5(folder / name)] for name, _ in getattr(kind, table)]
            monkeypatch.setattr(kind, table, files)
    for kind in (CIFAR10, CIFAR100):
        file = root / kind.base_folder / kind.meta["filename"]
        monkeypatch.setattr(kind, "meta", {**kind.meta, "md5": md5(file)})
    return root, expected


@pytest.fixture
def fresh_cache() -> Iterator[Callable[[], None]]:
    """An empty cache before and after the test."""
    cache.clear()
    yield cache.clear
    cache.clear()
