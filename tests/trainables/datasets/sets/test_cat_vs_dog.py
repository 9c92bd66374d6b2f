"""Cat&Dog as LibAUC has it: two .npy files."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from trainables.datasets.sets import (
    cat_vs_dog,
)
from trainables.datasets.sets.cat_vs_dog import read_cat_vs_dog
from trainables.errors import DataError

Arrays = tuple[NDArray[np.uint8], NDArray[np.int64]]


@pytest.fixture
def written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Arrays:
    monkeypatch.setattr(cat_vs_dog, "TEST", 8)
    photos = np.random.default_rng(0).integers(0, 256, (40, 10, 10, 3), dtype=np.uint8)
    labels = np.arange(40) // 2 % 2
    write(tmp_path, photos, labels)
    return photos, labels


def write(root: Path, photos: NDArray[np.generic], labels: NDArray[np.generic]) -> None:
    folder = root / "cat_vs_dog"
    folder.mkdir(exist_ok=True)
    np.save(folder / "cat_vs_dog_data.npy", photos, allow_pickle=True)
    np.save(folder / "cat_vs_dog_label.npy", labels, allow_pickle=True)


@pytest.mark.parametrize("shape", [(40,), (40, 1)])
def test_the_last_photos_are_the_test_part(
    shape: tuple[int, ...], written: Arrays, tmp_path: Path
) -> None:
    photos, labels = written
    write(tmp_path, photos, labels.reshape(shape).astype(np.float64))
    source = read_cat_vs_dog(tmp_path, False)
    channels_first = photos.transpose(0, 3, 1, 2)
    np.testing.assert_array_equal(source.train_images.numpy(), channels_first[:32])
    np.testing.assert_array_equal(source.test_images.numpy(), channels_first[32:])
    assert source.train_labels.tolist() == labels[:32].tolist()
    assert source.test_labels.tolist() == labels[32:].tolist()


@pytest.mark.usefixtures("written")
def test_another_size(tmp_path: Path) -> None:
    source = read_cat_vs_dog(tmp_path, False, image_size=6)
    assert source.train_images.shape == (32, 3, 6, 6)
    assert source.test_images.shape == (8, 3, 6, 6)


@pytest.mark.usefixtures("written")
@pytest.mark.parametrize("name", ["data", "label"])
def test_missing_and_truncated_files_are_named(name: str, tmp_path: Path) -> None:
    file = tmp_path / "cat_vs_dog" / f"cat_vs_dog_{name}.npy"
    content = file.read_bytes()
    for length in (0, 20, len(content) - 1):
        file.write_bytes(content[:length])
        with pytest.raises(DataError, match=r"must be a whole \.npy file, but reading") as caught:
            read_cat_vs_dog(tmp_path, False)
        assert str(file) in str(caught.value)
    file.unlink()
    with pytest.raises(DataError, match=rf"Dog \(LibAUC\) lacks {file.name} \(it needs cat_vs"):
        read_cat_vs_dog(tmp_path, False)


@pytest.mark.parametrize(
    ("photos", "labels", "words"),
    [
        (np.zeros((40, 10, 10, 3)), np.zeros(40, int), "must hold uint8 photos .* not float64"),
        (np.zeros((40, 10, 9, 3), np.uint8), np.zeros(40, int), r"not uint8 \(40, 10, 9, 3\)"),
        (np.zeros((8, 10, 10, 3), np.uint8), np.zeros(8, int), "more than 8, not uint8"),
        (np.zeros((40, 10, 10, 3), np.uint8), np.zeros(39, int), "0 or 1 for each of 40 photos"),
        (np.zeros((40, 10, 10, 3), np.uint8), np.full(40, 2), "0 or 1 for each of 40 photos"),
    ],
)
@pytest.mark.usefixtures("written")
def test_other_arrays_are_refused(
    photos: NDArray[np.generic], labels: NDArray[np.generic], words: str, tmp_path: Path
) -> None:
    write(tmp_path, photos, labels)
    with pytest.raises(DataError, match=words):
        read_cat_vs_dog(tmp_path, False)
