"""Files that are cut short, flipped, empty or hostile: refused by name, before a study starts."""

import pickle
import random
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from study.errors import SpecError
from study.spec import check_environment, parse_spec
from tests.trainables.official_files import Expected, write_medmnist
from trainables.datasets import (
    DATASETS,
)
from trainables.datasets.source import Source
from trainables.errors import DataError

Official = tuple[Path, dict[str, Expected]]


def cut(content: bytes) -> bytes:
    return content[: len(content) // 2]


def flipped(content: bytes) -> bytes:
    middle = len(content) // 2
    return content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]


def empty(_content: bytes) -> bytes:
    return b""


def longer(content: bytes) -> bytes:
    return content + b"x"


FILES = [
    ("cifar10", "cifar-10-batches-py/data_batch_3"),
    ("cifar10", "cifar-10-batches-py/batches.meta"),
    ("cifar100", "cifar-100-python/test"),
    ("stl10", "stl10_binary/train_X.bin"),
    ("stl10", "stl10_binary/test_y.bin"),
]


@pytest.mark.parametrize(("name", "file"), FILES)
@pytest.mark.parametrize("damage", [cut, flipped, empty, longer])
def test_a_file_that_is_not_the_official_one_is_named(
    name: str, file: str, damage: Callable[[bytes], bytes], official: Official, tmp_path: Path
) -> None:
    shutil.copytree(official[0] / Path(file).parent, tmp_path / Path(file).parent)
    DATASETS[name](tmp_path, False)
    content = damage((tmp_path / file).read_bytes())
    (tmp_path / file).write_bytes(content)
    with pytest.raises(DataError) as refusal:
        DATASETS[name](tmp_path, False)
    sentence = str(refusal.value)
    assert str(tmp_path / file) in sentence
    assert "official file, with the MD5" in sentence
    assert f"{len(content):,} bytes" in sentence
    assert "fetch it again" in sentence


@pytest.mark.parametrize(("name", "file"), FILES)
def test_a_file_that_is_missing_is_named(
    name: str, file: str, official: Official, tmp_path: Path
) -> None:
    shutil.copytree(official[0] / Path(file).parent, tmp_path / Path(file).parent)
    (tmp_path / file).unlink()
    with pytest.raises(DataError, match="is missing: looked for") as refusal:
        DATASETS[name](tmp_path, False)
    assert str(tmp_path / file) in str(refusal.value)


class Hostile:
    """Writes a file when it is unpickled."""

    def __init__(self, mark: Path) -> None:
        self._mark = mark

    def __reduce__(self) -> tuple[Any, ...]:
        return (Path.touch, (self._mark,))


