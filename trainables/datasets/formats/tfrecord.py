"""TFRecord files of ``tf.train.Example``, read without TensorFlow.

A file is records one after the other, each of four parts: the length of its data (8 bytes, little
endian), a checksum of these 8 bytes, the data, and their checksum (4 bytes each: CRC-32C, masked).
Data are one message in the wire format of protocol buffers, with the fields of TensorFlow's
example.proto: Example {1: Features}, Features {1: entries}, entry {1: name, 2: Feature}, Feature
{1: BytesList or 2: FloatList or 3: Int64List}, list {1: values}.
"""

from collections.abc import Iterator
from mmap import ACCESS_READ, mmap
from pathlib import Path
from struct import Struct
from typing import NamedTuple

from trainables.errors import DataError

__all__ = ["Example", "examples"]


class Example(NamedTuple):
    """Values of the features by their names; lists of floats are left out."""

    texts: dict[str, list[memoryview]]
    integers: dict[str, list[int]]


HEAD = Struct("<QI")
"""Length, and its checksum."""

FOOT = 4
"""Bytes of the data's checksum, which is not looked at: in Python that takes a second a MB."""

VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5
"""Wire types."""


def examples(file: Path) -> Iterator[Example]:
    """Every example of ``file``, in order. The file is mapped: values that are not used, not read.

    Raises:
        DataError: the file is cut short, or holds something else.
    """
    with file.open("rb") as stream:
        if not file.stat().st_size:
            raise _broken(file, "it is empty")
        content = memoryview(mmap(stream.fileno(), 0, access=ACCESS_READ))
    place = number = 0
    while place < len(content):
        record = _record(content[place:], file, place)
        try:
            yield _example(record)
        except (IndexError, TypeError, ValueError) as error:
            raise _broken(file, f"its record {number:,} is none") from error
        place += HEAD.size + len(record) + FOOT
        number += 1


def _record(content: memoryview, file: Path, place: int) -> memoryview:
    """The data of the record that ``content`` begins with."""
    head = content[: HEAD.size]
    if len(head) < HEAD.size:
        raise _broken(file, f"it ends within the record at byte {place:,}")
    length, checksum = HEAD.unpack(head)
    if checksum != _masked_crc32c(bytes(head[:8])):
        raise _broken(file, f"the checksum of the length at byte {place:,} is wrong")
    if len(content) < HEAD.size + length + FOOT:
        raise _broken(file, f"it ends within the record at byte {place:,}")
    return content[HEAD.size : HEAD.size + length]


def _broken(file: Path, why: str) -> DataError:
    return DataError(
        f"{file} must be a TFRecord file of tf.train.Example, but {why}, so it is cut short or "
        "damaged: fetch it again."
    )


def _example(record: memoryview) -> Example:
    found = Example({}, {})
    for features in _all(record, 1):
        for entry in _all(features, 1):
            (name,) = _all(entry, 1)
            for feature in _all(entry, 2):
                for number, values in _fields(feature):
                    if number == 1:
                        found.texts[str(name, "utf-8")] = _all(values, 1)
                    elif number == 3:
                        found.integers[str(name, "utf-8")] = [*_integers(values)]
    return found


def _all(message: int | memoryview, wanted: int) -> list[memoryview]:
    """The fields of one number, which hold bytes."""
    found = [value for number, value in _fields(message) if number == wanted]
    return [memoryview(value) for value in found]  # type: ignore[arg-type] # refuses integers


def _integers(values: int | memoryview) -> Iterator[int]:
    """Of an Int64List, packed or not: 64 bits wide, in two's complement."""
    for number, value in _fields(values):
        if number == 1:
            packed = [value] if isinstance(value, int) else _varints(value)
            yield from (each - (each >> 63 << 64) for each in packed)


def _fields(message: int | memoryview) -> Iterator[tuple[int, int | memoryview]]:
    """(number, value) of each field: an integer, or bytes.

    Raises:
        IndexError, TypeError, ValueError: this is no message.
    """
    if isinstance(message, int):
        raise TypeError("a message is bytes")
    place = 0
    while place < len(message):
        key, place = _varint(message, place)
        kind = key & 7
        if kind == VARINT:
            value, place = _varint(message, place)
            yield key >> 3, value
            continue
        if kind == BYTES:
            length, place = _varint(message, place)
        elif kind in (FIXED64, FIXED32):
            length = 8 if kind == FIXED64 else 4
        else:
            raise ValueError(f"no wire type: {kind}")
        if place + length > len(message):
            raise IndexError("a field goes beyond its message")
        yield key >> 3, message[place : place + length]
        place += length


def _varints(packed: memoryview) -> Iterator[int]:
    place = 0
    while place < len(packed):
        value, place = _varint(packed, place)
        yield value


def _varint(message: memoryview, place: int) -> tuple[int, int]:
    """The number at ``place``, seven bits a byte from the lowest on, and the place behind it."""
    value = shift = 0
    while True:
        byte = message[place]
        value |= (byte & 127) << shift
        place, shift = place + 1, shift + 7
        if byte < 128:
            return value & ((1 << 64) - 1), place


def _masked_crc32c(data: bytes) -> int:
    """Of Castagnoli's polynomial, bit-reversed; then turned by 15 bits, and a constant added."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    crc ^= 0xFFFFFFFF
    return (crc >> 15 | crc << 17) + 0xA282EAD8 & 0xFFFFFFFF
