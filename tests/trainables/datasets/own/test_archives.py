"""Arrays of one's own in an .npz or an HDF5 file: two or three dimensions, in parts or cut."""

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from trainables.datasets.cache import read_source
from trainables.datasets.cut.imbalance import binary_task
from trainables.datasets.own.hdf5 import read_hdf5
from trainables.datasets.own.npz import read_npz
from trainables.datasets.source import Source
from trainables.datasets.store import arrays
from trainables.datasets.store.arrays import is_mapped
from trainables.errors import DataError

Arrays = dict[str, Any]


def write_hdf5(file: Path, content: Arrays) -> None:
    with h5py.File(file, "w") as target:
        for name, array in content.items():
            target[name] = array


KINDS: dict[str, tuple[Callable[[Path, Arrays], None], Callable[..., Source], str]] = {
    "npz": (lambda file, content: np.savez(file, **content), read_npz, "npz"),
    "compressed": (lambda file, content: np.savez_compressed(file, **content), read_npz, "npz"),
    "hdf5": (write_hdf5, read_hdf5, "hdf5"),
}


@pytest.fixture(params=KINDS)
def read(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[..., Source]:
    """Write arrays, and read them as a set; with any option of the reader."""
    write, reader, option = KINDS[request.param]

    def run(content: Arrays, **options: Any) -> Source:
        file = tmp_path / f"set.{option}"
        write(file, content)
        return reader(tmp_path, False, **{option: file.name}, **options)

    return run


def noise(*shape: int) -> NDArray[np.uint8]:
    return np.random.default_rng(len(shape)).integers(0, 256, shape, dtype=np.uint8)


def in_parts(*form: int) -> Arrays:
    """With MedMNIST's names: 12, 4 and 8 images of ``form``."""
    images = noise(24, *form)
    labels = (np.arange(24) % 3)[:, None].astype(np.uint8)
    rows = {"train": slice(0, 12), "val": slice(12, 16), "test": slice(16, 24)}
    return {f"{p}_images": images[r] for p, r in rows.items()} | {
        f"{p}_labels": labels[r] for p, r in rows.items()
    }


FORMS: dict[str, tuple[tuple[int, ...], Callable[[NDArray[np.uint8]], NDArray[np.uint8]]]] = {
    "grey": ((9, 9), lambda images: images[:, None]),
    "channels last": ((9, 9, 3), lambda images: images.transpose(0, 3, 1, 2)),
    "one channel last": ((9, 9, 1), lambda images: images.transpose(0, 3, 1, 2)),
    "channels second": ((3, 9, 9), lambda images: images),
    "volumes": ((7, 9, 9), lambda images: images[:, None]),
    "cubes": ((9, 9, 9), lambda images: images[:, None]),
    "volumes in colour": ((7, 9, 9, 3), lambda images: images.transpose(0, 4, 1, 2, 3)),
    "volumes, channels second": ((1, 7, 9, 9), lambda images: images),
}


@pytest.mark.parametrize("form", FORMS)
def test_images_of_every_form(form: str, read: Callable[..., Source]) -> None:
    shape, as_read = FORMS[form]
    content = in_parts(*shape)
    source = read(content)
    pooled = np.concatenate([content["train_images"], content["val_images"]])
    np.testing.assert_array_equal(source.train_images.numpy(), as_read(pooled))
    np.testing.assert_array_equal(source.test_images.numpy(), as_read(content["test_images"]))
    assert source.n_classes == 3
    assert source.test_labels.tolist() == content["test_labels"][:, 0].tolist()
    assert source.validation is not None
    assert source.validation.tolist() == [False] * 12 + [True] * 4
    assert binary_task(source, None, 0, "before").val_images.shape == source.train_images.shape[1:]


def test_without_parts_a_fifth_is_the_test(read: Callable[..., Source]) -> None:
    images, targets = noise(50, 6, 6), np.arange(50) % 2
    images[:, 0, 0] = np.arange(50)
    source = read({"images": images, "targets": targets.astype(np.int64)})
    assert (len(source.train_labels), len(source.test_labels)) == (40, 10)
    assert int(source.test_labels.sum()) == 5
    for part in ("train", "test"):
        found = getattr(source, f"{part}_images")
        rows = found[:, 0, 0, 0].numpy()
        np.testing.assert_array_equal(found[:, 0].numpy(), images[rows])
        assert getattr(source, f"{part}_labels").tolist() == targets[rows].tolist()
    assert source.validation is None


def test_several_labels_may_be_missing(read: Callable[..., Source]) -> None:
    labels = (np.arange(120).reshape(40, 3) % 2).astype(np.float64)
    labels[::4, 1] = np.nan
    source = read({"images": noise(40, 6, 6), "labels": labels})
    assert source.labels == ("0", "1", "2")
    assert source.train_labels.shape == (32, 3)
    both = torch.cat([source.train_labels, source.test_labels])
    assert int(both.isnan().sum()) == 10


def test_patients_stay_apart(read: Callable[..., Source]) -> None:
    source = read(
        {"images": noise(60, 6, 6), "labels": np.arange(60) % 2, "groups": np.arange(60) // 4}
    )
    assert source.train_groups is not None
    assert source.test_groups is not None
    assert not {*source.train_groups.tolist()} & {*source.test_groups.tolist()}
    parts = in_parts(9, 9)
    for part in ("train", "val", "test"):
        parts[f"{part}_groups"] = np.arange(len(parts[f"{part}_labels"]))
    source = read(parts)
    assert source.train_groups is not None
    assert source.train_groups.tolist() == [*range(12), *range(4)]


def test_images_become_another_size(read: Callable[..., Source]) -> None:
    smooth = np.broadcast_to(np.arange(0, 240, 20, dtype=np.uint8), (20, 12, 12)).copy()
    source = read({"images": smooth, "labels": np.arange(20) % 2}, image_size=6)
    assert source.train_images.shape == (16, 1, 6, 6)
    halves = source.train_images[0, 0, 3].int()
    assert (halves - torch.arange(10, 240, 40)).abs().max() <= 4


@pytest.mark.parametrize("rows", [1, 7, 100])
def test_what_is_large_goes_through_the_store(
    rows: int, read: Callable[..., Source], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(arrays, "FEW_BYTES", 0)
    monkeypatch.setattr(arrays, "BLOCK_BYTES", rows * 9 * 9 * 3)
    content = in_parts(9, 9, 3)
    source = read(content)
    assert is_mapped(source.train_images)
    pooled = np.concatenate([content["train_images"], content["val_images"]])
    np.testing.assert_array_equal(source.train_images.numpy(), pooled.transpose(0, 3, 1, 2))
    changed = {**content, "train_images": 255 - content["train_images"]}
    assert torch.equal(read(changed).train_images[:12], 255 - source.train_images[:12])
    cut = {"images": noise(50, 6, 6), "labels": np.arange(50) % 2}
    assert is_mapped(read(cut).test_images)


def test_an_npz_whose_columns_come_first_is_read_alike(tmp_path: Path) -> None:
    content = in_parts(9, 9, 3)
    np.savez(tmp_path / "rows.npz", **content)
    columns_first: Arrays = {name: np.asfortranarray(array) for name, array in content.items()}
    np.savez(tmp_path / "columns.npz", **columns_first)
    rows, columns = (read_npz(tmp_path, False, npz=f"{n}.npz") for n in ("rows", "columns"))
    assert torch.equal(rows.train_images, columns.train_images)
    assert torch.equal(rows.test_labels, columns.test_labels)


WRONG: dict[str, tuple[Callable[[], Arrays], str]] = {
    "nothing": (
        lambda: {"pictures": noise(4, 6, 6)},
        "lacks labels: its arrays are pictures",
    ),
    "no images": (lambda: {"labels": np.arange(4) % 2}, "lacks images: its arrays are labels"),
    "no test": (
        lambda: {n: a for n, a in in_parts(9, 9).items() if not n.startswith("test")},
        "lacks test_labels",
    ),
    "floats": (
        lambda: {"images": noise(9, 6, 6) / 255, "labels": np.arange(9) % 2},
        r"uint8 images .* in images, not float64 \(9, 6, 6\): convert",
    ),
    "flat": (
        lambda: {"images": noise(9, 36), "labels": np.arange(9) % 2},
        r"uint8 images .* not uint8 \(9, 36\)",
    ),
    "fewer labels": (
        lambda: {"images": noise(9, 6, 6), "labels": np.arange(8) % 2},
        "one label for each image, and has 8 for 9",
    ),
    "text": (
        lambda: {"images": noise(9, 6, 6), "labels": np.array([b"a", b"b"] * 4 + [b"a"])},
        "must hold numbers",
    ),
    "halves": (
        lambda: {"images": noise(9, 6, 6), "labels": np.arange(9) / 2},
        "class ids from 0 on in labels, and it goes from 0 to 4",
    ),
    "negative": (
        lambda: {"images": noise(9, 6, 6), "labels": np.arange(9) % 2 - 1},
        "class ids from 0 on in labels, and it goes from -1 to 0",
    ),
    "one class": (
        lambda: {"images": noise(9, 6, 6), "labels": np.zeros(9)},
        "images of two classes or more, and all its labels are 0",
    ),
    "two sizes": (
        lambda: in_parts(9, 9) | {"val_images": noise(4, 6, 6)},
        r"one shape, and val_images has \(6, 6\) where another array has \(9, 9\)",
    ),
    "oblong": (
        lambda: {"images": noise(10, 6, 9), "labels": np.arange(10) % 2},
        "train_images must be square",
    ),
    "odd patients": (
        lambda: {
            "images": noise(10, 6, 6),
            "labels": np.arange(10) % 2,
            "groups": np.arange(10) / 2,
        },
        "whole numbers .* in groups",
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_other_arrays_are_refused(case: str, read: Callable[..., Source]) -> None:
    make, words = WRONG[case]
    with pytest.raises(DataError, match=words) as refusal:
        read(make())
    assert "\n" not in str(refusal.value)


def test_volumes_have_one_size(read: Callable[..., Source]) -> None:
    with pytest.raises(DataError, match=r"image_size is for square images.*7x9x9"):
        read(in_parts(7, 9, 9), image_size=6)
    with pytest.raises(DataError, match="image_size must be a whole number"):
        read(in_parts(9, 9), image_size="small")


@pytest.mark.parametrize("kind", ["npz", "compressed", "hdf5"])
def test_a_file_that_is_cut_short_is_named(kind: str, tmp_path: Path) -> None:
    write, reader, option = KINDS[kind]
    file = tmp_path / f"set.{option}"
    write(file, in_parts(9, 9, 3))
    whole = file.read_bytes()
    draw = random.Random(0)
    for length in [0, 1, *(draw.randrange(len(whole)) for _ in range(30))]:
        file.write_bytes(whole[:length])
        with pytest.raises(DataError, match=rf"{file} must .*{length:,} bytes failed") as refusal:
            reader(tmp_path, False, **{option: file.name})
        assert "\n" not in str(refusal.value)


@pytest.mark.parametrize("kind", ["npz", "compressed"])
def test_a_byte_that_flipped_is_found(kind: str, tmp_path: Path) -> None:
    write, reader, option = KINDS[kind]
    file = tmp_path / f"set.{option}"
    write(file, in_parts(9, 9, 3))
    good, whole = reader(tmp_path, False, **{option: file.name}), file.read_bytes()
    draw = random.Random(0)
    refusals = []
    for _ in range(60):
        damaged = bytearray(whole)
        damaged[draw.randrange(len(whole))] ^= 1 << draw.randrange(8)
        file.write_bytes(damaged)
        try:
            found = reader(tmp_path, False, **{option: file.name})
        except DataError as error:
            refusals.append(str(error))
        else:
            assert torch.equal(found.train_images, good.train_images)
            assert torch.equal(found.test_labels, good.test_labels)
    assert len(refusals) > 40
    assert all(str(file) in said for said in refusals)


def test_objects_run_no_code(tmp_path: Path) -> None:
    content = in_parts(9, 9)
    labels = np.array([None] * 12, dtype=object)
    np.savez(tmp_path / "set.npz", allow_pickle=True, **{**content, "train_labels": labels})
    with pytest.raises(DataError, match="only arrays of numbers are read"):
        read_npz(tmp_path, False, npz="set.npz")


@pytest.mark.usefixtures("fresh_cache")
@pytest.mark.parametrize("kind", ["npz", "hdf5"])
def test_a_file_that_is_missing_is_named(kind: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=f"the file 'no.{kind}' is missing: looked for {tmp_path}"):
        read_source(kind, tmp_path, data={kind: f"no.{kind}"})
