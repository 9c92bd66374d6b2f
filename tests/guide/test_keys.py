"""Every key of a spec has its line in the guide, with its default and all that it may be."""

import re
from collections.abc import Iterator
from inspect import Parameter, signature
from typing import Any, Literal, get_args, get_origin

import pytest
import yaml
from pydantic.fields import FieldInfo

from study.spec.entries import Model
from study.spec.model import StudySpec
from study.spec.named import OWN_DATA, Network
from study.words import METRICS
from tests.guide.pages import page
from trainables.datasets import DATASETS

NAMES = re.compile(r"`([\w.]+)`")


def rows(text: str) -> Iterator[tuple[list[str], list[str]]]:
    """Of each row of a table that begins with names: the names, and its other cells."""
    for line in text.splitlines():
        if line.startswith("| `"):
            first, *cells = re.split(r" *\| *", line.strip("| "))
            yield NAMES.findall(first), cells


SAID = {name: cells for names, cells in rows(page("7")) for name in names}


def within(annotation: Any) -> Iterator[type[Model]]:
    """The models that a value of this type may be made of."""
    if isinstance(annotation, type) and issubclass(annotation, Model):
        yield annotation
    for part in get_args(annotation):
        yield from within(part)


def allowed(annotation: Any) -> Iterator[object]:
    """The values that a type lists."""
    if get_origin(annotation) is Literal:
        yield from get_args(annotation)
    else:
        for part in get_args(annotation):
            yield from allowed(part)


def keys(model: type[Model], prefix: str = "") -> Iterator[tuple[str, FieldInfo]]:
    """Every key by its path. A section is its keys; what has other forms has a line itself, too."""
    for name, field in model.model_fields.items():
        inner = [each for each in within(field.annotation) if not issubclass(each, Network)]
        for each in inner:
            yield from keys(each, f"{prefix}{name}.")
        if field.annotation not in {form for each in inner for form in (each, each | None)}:
            yield prefix + name, field


KEYS = dict(keys(StudySpec))


def test_every_key_is_explained_and_none_besides() -> None:
    assert {"name", "methods", "methods.set", "space.low", "tasks", "tasks.dataset"} <= set(KEYS)
    assert {"search.trials", "profile.values", "profile.values.points", "evaluation.tta"} < set(
        KEYS
    )
    assert set(SAID) == set(KEYS)


@pytest.mark.parametrize("key", KEYS)
def test_its_default_and_what_it_may_be_are_said(key: str) -> None:
    default, meaning = SAID[key]
    field = KEYS[key]
    if not field.is_required() and field.default_factory is None and field.default is not None:
        assert yaml.safe_load(default.strip("`")) == field.default
    words = {yaml.safe_load(word) for word in NAMES.findall(meaning)}
    assert words >= set(allowed(field.annotation))


def test_every_metric_is_named() -> None:
    assert set(NAMES.findall(SAID["metrics"][1])) >= set(METRICS)
    assert yaml.safe_load(SAID["metrics"][0].strip("`")) == ["auroc"]


def test_every_option_of_ones_own_images_is_explained() -> None:
    given = {"positives", "negatives"}
    for name in OWN_DATA:
        given |= {
            each.name
            for each in signature(DATASETS[name]).parameters.values()
            if each.kind is Parameter.KEYWORD_ONLY
        }
    assert {name for names, _ in rows(page("2")) for name in names} == given
