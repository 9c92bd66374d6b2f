"""What a data set of one's own must keep: each wrong form is refused with what to do."""

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from trainables.datasets.cache import read_source
from trainables.datasets.cut.imbalance import binary_targets, binary_task
from trainables.datasets.metadata import Metadata
from trainables.datasets.source import LEFT_OUT, Source
from trainables.errors import DataError


def fields(**changes: Any) -> dict[str, Any]:
    """Those of a sound source of 40 + 8 grey images of 6x6, with changes."""
    return {
        "train_images": torch.arange(40 * 36).reshape(40, 1, 6, 6).to(torch.uint8),
        "train_labels": torch.arange(40) % 2,
        "test_images": torch.zeros(8, 1, 6, 6, dtype=torch.uint8),
        "test_labels": torch.arange(8) % 2,
        "n_classes": 2,
        **changes,
    }


AGES = Metadata({"age": np.arange(8.0)})


def images(*shape: int) -> torch.Tensor:
    return torch.zeros(shape, dtype=torch.uint8)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"train_labels": (torch.arange(40) % 2).to(torch.uint8), "augmentation": "crop_flip"},
        {"validation_share": 0.2, "n_classes": 3},
        {"files": (Path(__file__),)},
        {"train_images": images(40, 3, 6, 6), "test_images": images(8, 3, 6, 6)},
        {"classes": ("benign", "malignant"), "positives": (1,), "notes": ("2 were skipped.",)},
    ],
)
def test_a_sound_source_trains(changes: dict[str, Any]) -> None:
    task = binary_task(Source(**fields(**changes)), 0.2, 0, "before")
    assert set(task.train_targets.tolist()) == {0.0, 1.0}


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "float images": (
        {"train_images": torch.rand(40, 1, 6, 6)},
        r"train_images must be uint8, .*not torch.float32: .*\(255 \* images\)",
    ),
    "fewer images": (
        {"train_images": images(30, 1, 6, 6)},
        r"train_labels must be integers, one for each of the 30 images, .*\(40,\)",
    ),
    "fewer test labels": ({"test_labels": torch.arange(7) % 2}, "test_labels must be integers"),
    "no channel": (
        {"train_images": images(40, 6, 6)},
        r"train_images must have the four axes .*not \(40, 6, 6\): .*unsqueeze\(1\)",
    ),
    "channels last": (
        {"train_images": images(40, 6, 6, 3)},
        r"train_images must be square.*not \(40, 6, 6, 3\): .*permute\(0, 3, 1, 2\)",
    ),
    "oblong": ({"train_images": images(40, 1, 6, 9)}, r"square.*\(40, 1, 6, 9\): crop or scale"),
    "volumes beside images": (
        {"test_images": images(8, 1, 6, 6, 6)},
        r"test_images .*\(1, 6, 6\), not \(1, 6, 6, 6\)",
    ),
    "six axes": ({"test_images": images(8, 1, 6, 6, 6, 6)}, r"test_images .*four axes.*five"),
    "too few names": (
        {"classes": ("a",)},
        "classes must be a tuple of 2 different names",
    ),
    "a name twice": ({"classes": ("a", "a")}, "classes must be a tuple of 2 different names"),
    "a list of names": ({"classes": ["a", "b"]}, "classes must be a tuple"),
    "all positive": ({"positives": (0, 1)}, "positives must be a tuple of class ids from 0 to 1"),
    "unknown positives": ({"positives": (2,)}, r"some but not all, not \(2,\)"),
    "groups of one part": (
        {"train_groups": torch.arange(40)},
        "train_groups and test_groups must both be given",
    ),
    "groups by name": (
        {"train_groups": torch.arange(40).float(), "test_groups": torch.arange(8)},
        "train_groups must be torch.int64, one for each of the 40 images, not torch.float32",
    ),
    "fewer groups": (
        {"train_groups": torch.arange(40), "test_groups": torch.arange(7)},
        r"test_groups must be torch.int64, .* 8 images, .*\(7,\)",
    ),
    "a part of numbers": ({"validation": torch.arange(40)}, "validation must be torch.bool"),
    "metadata of one part": ({"test_metadata": AGES}, "train_metadata and test_metadata must both"),
    "metadata as arrays": (
        {"train_metadata": np.zeros(40), "test_metadata": AGES},
        "train_metadata must be a Metadata, not a numpy.ndarray",
    ),
    "fewer rows": (
        {"train_metadata": AGES, "test_metadata": AGES},
        "train_metadata must have a row for each of the 40 images, not 8",
    ),
    "other columns": (
        {"train_metadata": Metadata({"sex": np.full(40, "f")}), "test_metadata": AGES},
        "must have the same columns, numbers or text alike, not sex and age",
    ),
    "labels as class ids": (
        {"labels": ("a", "b")},
        r"train_labels must be float32 of shape \(40",
    ),
    "one label": (
        {"labels": ("a",), "train_labels": torch.zeros(40, 1), "test_labels": torch.zeros(8, 1)},
        "two or more.*give a set of one label class ids",
    ),
    "labels of two": (
        {"labels": ("a", "b"), "train_labels": torch.full((40, 2), 2.0)},
        r"train_labels must lie in \[0, 1\], or be NaN .*, and one is 2",
    ),
    "arrays": (
        {"train_images": images(40, 1, 6, 6).numpy()},
        r"train_images must be a torch tensor.*not a numpy.ndarray: .*torch.from_numpy",
    ),
    "array of labels": ({"test_labels": (torch.arange(8) % 2).numpy()}, "test_labels must be a to"),
    "no labels": ({"train_labels": None}, "train_labels must be a torch tensor.*, not None"),
    "no images": ({"train_images": images(0, 1, 6, 6)}, r"train_images must hold pixels"),
    "another size": (
        {"test_images": images(8, 1, 9, 9)},
        r"test_images must have .*\(1, 6, 6\), not \(1, 9, 9\)",
    ),
    "other channels": ({"test_images": images(8, 3, 6, 6)}, r"\(1, 6, 6\), not \(3, 6, 6\)"),
    "on a device": (
        {"train_images": images(40, 1, 6, 6).to("meta")},
        "train_images must lie on the CPU, not on meta",
    ),
    "one class": ({"n_classes": 1}, "n_classes must be a whole number of at least 2, not 1"),
    "half a class": ({"n_classes": 2.5}, "n_classes must be a whole number"),
    "no classes": ({"n_classes": None}, "n_classes must be a whole number"),
    "augmentation": (
        {"augmentation": "flop"},
        "augmentation must be one of crop_flip, crop_resize_flip, flip, none",
    ),
    "no augmentation": ({"augmentation": None}, "augmentation must be one of"),
    "no validation": ({"validation_share": 0}, "validation_share .*above 0 and below 1, not 0"),
    "all validation": ({"validation_share": Fraction(1)}, "validation_share must be"),
    "one file": ({"files": "x.npy"}, "files must be a tuple of paths"),
    "files as text": ({"files": ["x.npy"]}, r"files must hold paths, not 'x.npy'"),
    "files that are not there": ({"files": [Path("x.npy")]}, "files that are there, and x.npy"),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_source_is_refused_in_a_sentence(case: str) -> None:
    changes, words = WRONG[case]
    with pytest.raises(DataError, match=words) as refusal:
        Source(**fields(**changes))
    assert "\n" not in str(refusal.value)
    assert str(refusal.value).endswith(".")


