"""Melanoma, from small files in Kaggle's layout, and from the real table with drawn images."""

import csv
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from tests.trainables.official_medical import number_of, write_melanoma
from trainables.datasets.cut.imbalance import binary_task
from trainables.datasets.sets.melanoma import read_melanoma
from trainables.datasets.source import Source
from trainables.errors import DataError

SITE = "anatom_site_general_challenge"


def rows(patients: int = 20, each: int = 3) -> list[dict[str, Any]]:
    """Of every other patient one image is malignant."""
    return [
        {
            "image_name": f"ISIC_{patient:04}{number}",
            "patient_id": f"IP_{patient}",
            "sex": "female" if patient % 3 else "",
            "age_approx": "" if patient % 4 == 0 else f"{40 + patient}.0",
            SITE: "torso",
            "target": int(number == 0 and patient % 2),
        }
        for patient in range(patients)
        for number in range(each)
    ]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_melanoma(tmp_path / "siim-isic", rows(), "jpeg/train")
    return tmp_path / "siim-isic"


def read(folder: Path, **options: Any) -> Source:
    return read_melanoma(folder.parent, False, **{"image_size": 4, **options})


def parts(source: Source) -> list[tuple[torch.Tensor, torch.Tensor, torch.Tensor, Any]]:
    """Images, labels, groups and metadata of the training and of the test part."""
    assert source.train_groups is not None
    assert source.test_groups is not None
    assert source.train_metadata is not None
    assert source.test_metadata is not None
    return [
        (
            source.train_images,
            source.train_labels,
            source.train_groups,
            source.train_metadata.columns,
        ),
        (source.test_images, source.test_labels, source.test_groups, source.test_metadata.columns),
    ]


def test_every_row_is_in_one_part_with_its_own_image(folder: Path) -> None:
    source = read(folder)
    seen = []
    for images, labels, groups, known in parts(source):
        numbers = number_of(images.numpy()).tolist()
        listed = [rows()[number] for number in numbers]
        assert labels.tolist() == [row["target"] for row in listed]
        assert known["sex"].tolist() == [row["sex"] for row in listed]
        assert known[SITE].tolist() == [row[SITE] for row in listed]
        ages = [float(row["age_approx"] or "nan") for row in listed]
        np.testing.assert_array_equal(known["age_approx"], ages)
        patients = [row["patient_id"] for row in listed]
        assert len(set(zip(groups.tolist(), patients, strict=True))) == len(set(patients))
        seen += numbers
    assert sorted(seen) == list(range(60))
    assert len(source.test_images) == 12
    assert source.validation_share == Fraction(1, 8)
    assert source.classes == ("benign", "malignant")
    train, test = (set(groups.tolist()) for _, _, groups, _ in parts(source))
    assert not train & test


def test_smaller_copies_lie_in_train(folder: Path) -> None:
    usual = read(folder)
    (folder / "jpeg" / "train").rename(folder / "train")
    assert torch.equal(read(folder).train_images, usual.train_images)


def test_external_images_are_for_training_alone(folder: Path) -> None:
    own = read(folder)
    external = [
        {**row, "image_name": f"E_{number}", "patient_id": ("-1", "", "E_1", "E_1")[number % 4]}
        for number, row in enumerate(rows(4))
    ]
    write_melanoma(folder.parent / "isic-2019", external, "train")
    source = read(folder, external="isic-2019/train.csv")
    assert torch.equal(source.test_images, own.test_images)
    assert len(source.train_images) == len(own.train_images) + 12
    assert source.train_groups is not None
    extra = source.train_groups[-12:].tolist()
    # E_1 is one patient; -1 and nothing are nobody.
    assert len(set(extra)) == 7
    assert not set(extra) & set(source.train_groups[:-12].tolist())
    assert [file.parent.name for file in source.files] == ["siim-isic", "isic-2019"]
    (counts,) = source.notes
    assert counts == (
        "Melanoma (SIIM-ISIC 2020) has 60 images, and the official files have 33,126."
    )


def test_external_images_of_the_test_patients_are_left_out(folder: Path) -> None:
    own = read(folder)
    write_melanoma(
        folder.parent / "again",
        [{**row, "image_name": f"E_{n}"} for n, row in enumerate(rows())],
        "train",
    )
    source = read(folder, external="again/train.csv")
    assert len(source.train_images) == 2 * len(own.train_images)
    left = len(own.test_images)
    assert source.notes[1:] == (
        f"{left} external images show a patient of the test part and were left out.",
    )


