"""ISIC 2024, from a small HDF5 file of JPEGs and the table beside it, as Kaggle has them."""

from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from tests.trainables.official_medical import number_of, write_isic2024
from trainables.datasets.sets.isic2024 import read_isic2024
from trainables.datasets.source import Source
from trainables.errors import DataError

ROWS: list[dict[str, Any]] = [
    {
        "isic_id": f"ISIC_{number:07}",
        "target": int(number % 10 == 3),
        "patient_id": f"IP_{number // 4}",
        "age_approx": 50 + number if number % 5 else "",
        "sex": "male" if number % 2 else "",
        "anatom_site_general": "posterior torso",
    }
    for number in range(80)
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_isic2024(tmp_path, ROWS)


def read(folder: Path, **options: Any) -> Source:
    return read_isic2024(folder.parent, False, image_size=4, **options)


def test_every_row_is_in_one_part_with_its_own_image(folder: Path) -> None:
    source = read(folder)
    assert source.train_groups is not None
    assert source.test_groups is not None
    assert source.train_metadata is not None
    train, test = (number_of(each.numpy()) for each in (source.train_images, source.test_images))
    assert sorted([*train, *test]) == list(range(80))
    assert source.train_labels.tolist() == [ROWS[number]["target"] for number in train]
    assert source.test_labels.tolist() == [ROWS[number]["target"] for number in test]
    assert source.train_metadata.columns["sex"].tolist() == [
        ROWS[number]["sex"] for number in train
    ]
    ages = [float(ROWS[number]["age_approx"] or "nan") for number in train]
    np.testing.assert_array_equal(source.train_metadata.columns["age_approx"], ages)
    assert not set(train // 4) & set(test // 4)
    assert 12 <= len(test) <= 20
    pairs = set(zip(source.train_groups.tolist(), train // 4, strict=True))
    assert len(pairs) == len(set(train // 4))
    assert source.classes == ("benign", "malignant")


def test_an_image_that_is_listed_and_absent_is_named(folder: Path) -> None:
    with h5py.File(folder / "train-image.hdf5", "a") as content:
        del content["ISIC_0000007"]
    with pytest.raises(DataError, match=r"must hold every image that train-meta.*_0000007 is not"):
        read(folder, undecodable="skip")


def test_an_undecodable_image_stops_or_is_skipped(folder: Path) -> None:
    with h5py.File(folder / "train-image.hdf5", "a") as content:
        del content["ISIC_0000007"]
        content["ISIC_0000007"] = np.void(b"no image")
    with pytest.raises(DataError, match=r"train-image\.hdf5:ISIC_0000007 .*cannot be decoded"):
        read(folder)
    source = read(folder, undecodable="skip")
    both = np.concatenate([source.train_images, source.test_images])
    assert sorted(number_of(both)) == [number for number in range(80) if number != 7]
    assert len(source.notes) == 2


def test_a_truncated_file_is_refused(folder: Path) -> None:
    file = folder / "train-image.hdf5"
    content = file.read_bytes()
    for length in (0, 100, len(content) // 2, len(content) - 1):
        file.write_bytes(content[:length])
        with pytest.raises(DataError, match="must be a whole HDF5 file, but reading its") as caught:
            read(folder)
        assert str(file) in str(caught.value)
        assert "\n" not in str(caught.value)


def test_a_missing_file_is_named_with_the_layout(folder: Path) -> None:
    (folder / "train-metadata.csv").unlink()
    with pytest.raises(
        DataError, match=r"lacks train-metadata\.csv \(it needs train-image\.hdf5 and"
    ):
        read(folder)