def test_images_that_take_part_in_nothing_have_a_class_id_of_their_own() -> None:
    assert Source(**fields(train_labels=torch.arange(40) % 3 + LEFT_OUT)).n_classes == 2
    with pytest.raises(DataError, match="class ids from 0 to 1, not from -2 to 0"):
        Source(**fields(train_labels=torch.arange(40) % 3 + LEFT_OUT - 1))


@pytest.mark.parametrize(
    ("columns", "words"),
    [
        ({"age": np.arange(3.0), "sex": np.array(["f", "m"])}, r"of one length, not of \[2, 3\]"),
        ({"age": np.arange(3)}, r"float64 or of text, and age is int64 \(3,\)"),
        ({"age": np.zeros((3, 1))}, r"and age is float64 \(3, 1\)"),
    ],
)
def test_wrong_metadata_are_refused(columns: dict[str, Any], words: str) -> None:
    with pytest.raises(DataError, match=words):
        Metadata(columns)


def test_labels_of_one_byte_become_targets_as_wide_ones_do() -> None:
    labels = torch.arange(200)
    assert torch.equal(binary_targets(labels.to(torch.uint8), 200), binary_targets(labels, 200))


@pytest.mark.usefixtures("fresh_cache")
def test_what_is_no_source_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "own_forms.py").write_text(
        "def nothing(root, download):\n    pass\n\n\ndef pair(root, download):\n    return 1, 2\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    for name, gives in (("nothing", "gives None"), ("pair", "gives tuple")):
        with pytest.raises(DataError, match=f"must give a trainables.*own_forms:{name} {gives}"):
            read_source(f"own_forms:{name}", tmp_path)


@pytest.mark.usefixtures("fresh_cache")
def test_a_set_is_read_once_also_where_it_was_fetched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fresh_cache: Callable[[], None]
) -> None:
    (tmp_path / "own_counted.py").write_text(
        "from trainables.datasets.sets.digits import read_digits\n\nreads = []\n\n\n"
        "def read(root, download):\n    reads.append(root)\n"
        "    return read_digits(root, download)\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    first = read_source("own_counted:read", tmp_path, download=True)
    assert read_source("own_counted:read", tmp_path) is first
    import own_counted  # type: ignore[import-not-found]

    assert len(own_counted.reads) == 1
    fresh_cache()
    assert read_source("own_counted:read", tmp_path) is not first
