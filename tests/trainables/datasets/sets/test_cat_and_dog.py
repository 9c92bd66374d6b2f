"""Cat&Dog: which photo goes where, what is refused, and the real photos where they are."""

import shutil
from pathlib import Path
from typing import Literal

import numpy as np
import pytest
import torch
from PIL import Image

from tests.trainables.official_files import Expected
from trainables.datasets import (
    DATASETS,
)
from trainables.datasets.cut.imbalance import binary_targets, counts
from trainables.datasets.sets.cat_and_dog import read_cat_and_dog
from trainables.errors import DataError

TRAIN = Path("cat_and_dog", "train")


@pytest.fixture
def photos(official: tuple[Path, dict[str, Expected]], tmp_path: Path) -> Path:
    """A copy of the small photos, cat.0 to dog.14, to be damaged."""
    return Path(shutil.copytree(official[0] / TRAIN, tmp_path / TRAIN))


@pytest.fixture
def real_photos(real_data: Path) -> Path:
    folder = real_data / TRAIN
    if not folder.exists():
        pytest.skip(f"no real photos: {folder} is missing")
    return folder


def save(file: Path, width: int, height: int, colour: tuple[int, int, int] = (0, 0, 0)) -> None:
    Image.new("RGB", (width, height), colour).save(file, quality=100)


def refusal(photos: Path) -> str:
    with pytest.raises(DataError) as caught:
        DATASETS["cat_and_dog"](photos.parents[1], False)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_photos_come_by_number_and_cats_before_dogs(photos: Path) -> None:
    """One colour a photo that tells its number and kind, of which JPEG changes little."""
    for number in range(15):
        save(photos / f"cat.{number}.jpg", 8, 8, (255, 0, 10 * number))
        save(photos / f"dog.{number}.jpg", 8, 8, (0, 255, 10 * number))
    source = DATASETS["cat_and_dog"](photos.parents[1], False)

    def told(images: torch.Tensor) -> list[tuple[int, int]]:
        means = images.double().mean((2, 3))
        kinds = (means[:, 1] > means[:, 0]).long()
        return list(zip(kinds.tolist(), (means[:, 2] / 10).round().long().tolist(), strict=True))

    assert told(source.train_images) == [(kind, n) for kind in (0, 1) for n in range(12)]
    assert told(source.test_images) == [(kind, n) for kind in (0, 1) for n in range(12, 15)]
    assert source.train_labels.tolist() == [0] * 12 + [1] * 12
    assert source.test_labels.tolist() == [0] * 3 + [1] * 3
    assert torch.equal(binary_targets(source.test_labels, 2), source.test_labels.float())
    assert source.augmentation == "crop_flip"


@pytest.mark.parametrize(
    ("lacking", "words"),
    [
        (["dog.3.jpg"], "lacks 1 of 30 photos (dog.3.jpg): looked for"),
        (
            [f"cat.{n}.jpg" for n in range(9, 15)],
            "lacks 6 of 30 photos (cat.9.jpg, cat.10.jpg, cat.11.jpg, ...): looked for",
        ),
    ],
)
def test_missing_photos_are_named_and_counted(lacking: list[str], words: str, photos: Path) -> None:
    for name in lacking:
        (photos / name).unlink()
    said = refusal(photos)
    assert words in said
    assert str(photos) in said


def test_download_is_said_to_be_of_no_help(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"lacks 25,000 of 25,000 .*cannot fetch it, since Kaggle"):
        DATASETS["cat_and_dog"](tmp_path, True)


@pytest.mark.parametrize(
    ("name", "size", "words"),
    [
        ("cat.0.jpg", (40, 30), "has 40x30 pixels: set image_size"),
        ("cat.0.jpg", (20, 20), "has 24x24 pixels, the first photo 20x20: set image_size"),
        ("dog.14.jpg", (30, 30), "has 30x30 pixels, the first photo 24x24: set image_size"),
        ("dog.0.jpg", (24, 20), "has 24x20 pixels, the first photo 24x24: set image_size"),
    ],
)
def test_photos_of_other_sizes_are_refused(
    name: str, size: tuple[int, int], words: str, photos: Path
) -> None:
    save(photos / name, *size)
    said = refusal(photos)
    assert "must be squares of one size" in said
    assert words in said
    assert str(photos / (name if size != (20, 20) else "cat.1.jpg")) in said


