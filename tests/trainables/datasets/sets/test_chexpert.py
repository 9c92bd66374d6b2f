"""CheXpert, from small files in the official layout."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from tests.trainables.official_medical import write_chexpert
from trainables.datasets.cut.imbalance import binary_task
from trainables.datasets.sets.chexpert import COMPETITION, LABELS, read_chexpert
from trainables.datasets.source import Source
from trainables.errors import DataError

EDEMA, LESION = LABELS.index("Edema"), LABELS.index("Lung Lesion")

TRAIN: list[dict[str, Any]] = [
    {"patient": 1, "grey": 10, "Edema": "1.0", "Cardiomegaly": "-1.0", "Sex": "Male", "Age": 61},
    {"patient": 1, "grey": 20, "Edema": "0.0", "Consolidation": "1.0", "Sex": "Male", "Age": 61},
    {"patient": 1, "grey": 0, "Edema": "1.0", "Frontal/Lateral": "Lateral"},
    {"patient": 2, "grey": 30, "Edema": "-1.0", "Lung Lesion": "1.0", "Sex": "Unknown", "Age": ""},
    {"patient": 7, "grey": 40, "Atelectasis": "-1.0", "Pleural Effusion": "1.0"},
]
VALID: list[dict[str, Any]] = [
    {"patient": 64541, "grey": 50, "Edema": "1.0", "Cardiomegaly": "0.0"},
    {"patient": 64542, "grey": 60, "Edema": "0.0", "Pleural Effusion": "1.0", "Age": 20},
    {"patient": 64542, "grey": 0, "Frontal/Lateral": "Lateral"},
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_chexpert(tmp_path, {"train": TRAIN, "valid": VALID})


def read(folder: Path, **options: Any) -> Source:
    return read_chexpert(folder.parent, False, image_size=8, **options)


def columns(source: Source, *names: str) -> torch.Tensor:
    return source.train_labels[:, [source.labels.index(name) for name in names]]


def test_frontal_images_stand_beside_their_labels(folder: Path) -> None:
    source = read(folder)
    assert source.labels == COMPETITION
    assert source.train_images.shape == (4, 1, 8, 8)
    greys = source.train_images.double().mean((1, 2, 3)).round().tolist()
    assert greys == [10, 20, 30, 40]
    assert source.test_images.double().mean((1, 2, 3)).round().tolist() == [50, 60]
    nan = np.nan
    # Cardiomegaly, Edema, Consolidation, Atelectasis, Pleural Effusion; a blank is a 0.
    train = [[nan, 1, 0, 0, 0], [0, 0, 1, 0, 0], [0, nan, 0, 0, 0], [0, 0, 0, nan, 1]]
    np.testing.assert_array_equal(source.train_labels.numpy(), train)
    np.testing.assert_array_equal(source.test_labels, [[0, 1, 0, 0, 0], [0, 0, 0, 0, 1]])
    assert source.train_labels.dtype == torch.float32
    assert [file.name for file in source.files] == ["train.csv", "valid.csv"]


def test_images_of_a_patient_are_one_group(folder: Path) -> None:
    source = read(folder)
    assert source.train_groups is not None
    assert source.test_groups is not None
    one, two, three, four = source.train_groups.tolist()
    assert one == two
    assert len({one, three, four, *source.test_groups.tolist()}) == 5


def test_age_and_sex_are_metadata(folder: Path) -> None:
    source = read(folder)
    assert source.train_metadata is not None
    assert source.test_metadata is not None
    known = source.train_metadata.columns
    assert known["Sex"].tolist() == ["Male", "Male", "", "Female"]
    np.testing.assert_array_equal(known["Age"], [61, 61, np.nan, 50])
    np.testing.assert_array_equal(source.test_metadata.columns["Age"], [50, 20])


@pytest.mark.parametrize("uncertain", ["ignore", "smooth"])
def test_a_task_of_five_labels_keeps_patients_apart(uncertain: str, tmp_path: Path) -> None:
    draw = np.random.default_rng(0)
    values = ("1.0", "0.0", "", "-1.0")
    parts = {
        part: [
            {"patient": first + number // 3, "grey": number % 200}
            | {name: str(draw.choice(values)) for name in LABELS}
            for number in range(count)
        ]
        for part, first, count in (("train", 1, 90), ("valid", 900, 30))
    }
    source = read(write_chexpert(tmp_path, parts), uncertain=uncertain)
    task = binary_task(source, None, 0, "before")
    assert task.labels == COMPETITION
    assert task.train_groups is not None
    assert task.val_groups is not None
    assert not set(task.train_groups.tolist()) & set(task.val_groups.tolist())
    assert len(task.train_targets) + len(task.val_targets) == 90
    assert set(task.val_targets[~task.val_targets.isnan()].tolist()) == {0.0, 1.0}
    soft = (task.train_targets > 0) & (task.train_targets < 1)
    assert bool(soft.any()) == (uncertain == "smooth")
    assert bool(task.train_targets.isnan().any()) == (uncertain == "ignore")


@pytest.mark.parametrize(
    ("uncertain", "edema", "atelectasis"),
    [
        ("zeros", 0, 0),
        ("ones", 1, 1),
        ("ignore", np.nan, np.nan),
        ({"Edema": "ones"}, 1, np.nan),
        ({"Edema": "zeros", "Atelectasis": "ones"}, 0, 1),
    ],
)
def test_an_uncertain_label_is_what_the_policy_says(
    uncertain: Any, edema: float, atelectasis: float, folder: Path
) -> None:
    known = columns(read(folder, uncertain=uncertain), "Edema", "Atelectasis").numpy()
    expected = [[1, 0], [0, 0], [edema, 0], [0, atelectasis]]
    np.testing.assert_array_equal(known, expected)


def test_smooth_draws_near_one_and_always_the_same(folder: Path) -> None:
    first, again = (read(folder, uncertain="smooth").train_labels for _ in range(2))
    assert torch.equal(first, again)
    uncertain = first[(first > 0) & (first < 1)]
    assert len(uncertain) == 3
    assert len(uncertain.unique()) == 3
    assert ((uncertain >= 0.55) & (uncertain <= 0.85)).all()


def test_an_uncertain_label_of_the_test_part_is_missing(tmp_path: Path) -> None:
    valid = [{**VALID[0], "Consolidation": "-1.0"}, VALID[1]]
    folder = write_chexpert(tmp_path, {"train": TRAIN, "valid": valid})
    for policy in ("ones", "smooth"):
        labels = read(folder, uncertain=policy).test_labels
        assert labels.isnan().sum() == 1
        assert labels[0, COMPETITION.index("Consolidation")].isnan()


def test_any_labels_in_any_order(folder: Path) -> None:
    assert read(folder, labels=LABELS).train_labels.shape == (4, 14)
    two = read(folder, labels=["Lung Lesion", "Edema"])
    assert two.labels == ("Lung Lesion", "Edema")
    np.testing.assert_array_equal(two.test_labels, [[0, 1], [0, 0]])


@pytest.mark.parametrize("labels", ["Edema", ["Edema"]])
def test_one_label_gives_classes(labels: str | list[str], folder: Path) -> None:
    source = read(folder, labels=labels)
    assert source.train_labels.tolist() == [1, 0, -1, 0]
    assert source.classes == ("no Edema", "Edema")
    assert source.labels == ()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (
            {"uncertain": "maybe"},
            "one of zeros, ones, smooth, ignore, or one of them by label, not",
        ),
        ({"uncertain": ["ones"]}, "uncertain must be one of"),
        ({"uncertain": {"Edema": "no"}}, "uncertain must be one of"),
        ({"uncertain": {"Oedema": "ones"}}, "said of CheXpert's labels, .*'Oedema' is none"),
        ({"labels": ["Oedema"]}, "and 'Oedema' is none .did you mean 'Edema'"),
    ],
)
def test_options_are_looked_at(options: dict[str, Any], words: str, folder: Path) -> None:
    with pytest.raises(DataError, match=words):
        read(folder, **options)


def test_a_missing_file_is_named_with_the_layout(folder: Path) -> None:
    (folder / "valid.csv").unlink()
    with pytest.raises(DataError) as caught:
        read(folder)
    said = str(caught.value)
    assert said.startswith("CheXpert lacks valid.csv (it needs train.csv, valid.csv, train/* and")
    assert str(folder) in said
    assert "it comes from Stanford" in said


def test_an_image_that_is_listed_and_absent_is_named(folder: Path) -> None:
    image = next(folder.glob("train/patient00002/*/*.jpg"))
    image.unlink()
    with pytest.raises(DataError, match=r"1 of 6 images .*are no files") as caught:
        read(folder)
    assert str(image) in str(caught.value)


def test_an_undecodable_image_stops_or_is_skipped(folder: Path) -> None:
    image = next(folder.glob("train/patient00002/*/*.jpg"))
    image.write_bytes(b"no image")
    with pytest.raises(DataError, match="cannot be decoded") as caught:
        read(folder)
    assert str(image) in str(caught.value)
    source = read(folder, undecodable="skip")
    assert source.train_images.double().mean((1, 2, 3)).round().tolist() == [10, 20, 40]
    assert source.train_labels[:, COMPETITION.index("Pleural Effusion")].tolist() == [0, 0, 1]
    assert source.train_groups is not None
    assert len(source.train_groups) == 3
    assert len(source.notes) == 2


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (
            "Edema",
            "Oedema",
            "must have the column 'Edema' .it has 'Oedema'.*take the official file",
        ),
        ("Frontal,,1", "Frontal,,7", "must have 1, 0, -1 or nothing as labels, and one is 7"),
        (",61,", ",old,", "number or nothing in the column 'Age', and line 2 has 'old'"),
        ("patient00007", "someone", "a folder patientNNNNN, and .* has none"),
        ("Frontal,", "AP,", "must have frontal images, and no row says 'Frontal'"),
    ],
)
def test_other_columns_are_refused(old: str, new: str, words: str, tmp_path: Path) -> None:
    train = [{**TRAIN[0], "No Finding": "1.0"}, *TRAIN[1:]]
    folder = write_chexpert(tmp_path, {"train": train, "valid": VALID})
    text = (folder / "train.csv").read_text()
    assert old in text
    (folder / "train.csv").write_text(text.replace(old, new))
    if new == "someone":
        (folder / "train" / old).rename(folder / "train" / new)
    with pytest.raises(DataError, match=words) as caught:
        read(folder)
    assert "\n" not in str(caught.value)
