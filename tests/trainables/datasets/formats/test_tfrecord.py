"""TFRecord, against TensorBoard's writer of records and Google's protobuf."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.trainables.official_medical import example, write_tfrecord
from trainables.datasets.formats.tfrecord import examples
from trainables.errors import DataError

Features = dict[str, list[Any]]

FEATURES = st.dictionaries(
    st.text(max_size=5),
    st.lists(st.binary(max_size=300), min_size=1, max_size=3)
    | st.lists(st.integers(-(2**63), 2**63 - 1), min_size=1, max_size=4)
    | st.lists(st.floats(width=32, allow_nan=False), min_size=1, max_size=2),
    max_size=4,
)


def read(file: Path) -> list[Features]:
    return [
        {name: [bytes(value) for value in values] for name, values in each.texts.items()}
        | {name: list(values) for name, values in each.integers.items()}
        for each in examples(file)
    ]


@given(st.lists(FEATURES, min_size=1, max_size=5))
def test_what_protobuf_writes_is_read(
    tmp_path_factory: pytest.TempPathFactory, written: list[Features]
) -> None:
    file = tmp_path_factory.mktemp("tfrecord") / "some.tfrecords"
    write_tfrecord(file, [example(each) for each in written])
    without_floats = [
        {name: values for name, values in each.items() if not isinstance(values[0], float)}
        for each in written
    ]
    assert read(file) == without_floats


def test_integers_that_are_not_packed_are_read(tmp_path: Path) -> None:
    """Older writers gave each value a key of its own."""
    values = b"\x08\x07\x08" + b"\xff" * 9 + b"\x01"
    feature = b"\x1a" + bytes([len(values)]) + values
    entry = b"\x0a\x01n\x12" + bytes([len(feature)]) + feature
    features = b"\x0a" + bytes([len(entry)]) + entry
    write_tfrecord(tmp_path / "some", [b"\x0a" + bytes([len(features)]) + features])
    assert read(tmp_path / "some") == [{"n": [7, -1]}]


def test_a_file_cut_anywhere_is_refused_or_ends_with_a_whole_record(tmp_path: Path) -> None:
    written: list[Features] = [{"image": [bytes(20)], "label": [number]} for number in range(3)]
    file = tmp_path / "whole.tfrecords"
    write_tfrecord(file, [example(each) for each in written])
    content = file.read_bytes()
    one = len(content) // 3
    for length in range(len(content)):
        file.write_bytes(content[:length])
        if length in (one, 2 * one):
            assert read(file) == written[: length // one]
            continue
        with pytest.raises(DataError, match=r"fetch it again\.") as caught:
            read(file)
        assert str(file) in str(caught.value)


@pytest.mark.parametrize("content", [b"", b"no record at all", bytes(100)])
def test_another_file_is_refused(content: bytes, tmp_path: Path) -> None:
    file = tmp_path / "other.tfrecords"
    file.write_bytes(content)
    with pytest.raises(DataError, match=r"must be a TFRecord file of tf\.train\.Example, but"):
        read(file)


def test_a_record_of_something_else_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "other.tfrecords"
    write_tfrecord(file, [example({"label": [1]}), b"\x0a\xff\xff\xff\xff\x0f"])
    with pytest.raises(DataError, match="its record 1 is none"):
        read(file)
