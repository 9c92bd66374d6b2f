"""The readers, on small files in the official formats and on the real sets where they are."""

import hashlib
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from tests.trainables.official_files import Expected, md5, write_medmnist
from trainables.datasets import (
    ABOUT,
    DATASETS,
)
from trainables.datasets.choice import chosen, sides
from trainables.datasets.sets.medmnist_sets import SETS
from trainables.datasets.source import Source
from trainables.errors import DataError

SHARES = {name: Fraction(1, 4) for name in SETS} | {"cat_and_dog": Fraction(1, 20)}
FROM_FILES = ["cifar10", "cifar100", "stl10", "cat_and_dog", *SETS]


def read(name: str, root: Path, **options: Any) -> Source:
    return DATASETS[name](root, False, **options)


@pytest.mark.parametrize("name", FROM_FILES)
def test_reads_official_format(name: str, official: tuple[Path, dict[str, Expected]]) -> None:
    root, expected = official
    source = DATASETS[name](root, False)
    for field, array in expected[name]._asdict().items():
        tensor = getattr(source, field)
        label = torch.float32 if source.labels else torch.int64
        assert tensor.dtype == (torch.uint8 if field.endswith("images") else label)
        assert tensor.is_contiguous()
        np.testing.assert_array_equal(tensor.numpy(), array)
    assert source.n_classes == int(source.train_labels.max()) + 1
    assert len(source.classes) == (0 if source.labels else source.n_classes)
    assert source.validation_share == SHARES.get(name, Fraction(1, 10))
    checksums = {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in source.files}
    if source.together:
        lines = [f"{checksum}  {file}\n" for file, checksum in checksums.items()]
        checksums = {source.together: hashlib.sha256("".join(lines).encode()).hexdigest()}
    assert source.checksums == checksums


@pytest.mark.parametrize("name", FROM_FILES)
def test_missing_set_says_where_it_looked_and_what_to_do(name: str, tmp_path: Path) -> None:
    with pytest.raises(DataError) as caught:
        DATASETS[name](tmp_path, False)
    message = str(caught.value)
    for part in (str(tmp_path), "data_root", "AUCSTUDY_DATA", "download: true"):
        assert part in message
    assert "\n" not in message


@pytest.mark.parametrize("folder", [".", "medmnist"])
def test_a_medmnist_set_of_another_size_is_named_where_the_wanted_one_is_missing(
    folder: str, tmp_path: Path
) -> None:
    other = tmp_path / folder / "breastmnist_64.npz"
    write_medmnist("breastmnist", other)
    with pytest.raises(DataError) as caught:
        DATASETS["breastmnist"](tmp_path, False)
    wanted = f"breastmnist is missing (there is {other}, which a study reads by `image_size: 64`)"
    assert str(caught.value).startswith(f"{wanted}: looked for {tmp_path / 'breastmnist.npz'} and")


@pytest.mark.parametrize(
    ("name", "size"),
    [("breastmnist", 64), ("retinamnist", 128), ("pneumoniamnist", 224), ("nodulemnist3d", 64)],
)
def test_a_medmnist_set_of_each_size_is_a_file_of_its_own(
    name: str, size: int, tmp_path: Path
) -> None:
    expected = write_medmnist(name, tmp_path / "medmnist" / f"{name}_{size}.npz", size)
    source = read(name, tmp_path, image_size=size)
    np.testing.assert_array_equal(source.train_images.numpy(), expected.train_images)
    np.testing.assert_array_equal(source.test_images.numpy(), expected.test_images)
    with pytest.raises(DataError, match=rf"{name} is missing .there is .*_{size}.npz"):
        read(name, tmp_path)


@pytest.mark.parametrize(
    ("name", "size", "sizes"),
    [
        ("breastmnist", 32, "28, 64, 128, 224"),
        ("organmnist3d", 128, "28, 64"),
        ("tissuemnist", "64", "28, 64"),
    ],
)
def test_medmnist_has_no_other_sizes(name: str, size: object, sizes: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=f"{name}'s image_size must be one of {sizes}"):
        read(name, tmp_path, image_size=size)


def test_classes_of_medmnist_can_be_named(official: tuple[Path, dict[str, Expected]]) -> None:
    source = DATASETS["breastmnist"](official[0], False)
    assert source.classes == ("malignant", "normal, benign")
    assert sides(source) == (["malignant"], ["normal, benign"])
    disease = chosen(source, positives=["malignant"])
    assert torch.equal(disease.train_labels, 1 - source.train_labels)


def test_other_numbers_of_images_than_the_official_ones_are_noted(
    official: tuple[Path, dict[str, Expected]],
) -> None:
    assert DATASETS["breastmnist"](official[0], False).notes == (
        "breastmnist.npz has 60 + 20 + 24 images, and the official files have 546 + 78 + 156.",
    )


