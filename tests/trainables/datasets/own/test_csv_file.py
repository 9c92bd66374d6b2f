"""A CSV file of one's own: each column means what the spec says, and a wrong cell is named."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

from tests.trainables.datasets.own.pictures import pixels_of, write
from trainables.datasets.cache import read_source
from trainables.datasets.cut.imbalance import binary_task
from trainables.datasets.own.csv_file import read_csv
from trainables.datasets.source import Source
from trainables.errors import DataError

N = 40


@pytest.fixture
def table(tmp_path: Path) -> pd.DataFrame:
    """Pictures in tmp_path/images, and what is known of them."""
    for each in range(N):
        write(tmp_path / "images" / f"{each}.png", each)
    number = np.arange(N)
    return pd.DataFrame(
        {
            "file": [f"{n}.png" for n in number],
            "kind": np.where(number % 4 == 0, "melanoma", "naevus"),
            "target": (number % 4 == 0).astype(int),
            "a": np.where(number % 5 == 0, "", (number % 2).astype(str)),
            "b": np.where(number % 3 == 0, "1.0", "0"),
            "patient": [f"IP_{n // 2}" for n in number],
            "age": np.where(number % 7 == 0, "", (20 + number).astype(str)),
            "sex": np.where(number % 9 == 0, "", np.where(number % 2, "f", "m")),
            "part": np.where(number < 24, "train", np.where(number < 30, "VAL", "Test")),
        }
    )


def read(root: Path, table: pd.DataFrame, **options: Any) -> Source:
    table.to_csv(root / "table.csv", index=False)
    given = {"csv": "table.csv", "images": "images", "path": "file", "labels": "target"}
    return read_csv(root, False, **{**given, **options})


def numbers(images: torch.Tensor) -> list[int]:
    by_pixels = {pixels_of(number).tobytes(): number for number in range(N)}
    return [by_pixels[image.numpy().tobytes()] for image in images[:, 0]]


def test_one_column_of_names_or_numbers_is_classes(tmp_path: Path, table: pd.DataFrame) -> None:
    for column, classes, first in (
        ("kind", ("melanoma", "naevus"), 0),
        ("target", ("0", "1"), 1),
        (["target"], ("0", "1"), 1),
    ):
        source = read(tmp_path, table, labels=column)
        assert source.classes == classes
        assert (len(source.train_labels), len(source.test_labels)) == (32, 8)
        for part in ("train", "test"):
            of = numbers(getattr(source, f"{part}_images"))
            labels = getattr(source, f"{part}_labels")
            assert labels.tolist() == [first if n % 4 == 0 else 1 - first for n in of]
        assert source.files[0] == tmp_path / "table.csv"
        assert len(source.files) == N + 1


def test_numbers_are_classes_in_their_order(tmp_path: Path, table: pd.DataFrame) -> None:
    table["grade"] = [f"{(0, 2, 10)[n % 3]}.0" for n in range(N)]
    source = read(tmp_path, table, labels="grade")
    assert source.classes == ("0", "2", "10")


def test_several_columns_are_labels_and_an_empty_cell_is_missing(
    tmp_path: Path, table: pd.DataFrame
) -> None:
    source = read(tmp_path, table, labels=["a", "b"])
    assert source.labels == ("a", "b")
    of = numbers(source.train_images)
    expected = [[np.nan if n % 5 == 0 else n % 2, float(n % 3 == 0)] for n in of]
    np.testing.assert_array_equal(source.train_labels.numpy(), expected)
    task = binary_task(source, None, 0, "before")
    assert task.labels == ("a", "b")


@pytest.mark.usefixtures("fresh_cache")
def test_labels_of_the_spec_are_the_columns(tmp_path: Path, table: pd.DataFrame) -> None:
    table.to_csv(tmp_path / "table.csv", index=False)
    data = {"csv": "table.csv", "images": "images", "path": "file", "labels": ["b", "a"]}
    assert read_source("csv", tmp_path, data=data).labels == ("b", "a")
    names = {**data, "labels": "kind", "positives": ["melanoma"]}
    assert read_source("csv", tmp_path, data=names).classes == ("naevus", "melanoma")


def test_parts_groups_and_metadata_go_with_their_images(
    tmp_path: Path, table: pd.DataFrame
) -> None:
    source = read(
        tmp_path, table, split="part", group="patient", metadata=["age", "sex"], images="images"
    )
    assert numbers(source.test_images) == [*range(30, 40)]
    assert source.validation is not None
    assert numbers(source.train_images[source.validation]) == [*range(24, 30)]
    assert source.train_groups is not None
    assert source.test_groups is not None
    groups = torch.cat([source.train_groups, source.test_groups])
    assert groups.view(20, 2).diff(dim=1).eq(0).all()
    assert len(groups.unique()) == 20
    assert source.train_metadata is not None
    columns = source.train_metadata.columns
    np.testing.assert_array_equal(
        columns["age"], [np.nan if n % 7 == 0 else 20 + n for n in range(30)]
    )
    assert columns["sex"].tolist() == [
        "" if n % 9 == 0 else "f" if n % 2 else "m" for n in range(30)
    ]


def test_a_cut_keeps_patients_apart(tmp_path: Path, table: pd.DataFrame) -> None:
    source = read(tmp_path, table, group="patient")
    assert source.train_groups is not None
    assert source.test_groups is not None
    assert not {*source.train_groups.tolist()} & {*source.test_groups.tolist()}
    assert len(source.test_labels) == 8


def test_images_lie_beside_the_file_unless_it_is_said_where(
    tmp_path: Path, table: pd.DataFrame
) -> None:
    table["file"] = "images/" + table["file"]
    beside = read(tmp_path, table, images=None)
    assert numbers(beside.train_images)
    table["file"] = [str(tmp_path / name) for name in table["file"]]
    assert torch.equal(read(tmp_path, table).train_images, beside.train_images)


def test_what_is_skipped_takes_its_row_with_it(tmp_path: Path, table: pd.DataFrame) -> None:
    (tmp_path / "images" / "3.png").write_bytes(b"no image")
    source = read(
        tmp_path, table, split="part", metadata="age", group="patient", undecodable="skip"
    )
    of = numbers(source.train_images)
    assert of == [n for n in range(30) if n != 3]
    assert source.train_labels.tolist() == [int(n % 4 == 0) for n in of]
    assert source.train_metadata is not None
    assert len(source.train_metadata) == 29
    assert source.notes


def cell(column: str, row: int, value: str) -> Any:
    def change(table: pd.DataFrame) -> None:
        table[column] = table[column].astype(str)
        table.loc[row, column] = value

    return change


WRONG: dict[str, tuple[Any, dict[str, Any], str]] = {
    "column": (None, {"labels": "kinds"}, r"column 'kinds' \(it has 'kind'\).*name one of these"),
    "group": (None, {"group": "patent"}, r"'patent' \(it has 'patient'\)"),
    "label": (
        cell("a", 6, "maybe"),
        {"labels": ["a", "b"]},
        "a number or nothing in the column 'a', and line 8 has 'maybe'",
    ),
    "uncertain": (
        cell("a", 6, "-1"),
        {"labels": ["a", "b"]},
        "numbers from 0 to 1, or nothing, in the column 'a', and line 8 has '-1'",
    ),
    "empty": (
        cell("target", 2, ""),
        {},
        "must have something in the column 'target', and line 4 has nothing",
    ),
    "mixed": (
        cell("target", 2, "O"),
        {},
        "numbers alone or names alone in the column 'target', and line 4 has 'O' among numbers",
    ),
    "one class": (
        lambda table: table.__setitem__("target", 1),
        {},
        "two classes or more in the column 'target', and has '1' alone",
    ),
    "absent": (
        cell("file", 9, "nine.png"),
        {},
        "1 of 40 images that are listed are no files .*nine.png",
    ),
    "no path": (cell("file", 9, ""), {}, "something in the column 'file', and line 11 has nothing"),
    "split": (
        cell("part", 1, "dev"),
        {"split": "part"},
        "train, val or test in the column 'part', and line 3 has 'dev'",
    ),
    "no training": (
        lambda table: table.__setitem__("part", "test"),
        {"split": "part"},
        "must have rows for train in the column 'part', and has none",
    ),
    "no labels": (None, {"labels": []}, "labels must name one column at least"),
    "twice": (None, {"labels": ["a", "a"]}, "labels must be the name of a column, or several"),
    "no rows": (lambda table: table.head(0), {}, "rows below its header"),
    "file": (None, {"csv": "tables.csv"}, "the file 'tables.csv' is missing: looked for"),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_is_wrong_is_one_sentence(case: str, tmp_path: Path, table: pd.DataFrame) -> None:
    change, options, words = WRONG[case]
    changed = None if change is None else change(table)
    table = table if changed is None else changed
    with pytest.raises(DataError, match=words) as refusal:
        read(tmp_path, table, **options)
    assert "\n" not in str(refusal.value)


def test_what_is_no_table_is_refused(tmp_path: Path) -> None:
    for content in (b"", b"\xff\xfe\x00binary", b'a,b\n"1,2\n3'):
        (tmp_path / "table.csv").write_bytes(content)
        with pytest.raises(DataError, match=r"table.csv must (be a CSV|have)") as refusal:
            read_csv(tmp_path, False, csv="table.csv", path="file", labels="a")
        assert "\n" not in str(refusal.value)
