"""PatchCamelyon, from small h5 files in the official layout."""

from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import torch
from PIL import Image

from tests.trainables.official_medical import write_pcam
from trainables.datasets import (
    DATASETS,
)
from trainables.datasets.cut.imbalance import binary_task
from trainables.datasets.sets import (
    pcam,
)
from trainables.errors import DataError

COUNTS = {"train": 12, "valid": 6, "test": 8}
X = "pcam/camelyonpatch_level_2_split_{}_x.h5"
Y = "pcam/camelyonpatch_level_2_split_{}_y.h5"


@pytest.fixture
def written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    monkeypatch.setattr(pcam, "IMAGES", COUNTS)
    return write_pcam(tmp_path, COUNTS)


def refusal(root: Path) -> str:
    with pytest.raises(DataError) as caught:
        DATASETS["pcam"](root, False)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_parts_are_the_official_ones(written: dict[str, Any], tmp_path: Path) -> None:
    source = DATASETS["pcam"](tmp_path, False)
    images = np.concatenate([written["train"][0], written["valid"][0]])
    np.testing.assert_array_equal(source.train_images.numpy(), images)
    np.testing.assert_array_equal(source.test_images.numpy(), written["test"][0])
    labels = np.concatenate([written["train"][1], written["valid"][1]])
    np.testing.assert_array_equal(source.train_labels.numpy(), labels)
    np.testing.assert_array_equal(source.test_labels.numpy(), written["test"][1])
    assert source.validation is not None
    assert source.validation.tolist() == [False] * 12 + [True] * 6
    assert source.classes == ("normal", "tumour")
    assert len(source.files) == 6


@pytest.mark.usefixtures("written")
def test_validation_is_the_official_part_for_every_seed(tmp_path: Path) -> None:
    source = DATASETS["pcam"](tmp_path, False)
    for seed in range(3):
        task = binary_task(source, 0.25, seed, "before")
        assert torch.equal(task.val_targets, source.train_labels[12:].float())
        assert sorted(task.train_targets.tolist()) == [0.0] * 6 + [1.0] * 2
        (validation,) = task.val_images.split(6)
        assert torch.equal(validation, source.train_images[12:])


def test_patches_of_another_size_are_pillow_s(written: dict[str, Any], tmp_path: Path) -> None:
    source = DATASETS["pcam"](tmp_path, False, image_size=32)
    assert source.train_images.shape == (18, 3, 32, 32)
    for ours, patch in zip(source.test_images.numpy(), written["test"][0], strict=True):
        photo = Image.fromarray(patch.transpose(1, 2, 0))
        theirs = np.asarray(photo.resize((32, 32), Image.Resampling.BILINEAR))
        assert np.abs(ours.transpose(1, 2, 0).astype(int) - theirs.astype(int)).max() <= 1


@pytest.mark.usefixtures("written")
@pytest.mark.parametrize("name", [X.format("train"), Y.format("valid")])
def test_a_missing_file_is_named_with_the_layout(name: str, tmp_path: Path) -> None:
    (tmp_path / name).unlink()
    said = refusal(tmp_path)
    assert said.startswith(f"PatchCamelyon lacks {Path(name).name} (it needs camelyonpatch_level_2")
    assert f"looked for {tmp_path / 'pcam'} and {tmp_path / 'patchcamelyon'}; put it" in said
    assert "`download: true` cannot fetch it: it comes from Zenodo" in said


@pytest.mark.usefixtures("written")
@pytest.mark.parametrize("name", [X.format("train"), X.format("test"), Y.format("train")])
def test_a_truncated_file_is_refused(name: str, tmp_path: Path) -> None:
    file = tmp_path / name
    content = file.read_bytes()
    for length in (0, 7, len(content) // 2, len(content) - 1):
        file.write_bytes(content[:length])
        said = refusal(tmp_path)
        assert f"{file} must be a whole HDF5 file, but reading its {length:,} bytes failed" in said


@pytest.mark.usefixtures("written")
@pytest.mark.parametrize(
    ("name", "key", "array", "words"),
    [
        (X.format("test"), "x", np.zeros((7, 96, 96, 3), np.uint8), "it has uint8 (7, 96, 96, 3)"),
        (X.format("test"), "x", np.zeros((8, 96, 96, 3), np.float32), "it has float32 (8, 96"),
        (X.format("train"), "pixels", np.zeros(3, np.uint8), "must be a whole HDF5 file"),
        (Y.format("test"), "y", np.full((8, 1, 1, 1), 2, np.uint8), "with y of 0 and 1, (8, 1"),
        (Y.format("test"), "y", np.zeros(8, np.uint8), "it has uint8 (8,): fetch it again"),
    ],
)
def test_another_content_is_refused(
    name: str, key: str, array: np.ndarray, words: str, tmp_path: Path
) -> None:
    with h5py.File(tmp_path / name, "w") as content:
        content[key] = array
    said = refusal(tmp_path)
    assert words in said
    assert str(tmp_path / name) in said


@pytest.mark.usefixtures("written")
@pytest.mark.parametrize("size", [0, -1, 1.5, "64", True])
def test_a_size_is_a_whole_number(size: object, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="image_size must be a whole number of at least 1, not"):
        DATASETS["pcam"](tmp_path, False, image_size=size)