def test_a_pickle_that_runs_code_is_never_loaded(official: Official, tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    pickle.loads(pickle.dumps(Hostile(mark)))
    assert mark.exists(), "it is as hostile as it should be"
    mark.unlink()
    for name, file in FILES[:3]:
        root = tmp_path / name / Path(file).name
        shutil.copytree(official[0] / Path(file).parent, root / Path(file).parent)
        (root / file).write_bytes(pickle.dumps(Hostile(mark)))
        with pytest.raises(DataError, match="official file"):
            DATASETS[name](root, False)
    assert not mark.exists()


def test_an_npz_with_objects_runs_no_code(tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    file = tmp_path / "breastmnist.npz"
    write_medmnist("breastmnist", file)
    with np.load(file) as archive:
        arrays: dict[str, Any] = dict(archive)
    arrays["train_labels"] = np.array([Hostile(mark)], dtype=object)
    np.savez(file, allow_pickle=True, **arrays)
    with pytest.raises(DataError, match="only arrays of numbers are read"):
        DATASETS["breastmnist"](tmp_path, False)
    assert not mark.exists()


def same(one: Source, two: Source) -> bool:
    return all(
        torch.equal(getattr(one, name), getattr(two, name))
        for name in ("train_images", "train_labels", "test_images", "test_labels")
    )


@pytest.mark.parametrize("compressed", [False, True])
def test_whatever_is_damaged_in_an_npz_is_found(compressed: bool, tmp_path: Path) -> None:
    """By the checksums within: a damaged file is refused or gives the very same data."""
    file = tmp_path / "breastmnist.npz"
    write_medmnist("breastmnist", file)
    if compressed:
        with np.load(file) as archive:
            np.savez_compressed(file, **dict(archive))
    good = DATASETS["breastmnist"](tmp_path, False)
    content = file.read_bytes()
    draw = random.Random(0)
    refusals = []
    for _ in range(200):
        place, kind = draw.randrange(len(content)), draw.choice(("cut", "flip", "zeros"))
        bad = bytearray(content)
        if kind == "cut":
            del bad[place:]
        elif kind == "flip":
            bad[place] ^= 1 << draw.randrange(8)
        else:
            bad[place : place + 64] = bytes(64)
        file.write_bytes(bad)
        try:
            assert same(DATASETS["breastmnist"](tmp_path, False), good)
        except DataError as error:
            refusals.append(str(error))
    assert len(refusals) > 150
    assert all(str(file) in said and "replace the file" in said for said in refusals)


def test_whatever_is_damaged_in_a_photo_is_found(official: Official, tmp_path: Path) -> None:
    """Refused by name, or by the checksum: a JPEG has none within."""
    folder = tmp_path / "cat_and_dog" / "train"
    shutil.copytree(official[0] / "cat_and_dog" / "train", folder)
    good = DATASETS["cat_and_dog"](tmp_path, False).checksums
    file = folder / "dog.11.jpg"
    content = file.read_bytes()
    draw = random.Random(0)
    refusals = []
    for damage in [cut, flipped, empty, longer] * 10:
        start = draw.randrange(len(content))
        file.write_bytes(content[:start] + damage(content[start:] + b"xx"))
        try:
            assert DATASETS["cat_and_dog"](tmp_path, False).checksums != good
        except DataError as error:
            refusals.append(str(error))
    assert len(refusals) > 10
    assert all(str(file) in said for said in refusals)


@pytest.mark.parametrize("n", [0, 60])
def test_an_npz_without_images_is_refused(n: int, tmp_path: Path) -> None:
    file = tmp_path / "breastmnist.npz"
    write_medmnist("breastmnist", file)
    with np.load(file) as archive:
        arrays: dict[str, Any] = dict(archive)
    arrays["train_labels"] = np.zeros((n, 1), np.uint8)
    arrays["train_images"] = np.zeros((0, 28, 28), np.uint8)
    np.savez(file, **arrays)
    with pytest.raises(DataError, match="must hold"):
        DATASETS["breastmnist"](tmp_path, False)


READER = """
def broken(root, download):
    raise KeyError("my own mistake")
"""


def test_a_study_does_not_start_on_a_damaged_file(
    official: Official, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(official[0] / "cifar-10-batches-py", tmp_path / "cifar-10-batches-py")
    (tmp_path / "cifar-10-batches-py" / "test_batch").write_bytes(b"")
    task = {"dataset": "cifar10", "model": "mlp", "epochs": 1}
    spec = {
        "name": "s",
        "methods": ["ce"],
        "tasks": [task],
        "imratios": [None],
        "search": {"trials": 1},
        "data_root": str(tmp_path),
    }
    with pytest.raises(SpecError, match=r"tasks\[0\].dataset: .*test_batch must be"):
        check_environment(parse_spec(spec))
    (tmp_path / "own_reader.py").write_text(READER)
    monkeypatch.syspath_prepend(tmp_path)
    own = {**spec, "tasks": [{**task, "dataset": "own_reader:broken"}]}
    with pytest.raises(SpecError, match=r"own_reader:broken cannot be read \(KeyError: .*mistake"):
        check_environment(parse_spec(own))
