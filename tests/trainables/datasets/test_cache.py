"""The cache: one read and one preparation a process."""

from pathlib import Path

import pytest
import torch

from tests.trainables.official_files import write_medmnist
from trainables.datasets.cache import read_source, task_on_device
from trainables.errors import DataError, UnknownNameError

pytestmark = pytest.mark.usefixtures("fresh_cache")


def test_same_task_is_the_same_object() -> None:
    first = task_on_device("digits", "data", False, 0.1, 1, "before", "cpu")
    assert task_on_device("digits", Path("data"), False, 0.1, 1, "before", "cpu") is first
    other = task_on_device("digits", "data", False, 0.1, 2, "before", "cpu")
    assert other.val_images.pixels is first.val_images.pixels
    assert not torch.equal(*(next(each.val_images.split(500)) for each in (first, other)))


def test_file_is_read_once_for_all_seeds(tmp_path: Path) -> None:
    file = tmp_path / "breastmnist.npz"
    write_medmnist("breastmnist", file)
    source = read_source("breastmnist", tmp_path)
    file.unlink()
    for seed in range(5):
        task = task_on_device("breastmnist", tmp_path, False, None, seed, "before", "cpu")
        assert task.test_images.pixels is source.test_images


def test_failure_is_not_remembered(tmp_path: Path) -> None:
    with pytest.raises(DataError):
        read_source("breastmnist", tmp_path)
    write_medmnist("breastmnist", tmp_path / "breastmnist.npz")
    assert read_source("breastmnist", tmp_path).n_classes == 2


def test_user_s_own_reader_by_name() -> None:
    own = read_source("trainables.datasets.sets.digits:read_digits", "data")
    assert torch.equal(own.train_images, read_source("digits", "data").train_images)


def test_unknown_name_lists_the_valid_ones() -> None:
    with pytest.raises(UnknownNameError, match=r"digits, cifar10.*not 'imagenet'"):
        read_source("imagenet", "data")
