"""Small files in the official layout of the medical sets of the papers."""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from numpy.typing import NDArray
from PIL import Image
from tensorboard.summary.writer.record_writer import RecordWriter

from trainables.datasets.sets import (
    chexpert,
)

__all__ = [
    "ISIC_2020",
    "colour_of",
    "example",
    "jpeg",
    "number_of",
    "write_chexpert",
    "write_csv",
    "write_ddsm",
    "write_isic2024",
    "write_melanoma",
    "write_pcam",
    "write_tfrecord",
]

ISIC_2020 = (
    "image_name",
    "patient_id",
    "sex",
    "age_approx",
    "anatom_site_general_challenge",
    "diagnosis",
    "benign_malignant",
    "target",
)
"""The columns of Kaggle's train.csv."""

LEVELS, STEP = 36, 7
"""Of a colour's channel: so far apart that JPEG, which changes it a little, leaves it known."""


def colour_of(number: int) -> tuple[int, int, int]:
    """A colour for each number below 46,656."""
    first, rest = number % LEVELS, number // LEVELS
    return STEP * first, STEP * (rest % LEVELS), STEP * (rest // LEVELS)


def number_of(images: NDArray[np.uint8]) -> NDArray[np.int64]:
    """The numbers that colours (N, 3, H, W) stand for."""
    levels = (images.mean((2, 3)) / STEP).round().astype(np.int64)
    return levels @ np.array([1, LEVELS, LEVELS**2])


def jpeg(colour: tuple[int, int, int] | int, width: int = 12, height: int = 8) -> bytes:
    """A photo of one colour, or of one grey level."""
    stream = io.BytesIO()
    mode = "L" if isinstance(colour, int) else "RGB"
    Image.new(mode, (width, height), colour).save(stream, "JPEG", quality=100, subsampling=0)
    return stream.getvalue()


def write_csv(file: Path, columns: Sequence[str], rows: Iterable[Mapping[str, object]]) -> None:
    """A CSV file; what a row lacks is empty."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("w", newline="") as stream:
        writer = csv.DictWriter(stream, columns, restval="")
        writer.writeheader()
        writer.writerows(rows)


def write_pcam(root: Path, counts: Mapping[str, int]) -> dict[str, Any]:
    """Six h5 files; gives the images (N, 3, 96, 96) and labels (N,) of each part."""
    generator = np.random.default_rng(0)
    made = {}
    for part, count in counts.items():
        images = generator.integers(0, 256, (count, 96, 96, 3), dtype=np.uint8)
        labels = (np.arange(count) % 2).astype(np.uint8)
        for kind, array in (("x", images), ("y", labels[:, None, None, None])):
            file = root / "pcam" / f"camelyonpatch_level_2_split_{part}_{kind}.h5"
            file.parent.mkdir(parents=True, exist_ok=True)
            with h5py.File(file, "w") as content:
                content[kind] = array
        made[part] = images.transpose(0, 3, 1, 2), labels.astype(np.int64)
    return made


def write_chexpert(root: Path, parts: Mapping[str, Sequence[Mapping[str, object]]]) -> Path:
    """By part ("train", "valid") its rows, without Path, but with "patient" and "grey".

    A row that is not frontal gets no image.
    """
    folder = root / "CheXpert-v1.0-small"
    columns = ("Path", "Sex", "Age", "Frontal/Lateral", "AP/PA", *chexpert.LABELS)
    for part, rows in parts.items():
        lines = []
        for number, row in enumerate(rows):
            view = row.get("Frontal/Lateral", "Frontal")
            path = f"{part}/patient{row['patient']:05}/study{number}/view1_{view}.jpg".lower()
            if view == "Frontal":
                (folder / path).parent.mkdir(parents=True)
                grey = row["grey"]
                assert isinstance(grey, int)
                (folder / path).write_bytes(jpeg(grey))
            known = {name: row[name] for name in columns if name in row}
            path = f"CheXpert-v1.0-small/{path}"
            lines.append(
                {"Sex": "Female", "Age": 50, **known, "Path": path, "Frontal/Lateral": view}
            )
        write_csv(folder / f"{part}.csv", columns, lines)
    return folder


def write_melanoma(folder: Path, rows: Sequence[Mapping[str, object]], images: str) -> None:
    """A train.csv and a photo of each row, whose colour is that of its number."""
    write_csv(folder / "train.csv", ISIC_2020, rows)
    (folder / images).mkdir(parents=True)
    for number, row in enumerate(rows):
        (folder / images / f"{row['image_name']}.jpg").write_bytes(jpeg(colour_of(number)))


def write_isic2024(root: Path, rows: Sequence[Mapping[str, object]]) -> Path:
    """An HDF5 file of JPEGs by name, and the CSV beside it."""
    folder = root / "isic-2024-challenge"
    columns = ("isic_id", "target", "patient_id", "age_approx", "sex", "anatom_site_general")
    write_csv(folder / "train-metadata.csv", columns, rows)
    with h5py.File(folder / "train-image.hdf5", "w") as content:
        for number, row in enumerate(rows):
            content[str(row["isic_id"])] = np.void(jpeg(colour_of(number), 9, 9))
    return folder


def write_ddsm(root: Path) -> dict[str, Any]:
    """Five TFRecord files of four pieces, and 6 + 7 in .npy files; gives images and labels."""
    folder = root / "ddsm"
    generator = np.random.default_rng(0)

    def draw(count: int) -> NDArray[np.uint8]:
        return generator.integers(0, 256, (count, 1, 299, 299), dtype=np.uint8)

    training, labels = draw(20), np.arange(20) % 5
    for number in range(5):
        rows = range(4 * number, 4 * number + 4)
        records = [
            example(
                {
                    "image": [training[row].tobytes()],
                    "label": [int(labels[row])],
                    "label_normal": [int(labels[row] > 0)],
                }
            )
            for row in rows
        ]
        write_tfrecord(folder / f"training10_{number}" / f"training10_{number}.tfrecords", records)
    halves = {}
    for name, count, known in (("test10", 6, [0, 2, 4]), ("cv10", 7, [0, 1, 3])):
        images, ids = draw(count), np.resize(known, count)
        (folder / f"{name}_data").mkdir()
        np.save(folder / f"{name}_data" / f"{name}_data.npy", images.transpose(0, 2, 3, 1))
        np.save(folder / f"{name}_labels.npy", ids)
        halves[name] = images, ids
    return {"train": (training, labels), **halves}


def write_tfrecord(file: Path, records: Sequence[bytes]) -> None:
    """With TensorBoard's writer of records."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("wb") as stream:
        writer = RecordWriter(stream)
        for record in records:
            writer.write(record)
        writer.flush()


def example(features: Mapping[str, Sequence[Any]]) -> bytes:
    """A ``tf.train.Example``, written by Google's protobuf: lists of bytes, floats or integers."""
    message = _example_class()()
    for name, values in features.items():
        feature = message.features.feature[name]
        kind = {bytes: "bytes_list", float: "float_list", int: "int64_list"}[type(values[0])]
        getattr(feature, kind).value.extend(values)
    return bytes(message.SerializeToString(deterministic=True))


def _example_class() -> Any:
    """The messages of TensorFlow's example.proto, described anew."""
    kinds = descriptor_pb2.FieldDescriptorProto
    file = descriptor_pb2.FileDescriptorProto(name="example.proto", package="t", syntax="proto3")

    def add(
        message: Any, name: str, number: int, kind: int, type_name: str = "", many: bool = False
    ) -> None:
        message.field.add(
            name=name,
            number=number,
            type=kind,
            type_name=type_name or None,
            label=kinds.LABEL_REPEATED if many else kinds.LABEL_OPTIONAL,
        )

    for name, kind in (
        ("BytesList", kinds.TYPE_BYTES),
        ("FloatList", kinds.TYPE_FLOAT),
        ("Int64List", kinds.TYPE_INT64),
    ):
        add(file.message_type.add(name=name), "value", 1, kind, many=True)
    feature = file.message_type.add(name="Feature")
    for number, name in enumerate(("bytes_list", "float_list", "int64_list"), 1):
        type_name = f".t.{name.title().replace('_', '')}"
        add(feature, name, number, kinds.TYPE_MESSAGE, type_name)
    features = file.message_type.add(name="Features")
    entry = features.nested_type.add(name="FeatureEntry")
    entry.options.map_entry = True
    add(entry, "key", 1, kinds.TYPE_STRING)
    add(entry, "value", 2, kinds.TYPE_MESSAGE, ".t.Feature")
    add(features, "feature", 1, kinds.TYPE_MESSAGE, ".t.Features.FeatureEntry", many=True)
    whole = file.message_type.add(name="Example")
    add(whole, "features", 1, kinds.TYPE_MESSAGE, ".t.Features")
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("t.Example"))