def test_another_format_under_the_name_is_refused(photos: Path) -> None:
    Image.new("RGB", (24, 24)).save(photos / "dog.7.jpg", format="PNG")
    said = refusal(photos)
    assert f"{photos / 'dog.7.jpg'} must be a JPEG photo" in said
    assert "replace the file" in said


def test_a_name_that_leads_nowhere_is_refused(photos: Path) -> None:
    file = photos / "cat.5.jpg"
    file.unlink()
    file.symlink_to("nowhere")
    assert f"{file} must be a JPEG photo" in refusal(photos)


def test_one_checksum_notices_any_change(photos: Path) -> None:
    def checksums() -> dict[str, str]:
        return DATASETS["cat_and_dog"](photos.parents[1], False).checksums

    began = checksums()
    assert list(began) == ["train (30 photos)"]
    assert checksums() == began
    for file in sorted(photos.iterdir()):
        content = file.read_bytes()
        file.write_bytes(content + b"\0")
        assert checksums() != began
        file.write_bytes(content)
    one, two = (photos / f"cat.{n}.jpg" for n in (1, 2))
    contents = one.read_bytes(), two.read_bytes()
    two.write_bytes(contents[0])
    one.write_bytes(contents[1])
    assert checksums() != began


def test_photos_of_any_size_become_squares_of_one(photos: Path) -> None:
    """Photos as Kaggle gives them: red left of the middle, green right of it."""
    draw = np.random.default_rng(0)
    for number in range(15):
        for kind in ("cat", "dog"):
            width, height = draw.integers(60, 200, 2).tolist()
            photo = Image.new("RGB", (width, height), (255, 0, 0))
            photo.paste((0, 255, 0), (width // 2, 0, width, height))
            photo.save(photos / f"{kind}.{number}.jpg", quality=95, subsampling=0)
    (photos / "dog.2.jpg").write_bytes((photos / "dog.3.jpg").read_bytes())
    resizes: tuple[Literal["crop", "squash"], ...] = ("crop", "squash")
    for resize in resizes:
        source = read_cat_and_dog(photos.parents[1], False, image_size=32, resize=resize)
        assert source.train_images.shape == (24, 3, 32, 32)
        assert source.test_images.shape == (6, 3, 32, 32)
        for images in (source.train_images, source.test_images):
            red, green, _ = images.double().mean(2).unbind(1)
            assert (red[:, :14] > 200).all()
            assert (green[:, 18:] > 200).all()
        assert torch.equal(source.train_images[14], source.train_images[15])
        assert len(source.files) == 30
    with pytest.raises(DataError, match="resize must be crop"):
        read_cat_and_dog(photos.parents[1], False, image_size=32, resize="fit")  # type: ignore[arg-type]
    (photos / "cat.7.jpg").write_bytes(b"")
    with pytest.raises(DataError, match=r"cat\.7\.jpg .*cannot be decoded"):
        read_cat_and_dog(photos.parents[1], False, image_size=32)


def test_real_photos(real_photos: Path) -> None:
    source = DATASETS["cat_and_dog"](real_photos.parents[1], False)
    side = source.train_images.shape[2]
    assert source.train_images.shape == (20_000, 3, side, side)
    assert source.test_images.shape == (5_000, 3, side, side)
    assert source.train_labels.bincount().tolist() == [10_000, 10_000]
    assert source.test_labels.bincount().tolist() == [2_500, 2_500]
    for images, row, name in (
        (source.train_images, 0, "cat.0"),
        (source.train_images, 9_999, "cat.9999"),
        (source.train_images, 10_002, "dog.2"),
        (source.test_images, 0, "cat.10000"),
        (source.test_images, 4_999, "dog.12499"),
    ):
        with Image.open(real_photos / f"{name}.jpg") as photo:
            pixels = np.asarray(photo.convert("RGB"))
        np.testing.assert_array_equal(images[row].permute(1, 2, 0).numpy(), pixels)
    labels, share = source.train_labels, source.validation_share
    assert counts(labels, 2, None, "before", share) == (9_500, 9_500, 500, 500)
