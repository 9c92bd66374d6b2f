"""A folder of one's own: classes by folder, in parts or cut, patients kept apart."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from tests.trainables.datasets.own.pictures import pixels_of, write
from trainables.datasets.cache import read_source
from trainables.datasets.cut.imbalance import binary_task
from trainables.datasets.own.folder import read_folder
from trainables.datasets.source import Source
from trainables.errors import DataError

CLASSES = ("benign", "malignant")


def read(root: Path, **options: Any) -> Source:
    return read_folder(root, False, **{"folder": "photos", **options})


def fill(top: Path, count: int, start: int = 0) -> None:
    """So many pictures a class, numbered over both."""
    for number in range(start, start + 2 * count):
        write(top / CLASSES[number % 2] / f"p{number // 4}_{number}.png", number)


def check(images: torch.Tensor, labels: torch.Tensor, numbers: list[int]) -> None:
    """They are the pictures of these numbers, whose parity is their class."""
    by_pixels = {pixels_of(number).tobytes(): number for number in range(200)}
    found = [by_pixels[image.numpy().tobytes()] for image in images[:, 0]]
    assert sorted(found) == sorted(numbers)
    assert [number % 2 for number in found] == labels.tolist()


def test_classes_are_the_folders_and_a_fifth_is_the_test(tmp_path: Path) -> None:
    fill(tmp_path / "photos", 20)
    (tmp_path / "photos" / "read me.txt").write_text("no image")
    (tmp_path / "photos" / "benign" / "._p0_0.png").write_text("what a Mac leaves behind")
    (tmp_path / "photos" / ".git").mkdir()
    source = read(tmp_path)
    assert source.classes == CLASSES
    assert (len(source.train_labels), len(source.test_labels)) == (32, 8)
    assert source.test_labels.sum() == 4
    assert len(source.files) == 40
    assert source.validation is None
    images = torch.cat([source.train_images, source.test_images])
    check(images, torch.cat([source.train_labels, source.test_labels]), [*range(40)])
    again = read(tmp_path)
    assert torch.equal(again.test_images, source.test_images)
    assert binary_task(source, 0.25, 0, "before").test_targets.sum() == 4


@pytest.mark.parametrize("val", ["val", "valid", "validation"])
def test_its_parts_are_kept(val: str, tmp_path: Path) -> None:
    for part, count, start in (("train", 6, 0), (val, 3, 12), ("test", 4, 18)):
        fill(tmp_path / "photos" / part, count, start)
    source = read(tmp_path)
    check(source.test_images, source.test_labels, [*range(18, 26)])
    assert source.validation is not None
    own = source.validation
    check(source.train_images[own], source.train_labels[own], [*range(12, 18)])
    check(source.train_images[~own], source.train_labels[~own], [*range(12)])


def test_without_a_test_part_it_is_cut_from_the_training_part(tmp_path: Path) -> None:
    fill(tmp_path / "photos" / "train", 10)
    fill(tmp_path / "photos" / "val", 2, start=20)
    source = read(tmp_path)
    assert len(source.test_labels) == 4
    assert source.validation is not None
    assert int(source.validation.sum()) == 4


def test_a_group_is_what_the_expression_finds(tmp_path: Path) -> None:
    fill(tmp_path / "photos", 40)
    source = read(tmp_path, group=r"^(p\d+)_")
    assert source.train_groups is not None
    assert source.test_groups is not None
    assert not {*source.train_groups.tolist()} & {*source.test_groups.tolist()}
    groups = torch.cat([source.train_groups, source.test_groups])
    assert len(groups.unique()) == 20
    assert groups.unique(return_counts=True)[1].tolist() == [4] * 20


def test_folders_below_a_class_belong_to_it(tmp_path: Path) -> None:
    fill(tmp_path / "photos", 10)
    write(tmp_path / "photos" / "benign" / "clinic" / "a" / "x.PNG", 98)
    source = read(tmp_path)
    assert len(source.files) == 21
    assert int((torch.cat([source.train_labels, source.test_labels]) == 0).sum()) == 11


def test_a_path_counts_from_the_data_root_or_is_absolute(tmp_path: Path) -> None:
    fill(tmp_path / "photos", 10)
    elsewhere = read(tmp_path / "other", folder=str(tmp_path / "photos"))
    assert torch.equal(elsewhere.train_images, read(tmp_path).train_images)


@pytest.mark.usefixtures("fresh_cache")
def test_the_spec_s_options_reach_it(tmp_path: Path) -> None:
    fill(tmp_path / "photos", 10)
    options = {"folder": "photos", "image_size": 4, "channels": 3, "positives": ["benign"]}
    source = read_source("folder", tmp_path, data=options)
    assert source.train_images.shape[1:] == (3, 4, 4)
    assert source.classes == ("malignant", "benign")


def test_images_that_cannot_be_decoded_are_named_or_counted(tmp_path: Path) -> None:
    fill(tmp_path / "photos", 10)
    broken = [tmp_path / "photos" / "benign" / f"p{n}_{4 * n}.png" for n in range(5)]
    for file in broken:
        file.write_bytes(file.read_bytes()[:30])
    with pytest.raises(DataError, match=f"^{broken[0]} must be a PNG.*undecodable: skip"):
        read(tmp_path)
    source = read(tmp_path, undecodable="skip")
    assert "5 images of 20 could not be decoded and were skipped" in source.notes[0]
    numbers = [n for n in range(20) if n % 4]
    images = torch.cat([source.train_images, source.test_images])
    check(images, torch.cat([source.train_labels, source.test_labels]), numbers)


def empty_class(top: Path) -> None:
    for file in (top / "malignant").iterdir():
        file.unlink()


def no_class(top: Path) -> None:
    for file in top.glob("*/*.png"):
        file.rename(top / file.name)
    for name in CLASSES:
        (top / name).rmdir()


def one_class(top: Path) -> None:
    empty_class(top)
    (top / "malignant").rmdir()


def in_parts(top: Path) -> None:
    """Of which the test lacks a class."""
    (top / "train").mkdir()
    for name in CLASSES:
        (top / name).rename(top / "train" / name)
    write(top / "test" / "benign" / "a.png", 1)


def gone(top: Path) -> None:
    top.rename(top.with_name("elsewhere"))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (gone, r"the folder 'photos' is missing: looked for .*photos; put it there"),
        (empty_class, r"photos/malignant must hold images \(.png, .*and has none"),
        (no_class, "must hold a folder of images for each class.*and has none"),
        (one_class, r"two or more, and has one \(benign\)"),
        (in_parts, r"photos/test must have the class folders of .*train.*and lacks malignant"),
    ],
)
def test_a_folder_of_another_form_is_refused(change: Any, words: str, tmp_path: Path) -> None:
    fill(tmp_path / "photos", 4)
    change(tmp_path / "photos")
    with pytest.raises(DataError, match=words) as refusal:
        read(tmp_path)
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize(
    ("group", "words"),
    [
        ("(", "group must be a regular expression, and '\\(' is none"),
        ("p", "must have one group in parentheses.*has 0"),
        ("(p)(_)", "must have one group in parentheses.*has 2"),
        (r"^(p1)_", "finds nothing in p0_0.png"),
        (r"(p\d+)_|x", None),
    ],
)
def test_a_group_that_names_nobody_is_refused(
    group: str, words: str | None, tmp_path: Path
) -> None:
    fill(tmp_path / "photos", 10)
    if words is None:
        assert read(tmp_path, group=group).train_groups is not None
    else:
        with pytest.raises(DataError, match=words):
            read(tmp_path, group=group)


def test_the_order_of_files_on_the_disk_is_nothing(tmp_path: Path) -> None:
    for number in np.random.default_rng(0).permutation(20):
        write(tmp_path / "one" / CLASSES[number % 2] / f"{number:02}.png", number)
    for number in range(20):
        write(tmp_path / "two" / CLASSES[number % 2] / f"{number:02}.png", number)
    one, two = (read(tmp_path, folder=name) for name in ("one", "two"))
    assert torch.equal(one.train_images, two.train_images)
    assert torch.equal(one.test_images, two.test_images)