def test_an_undecodable_image_stops_or_is_skipped(folder: Path) -> None:
    whole = read(folder)
    names = [row["image_name"] for row in rows()]
    bad = int(number_of(whole.test_images.numpy())[3])
    (folder / "jpeg" / "train" / f"{names[bad]}.jpg").write_bytes(b"")
    with pytest.raises(DataError, match=f"{names[bad]}.jpg .*cannot be decoded"):
        read(folder)
    source = read(folder, undecodable="skip")
    for (images, labels, _, known), part in zip(
        parts(source), (whole.train_images, whole.test_images), strict=True
    ):
        expected = [n for n in number_of(part.numpy()).tolist() if n != bad]
        assert number_of(images.numpy()).tolist() == expected
        assert labels.tolist() == [rows()[n]["target"] for n in expected]
        assert len(known["sex"]) == len(expected)
    assert len(source.notes) == 2


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (",1\r", ",2\r", "must have 0 or 1 in the column 'target', and line 5 has '2'"),
        (",1\r", ",yes\r", "number or nothing in the column 'target', and line 5 has 'yes'"),
        (",1\r", ",\r", "must have 0 or 1 in the column 'target', and line 5 has ''"),
        ("patient_id", "patient", "must have the column 'patient_id' .it has 'patient'"),
        ("ISIC_00000", "ISIC_x", "1 of 60 images that are listed are no files .*ISIC_x.jpg"),
        ("41.0", "1e999", "number or nothing in the column 'age_approx', and line 5 has '1e999'"),
    ],
)
def test_other_tables_are_refused(old: str, new: str, words: str, folder: Path) -> None:
    text = (folder / "train.csv").read_bytes().decode()
    assert old in text
    (folder / "train.csv").write_bytes(text.replace(old, new, 1).encode())
    with pytest.raises(DataError, match=words) as caught:
        read(folder)
    assert "\n" not in str(caught.value)


def test_what_is_missing_is_named(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"external must be a CSV file .*nowhere\.csv is none"):
        read(folder, external="nowhere.csv")
    (folder / "jpeg").rename(folder / "elsewhere")
    with pytest.raises(
        DataError,
        match=r"lacks jpeg/train/\*.jpg or train/\*.jpg \(it needs train.csv and jpeg/train",
    ):
        read(folder)
    with pytest.raises(
        DataError, match=r"2020\) lacks train.csv and jpeg/train.*looked for"
    ) as none:
        read(tmp_path / "nothing" / "here")
    assert "it comes from Kaggle" in str(none.value)


def test_one_patient_with_all_malignant_images_cannot_be_cut(tmp_path: Path) -> None:
    one = [{**row, "target": int(row["patient_id"] == "IP_1")} for row in rows()]
    write_melanoma(tmp_path / "siim-isic", one, "train")
    with pytest.raises(DataError, match=r"one group, number .* holds all positives"):
        read(tmp_path / "siim-isic")


def test_the_real_table_keeps_patients_apart(real_data: Path, tmp_path: Path) -> None:
    file = real_data / "siim-isic" / "train.csv"
    if not file.exists():
        pytest.skip(f"no real table: {file} is missing")
    with file.open(newline="") as stream:
        listed = list(csv.DictReader(stream))
    assert (len(listed), len({row["patient_id"] for row in listed})) == (33_126, 2_056)
    write_melanoma(tmp_path / "siim-isic", listed, "jpeg/train")
    source = read(tmp_path / "siim-isic")
    patients = []
    for images, labels, groups, _ in parts(source):
        rows_there = [listed[number] for number in number_of(images.numpy())]
        assert labels.tolist() == [int(row["target"]) for row in rows_there]
        assert len(groups.unique()) == len({row["patient_id"] for row in rows_there})
        patients.append({row["patient_id"] for row in rows_there})
    assert not patients[0] & patients[1]
    assert len(patients[0] | patients[1]) == 2_056
    assert len(source.test_labels) / 33_126 == pytest.approx(0.2, abs=0.001)
    assert int(source.test_labels.sum()) == pytest.approx(584 / 5, abs=1)
    assert int(source.train_labels.sum() + source.test_labels.sum()) == 584
    assert source.notes == ()
    for seed in (0, 1):
        task = binary_task(source, None, seed, "before")
        train, validation, test = (
            set(groups.tolist())
            for groups in (task.train_groups, task.val_groups, task.test_groups)
            if groups is not None
        )
        assert not train & validation
        assert not (train | validation) & test
        share = len(task.val_targets) / 33_126
        assert share == pytest.approx(0.1, abs=0.01)
