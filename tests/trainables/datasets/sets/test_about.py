"""What is known of a set before it is read."""

from pathlib import Path

import pytest

from tests.trainables.official_files import Expected
from trainables.datasets import (
    ABOUT,
    DATASETS,
)
from trainables.datasets.sets.about import About
from trainables.errors import DataError

SOME = About(
    "Some",
    files=("train.csv", "jpeg/*.jpg or train/*.jpg"),
    folders=("some", "other"),
    origin="somewhere",
)


def put(file: Path) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.touch()


def test_the_first_folder_with_all_files_is_the_place(tmp_path: Path) -> None:
    assert SOME.place(tmp_path) is None
    put(tmp_path / "some" / "train.csv")
    put(tmp_path / "other" / "jpeg" / "1.jpg")
    assert SOME.place(tmp_path) is None
    put(tmp_path / "other" / "train.csv")
    assert SOME.place(tmp_path) == tmp_path / "other"
    put(tmp_path / "some" / "train" / "1.jpg")
    assert SOME.found(tmp_path) == tmp_path / "some"


@pytest.mark.parametrize(
    ("there", "lacks"),
    [
        ([], "train.csv and jpeg/*.jpg or train/*.jpg"),
        (["other/train.csv"], "jpeg/*.jpg or train/*.jpg"),
        (["some/jpeg/1.jpg"], "train.csv"),
        (["some/nothing", "other/train/1.jpg"], "train.csv"),
    ],
)
def test_what_is_missing_is_named_in_the_folder_that_was_begun(
    there: list[str], lacks: str, tmp_path: Path
) -> None:
    for name in there:
        put(tmp_path / name)
    with pytest.raises(DataError) as caught:
        SOME.found(tmp_path)
    assert str(caught.value) == (
        f"Some lacks {lacks} (it needs train.csv and jpeg/*.jpg or train/*.jpg in some or other): "
        f"looked for {tmp_path / 'some'} and {tmp_path / 'other'}; put it there, or point "
        "data_root or the environment variable AUCSTUDY_DATA at the folder that holds it; "
        "`download: true` cannot fetch it: it comes from somewhere."
    )


@pytest.mark.parametrize("name", DATASETS)
def test_a_set_without_its_files_is_not_found(name: str, tmp_path: Path) -> None:
    if name in ABOUT:
        assert (ABOUT[name].place(tmp_path) is None) == bool(ABOUT[name].files)
        assert not (ABOUT[name].classes and ABOUT[name].labels)


def test_the_official_files_are_found_and_named_alike(
    official: tuple[Path, dict[str, Expected]],
) -> None:
    root, expected = official
    for name in expected:
        assert ABOUT[name].place(root) is not None
        source = DATASETS[name](root, False)
        assert ABOUT[name].labels == source.labels
        if not name.startswith("cifar"):  # whose names stand in its files
            assert ABOUT[name].classes == source.classes
