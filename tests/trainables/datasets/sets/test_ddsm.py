"""DDSM+, from small TFRecord and .npy files in the layout of their author."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from tests.trainables.official_medical import example, write_ddsm, write_tfrecord
from trainables.datasets.choice import chosen, sides
from trainables.datasets.cut.imbalance import binary_task
from trainables.datasets.sets.ddsm import read_ddsm
from trainables.errors import DataError

SECOND = Path("ddsm", "training10_1", "training10_1.tfrecords")


@pytest.fixture
def written(tmp_path: Path) -> dict[str, Any]:
    return write_ddsm(tmp_path)


def test_the_test_part_has_masses_and_calcifications(
    written: dict[str, Any], tmp_path: Path
) -> None:
    source = read_ddsm(tmp_path, False)
    images, labels = written["train"]
    np.testing.assert_array_equal(source.train_images.numpy(), images)
    np.testing.assert_array_equal(source.train_labels.numpy(), labels)
    images, labels = (
        np.concatenate(each) for each in zip(written["test10"], written["cv10"], strict=True)
    )
    np.testing.assert_array_equal(source.test_images.numpy(), images)
    np.testing.assert_array_equal(source.test_labels.numpy(), labels)
    assert set(source.test_labels.tolist()) == {0, 1, 2, 3, 4}
    assert len(source.files) == 9
    assert source.notes == (
        "DDSM+ has 20 + 13 images, and the official files have 55,890 + 15,364.",
    )


@pytest.mark.usefixtures("written")
def test_findings_are_positive_unless_the_user_says_malignant_ones(tmp_path: Path) -> None:
    source = read_ddsm(tmp_path, False)
    negative, positive = sides(chosen(source))
    assert negative == ["negative"]
    assert positive == [" or ".join(source.classes[1:])]
    labels = source.train_labels
    assert torch.equal(chosen(source).train_labels, (labels > 0).long())
    malignant = chosen(source, positives=["malignant mass", "malignant calcification"])
    assert torch.equal(malignant.train_labels, (labels > 2).long())
    task = binary_task(malignant, None, 0, "before")
    assert sorted(task.test_targets.tolist()) == [0.0] * 9 + [1.0] * 4


def test_pieces_of_another_size(written: dict[str, Any], tmp_path: Path) -> None:
    source = read_ddsm(tmp_path, False, image_size=64)
    assert source.train_images.shape == (20, 1, 64, 64)
    assert source.test_images.shape == (13, 1, 64, 64)
    whole = written["train"][0].mean((1, 2, 3))
    np.testing.assert_allclose(source.train_images.double().mean((1, 2, 3)), whole, atol=0.5)


@pytest.mark.usefixtures("written")
@pytest.mark.parametrize(
    "name", [SECOND, Path("ddsm/cv10_data/cv10_data.npy"), Path("ddsm/test10_labels.npy")]
)
def test_missing_and_truncated_files_are_named(name: Path, tmp_path: Path) -> None:
    file = tmp_path / name
    content = file.read_bytes()
    for length in (0, 9, len(content) // 2 + 1, len(content) - 1):
        file.write_bytes(content[:length])
        with pytest.raises(DataError, match="fetch it again") as caught:
            read_ddsm(tmp_path, False)
        assert str(file) in str(caught.value)
        assert "\n" not in str(caught.value)
    file.unlink()
    with pytest.raises(
        DataError, match=r"DDSM\+ lacks .*it needs training10_N/.*looked for"
    ) as none:
        read_ddsm(tmp_path, False)
    assert f"lacks {name.relative_to('ddsm')} (it needs" in str(none.value)


@pytest.mark.usefixtures("written")
@pytest.mark.parametrize(
    "features",
    [
        {"image": [bytes(299 * 299)], "label": [5]},
        {"image": [bytes(299 * 298)], "label": [1]},
        {"image": [bytes(299 * 299)]},
        {"image": [bytes(299 * 299)] * 2, "label": [1]},
        {"label": [1]},
    ],
)
def test_other_examples_are_refused(features: dict[str, Any], tmp_path: Path) -> None:
    sound: dict[str, Any] = {"image": [bytes(299 * 299)], "label": [1]}
    write_tfrecord(tmp_path / SECOND, [example(sound), example(features)])
    with pytest.raises(DataError, match="label from 0 to 4 and an image of 299x299 bytes, and exa"):
        read_ddsm(tmp_path, False)


@pytest.mark.usefixtures("written")
@pytest.mark.parametrize(
    ("name", "array", "words"),
    [
        ("cv10_data/cv10_data.npy", np.zeros((7, 299, 299, 1)), "must hold uint8 images"),
        ("cv10_data/cv10_data.npy", np.zeros((7, 64, 64, 1), np.uint8), "must hold uint8 images"),
        ("cv10_labels.npy", np.zeros(8, int), "a label from 0 to 4 for each of 7 images, not int"),
        ("cv10_labels.npy", np.full(7, 5), "a label from 0 to 4"),
        ("cv10_labels.npy", np.array([None] * 7), "must be a whole .npy file"),
    ],
)
def test_other_arrays_are_refused(name: str, array: np.ndarray, words: str, tmp_path: Path) -> None:
    np.save(tmp_path / "ddsm" / name, array, allow_pickle=True)
    with pytest.raises(DataError, match=words):
        read_ddsm(tmp_path, False)
