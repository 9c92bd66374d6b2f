"""Which classes are positive, and which labels are trained, as a spec says it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from trainables.datasets.cache import read_source
from trainables.datasets.choice import chosen, sides
from trainables.datasets.cut.imbalance import binary_targets
from trainables.datasets.source import LEFT_OUT, Source
from trainables.errors import DataError, UnknownNameError

NAMES = ("akiec", "bcc", "bkl", "melanoma", "nevus")


def lesions(**changes: Any) -> Source:
    """20 + 10 grey images of 4x4 in five classes."""
    fields: dict[str, Any] = {
        "train_images": torch.zeros(20, 1, 4, 4, dtype=torch.uint8),
        "train_labels": torch.arange(20) % 5,
        "test_images": torch.zeros(10, 1, 4, 4, dtype=torch.uint8),
        "test_labels": torch.arange(10) % 5,
        "n_classes": 5,
        "classes": NAMES,
    }
    return Source(**{**fields, **changes})


def films(**changes: Any) -> Source:
    """4 + 2 images with three labels each."""
    nan = float("nan")
    fields: dict[str, Any] = {
        "train_images": torch.zeros(4, 1, 4, 4, dtype=torch.uint8),
        "train_labels": torch.tensor([[0, 1, nan], [1, nan, 0], [0, 0, 1], [nan, 1, 1.0]]),
        "test_images": torch.zeros(2, 1, 4, 4, dtype=torch.uint8),
        "test_labels": torch.tensor([[0, 1, 1.0], [1, 0, 0]]),
        "n_classes": 2,
        "labels": ("Edema", "Cardiomegaly", "Effusion"),
    }
    return Source(**{**fields, **changes})


def test_nothing_chosen_is_the_source_itself() -> None:
    assert chosen(source := lesions()) is source
    assert sides(source) == (["akiec", "bcc"], ["bkl", "melanoma", "nevus"])
    assert chosen(several := films()) is several


@pytest.mark.parametrize("positives", [["melanoma"], [3]])
def test_named_positives_stand_against_the_rest(positives: list[int | str]) -> None:
    found = chosen(lesions(), positives)
    assert torch.equal(found.train_labels, (torch.arange(20) % 5 == 3).long())
    assert torch.equal(binary_targets(found.train_labels, 2), (torch.arange(20) % 5 == 3).float())
    assert sides(found) == (["akiec or bcc or bkl or nevus"], ["melanoma"])


def test_named_negatives_leave_the_rest_out() -> None:
    found = chosen(lesions(), [4], [0, "bcc"])
    classes = torch.arange(10) % 5
    expected = torch.where(classes == 4, 1, torch.where(classes < 2, 0, LEFT_OUT))
    assert torch.equal(found.test_labels, expected)
    assert found.train_images.data_ptr() == chosen(found).train_images.data_ptr()


def test_negatives_alone_leave_the_others_positive() -> None:
    assert sides(chosen(lesions(), negatives=["nevus"])) == (
        ["nevus"],
        ["akiec or bcc or bkl or melanoma"],
    )


def test_a_set_may_say_which_are_positive_and_the_user_may_say_otherwise() -> None:
    source = lesions(positives=(0,))
    assert sides(chosen(source))[1] == ["akiec"]
    assert sides(chosen(source, ["nevus"]))[1] == ["nevus"]


@pytest.mark.parametrize(
    ("choice", "words"),
    [
        ({"positives": ["melanom"]}, r"positives must name classes.*did you mean 'melanoma'"),
        ({"positives": [5]}, "positives must name classes of the set, akiec, .*and 5 is none"),
        ({"positives": [True]}, "and True is none"),
        ({"positives": [3], "negatives": ["melanoma"]}, "must not overlap, and both hold melanoma"),
        ({"positives": [3, "melanoma"]}, "melanoma stands there twice"),
        ({"positives": []}, "no class of akiec, .* is left for the positives"),
        ({"negatives": [0, 1, 2, 3, 4]}, "is left for the positives"),
        ({"labels": ["melanoma"]}, "labels are for sets with several labels"),
    ],
)
def test_a_wrong_choice_of_classes_is_refused(choice: dict[str, Any], words: str) -> None:
    with pytest.raises(DataError, match=words) as refusal:
        chosen(lesions(), **choice)
    assert str(refusal.value).endswith(".")


def test_labels_are_taken_in_the_order_that_is_asked_for() -> None:
    found = chosen(films(), labels=["Effusion", "Edema"])
    assert found.labels == ("Effusion", "Edema")
    assert torch.equal(found.test_labels, torch.tensor([[1, 0], [0, 1.0]]))


def test_one_label_alone_becomes_two_classes_and_leaves_out_what_lacks_it() -> None:
    found = chosen(films(), labels=["Cardiomegaly"])
    assert found.train_labels.tolist() == [1, LEFT_OUT, 0, 1]
    assert sides(found) == (["no Cardiomegaly"], ["Cardiomegaly"])


@pytest.mark.parametrize(
    ("choice", "words"),
    [
        ({"labels": ["Edma"]}, r"labels must name labels of the set.*did you mean 'Edema'"),
        ({"labels": ["Edema", "Edema"]}, "Edema stands there twice"),
        ({"labels": []}, "labels must name one of Edema"),
        ({"positives": ["Edema"]}, "name those that count under labels"),
    ],
)
def test_a_wrong_choice_of_labels_is_refused(choice: dict[str, Any], words: str) -> None:
    with pytest.raises(DataError, match=words):
        chosen(films(), **choice)


def test_an_uncertain_label_is_no_class() -> None:
    labels = torch.tensor([[0, 0.7], [1, 1], [0, 0], [1, 1]])
    with pytest.raises(DataError, match="one label alone must be 0, 1 or missing, and b has"):
        chosen(films(train_labels=labels, test_labels=labels[:2], labels=("a", "b")), labels=["b"])


@pytest.mark.usefixtures("fresh_cache")
def test_options_go_to_the_reader_or_choose_among_what_it_gives(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fresh_cache: Callable[[], None]
) -> None:
    (tmp_path / "own_options.py").write_text(
        "from trainables.datasets.sets.digits import read_digits\n\n\n"
        "def read(root, download, *, every: int, shift=0):\n"
        "    source = read_digits(root, download)\n"
        "    assert (every, shift) == (2, 1)\n"
        "    return source\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    data = {"every": 2, "shift": 1, "positives": [3]}
    source = read_source("own_options:read", tmp_path, data=data)
    assert sides(source)[1] == ["3"]
    assert read_source("own_options:read", tmp_path, data=dict(reversed(data.items()))) is source
    fresh_cache()
    with pytest.raises(
        UnknownNameError, match=r"no option 'shfit' \(did you mean 'shift'\?\): its opt"
    ):
        read_source("own_options:read", tmp_path, data={"every": 2, "shfit": 1})
    with pytest.raises(UnknownNameError, match=r"needs its option every: say \{every: \.\.\.\}"):
        read_source("own_options:read", tmp_path)