def test_stl10_of_another_size_is_pillow_s(official: tuple[Path, dict[str, Expected]]) -> None:
    source = read("stl10", official[0], image_size=32)
    assert source.train_images.shape == (60, 3, 32, 32)
    for ours, image in zip(source.test_images, official[1]["stl10"].test_images, strict=True):
        photo = Image.fromarray(image.transpose(1, 2, 0))
        theirs = np.asarray(photo.resize((32, 32), Image.Resampling.BILINEAR))
        assert np.abs(ours.permute(1, 2, 0).int().numpy() - theirs).max() <= 1


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"val_labels": None}, "val_labels"),
        ({"train_images": np.zeros((3, 28, 28), np.uint8)}, "for 60 labels"),
        ({"test_images": np.zeros((24, 28, 28), np.float32)}, "uint8 images"),
        ({"test_images": np.zeros((24, 28, 20), np.uint8)}, r"\(24, 28, 20\)"),
        (
            {"train_images": np.zeros((60, 64, 64), np.uint8)},
            "breastmnist.npz must hold the set of 28x28 pixels, .* have 64x64: put the official",
        ),
        (
            {"test_images": np.zeros((24, 64, 64, 3), np.uint8)},
            "28x28 pixels, which is what its name means, and its images have 64x64",
        ),
        ({"train_labels": np.zeros((60, 14), np.uint8)}, r"labels \(N, 1\)"),
        ({"train_labels": np.full((60, 1), 2, np.uint8)}, "0 to 1"),
        ({"train_labels": np.array([object()] * 60)}, "holds object .*only arrays of numbers"),
    ],
)
def test_damaged_npz_is_refused(
    change: dict[str, np.ndarray | None], words: str, tmp_path: Path
) -> None:
    file = tmp_path / "breastmnist.npz"
    write_medmnist("breastmnist", file)
    with np.load(file) as archive:
        arrays = {**archive, **change}
    np.savez(file, allow_pickle=True, **{k: v for k, v in arrays.items() if v is not None})
    with pytest.raises(DataError, match=words):
        DATASETS["breastmnist"](tmp_path, False)


def test_real_cifar10(real_data: Path) -> None:
    source = DATASETS["cifar10"](real_data, False)
    assert source.train_images.shape == (50_000, 3, 32, 32)
    assert source.train_labels.bincount().tolist() == [5_000] * 10
    assert source.test_labels.bincount().tolist() == [1_000] * 10
    assert source.classes == ABOUT["cifar10"].classes
    # The published channel means of the training set.
    sums = source.train_images.sum((0, 2, 3), dtype=torch.int64)
    means = sums / (50_000 * 32 * 32 * 255)
    assert means.tolist() == pytest.approx([0.4914, 0.4822, 0.4465], abs=5e-5)


@pytest.mark.parametrize(
    ("name", "train", "val", "test"),
    [("breastmnist", 546, 78, 156), ("pneumoniamnist", 4708, 524, 624)],
)
def test_real_medmnist(name: str, train: int, val: int, test: int, real_data: Path) -> None:
    source = DATASETS[name](real_data, False)
    assert source.train_images.shape == (train + val, 1, 28, 28)
    assert source.test_images.shape == (test, 1, 28, 28)
    assert source.validation_share == Fraction(val, train + val)
    assert list(source.checksums) == [f"{name}.npz"]
    mirrored = f"{name}.npz does not have the official MD5, {SETS[name].md5[28]}."
    official = md5(next(iter(source.files))) == SETS[name].md5[28]
    assert source.notes == (() if official else (mirrored,))


def source_of(labels: torch.Tensor, n_classes: int = 2) -> Source:
    images = torch.zeros(4, 1, 2, 2, dtype=torch.uint8)
    return Source(images, labels, images, torch.tensor([0, 1, 0, 1]), n_classes)


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        ([-2, 1, -2, 1], "train_labels must be class ids from 0 to 1, not from -2 to 1: number"),
        ([1, 2, 1, 2], "train_labels must be class ids from 0 to 1, not from 1 to 2"),
        ([0.0, 1.0, 0.0, 1.0], r"train_labels must be integers, .*, not torch.float32 of shape"),
        ([[0], [1], [0], [1]], r"one for each of the 4 images, not torch.int64 of shape \(4, 1\)"),
        ([0, 1, 0], r"not torch.int64 of shape \(3,\): give class ids of shape \(4,\)"),
    ],
)
def test_labels_of_ones_own_reader_must_be_class_ids(labels: list[float], message: str) -> None:
    """The values of targets are looked at here and nowhere later."""
    assert source_of(torch.tensor([0, 1, 1, 0])).n_classes == 2
    with pytest.raises(DataError, match=message):
        source_of(torch.tensor(labels))
