"""What an older study meant by hyperparameters that its methods have since got: plain data."""

from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import yaml

from study.spec import (
    StudySpec,
    changes,
    dump,
    fixed_params,
    load_spec,
    parse_spec,
    tuned_space,
)
from study.spec.older import before_values, completed, newer_defaults
from tests.study.specs import plain
from trainables.hyperparameters import hyperparameters
from trainables.methods import METHODS

OWN = """
from dataclasses import dataclass

from trainables.hyperparameters import hyperparameter
from trainables.methods.ce import CE


@dataclass(frozen=True)
class Grown(CE):
    newer: float = hyperparameter(1.0, help="newer", source="a test", low=0, before=0.0)
    SPACE = {}
"""
"""A method of the user's own that got a hyperparameter."""

SPEC: dict[str, Any] = {
    "name": "older",
    "methods": ["ce", "ct_auc"],
    "tasks": [{"dataset": "digits", "model": "mlp", "epochs": 3}],
    "imratios": [0.1],
    "search": {"trials": 4},
}


def begun(folder: Path, **inner: Any) -> dict[str, Any]:
    """SPEC's resolved study, written to ``folder``; of ``inner`` it has what is given."""
    spec = yaml.safe_load(dump(parse_spec({**SPEC, "directory": str(folder)})))
    del spec["space"]["ct_auc"]["inner"]
    spec["space"]["ct_auc"] |= inner
    (folder / "study.yaml").write_text(yaml.safe_dump(spec))
    return spec


@pytest.mark.parametrize(
    ("key", "stored", "meant"),
    [
        ("compile", {"compile": True}, True),
        ("compile", {}, False),
        ("precision", {"precision": "bf16"}, "bf16"),
        ("precision", {}, "f32"),
    ],
)
def test_auto_is_what_a_study_that_has_begun_decided(
    tmp_path: Path, key: str, stored: dict[str, Any], meant: object
) -> None:
    spec = begun(tmp_path)
    del spec[key]
    (tmp_path / "study.yaml").write_text(yaml.safe_dump(spec | stored))
    file = tmp_path / "mine.yaml"
    file.write_text(yaml.safe_dump({**SPEC, "directory": str(tmp_path), key: "auto"}))
    assert getattr(load_spec(str(file)), key) == meant


def test_auto_is_open_where_no_study_has_begun(tmp_path: Path) -> None:
    assert now(tmp_path, compile="auto").compile == "auto"


def now(folder: Path, **changed: Any) -> StudySpec:
    """What the user's spec means beside the study in ``folder``."""
    return parse_spec({**SPEC, "directory": str(folder), **changed})


def mixing(stored: dict[str, Any], spec: StudySpec) -> list[str]:
    return changes(completed(stored, spec.methods), yaml.safe_load(dump(spec)))


def test_which_hyperparameters_are_newer_than_their_methods() -> None:
    methods = {method for method in METHODS if before_values(method)}
    assert methods == {"ct_auc", "ct_mixup"}
    for method in methods:
        assert newer_defaults(method) == {"inner": "moves"}
        assert before_values(method) == {"inner": "looks_ahead"}
        known = hyperparameters(METHODS[method])
        for name, value in before_values(method).items():
            known[name].check(value)


def test_a_study_is_completed_by_what_its_methods_meant() -> None:
    lr = {"low": 0.1, "high": 1.0}
    stored = {"name": "s", "space": {"ct_auc": {"lr": lr}, "ct_mixup": {"inner": "exact"}}}
    kept = deepcopy(stored)
    assert completed(stored, [plain("ce"), plain("ct_auc"), plain("ct_mixup")]) == {
        "name": "s",
        "space": {"ct_auc": {"inner": "looks_ahead", "lr": lr}, "ct_mixup": {"inner": "exact"}},
    }
    assert completed(stored, [plain("ct_mixup")]) == stored == kept


def test_a_new_study_says_which_reading_it_takes(tmp_path: Path) -> None:
    for trials in (0, 4):
        spec = now(tmp_path, search={"trials": trials})
        assert fixed_params(spec, plain("ct_auc"))["inner"] == "moves"
        assert "inner" not in fixed_params(spec, plain("ce"))
    searched = now(tmp_path, space={"ct_auc": {"inner": {"choices": ["moves", "exact"]}}})
    assert "inner" in tuned_space(searched, plain("ct_auc"))
    assert "inner" not in fixed_params(searched, plain("ct_auc"))


def test_an_older_study_goes_on_by_a_spec_that_does_not_name_it(tmp_path: Path) -> None:
    stored = begun(tmp_path)
    spec = now(tmp_path, confirm={"seeds": 9})
    assert fixed_params(spec, plain("ct_auc")) == {"inner": "looks_ahead"}
    assert mixing(stored, spec) == []


def test_a_method_that_is_added_later_gets_the_new_default(tmp_path: Path) -> None:
    stored = begun(tmp_path)
    spec = now(tmp_path, methods=["ce", "ct_auc", "ct_mixup"])
    assert fixed_params(spec, plain("ct_auc")) == {"inner": "looks_ahead"}
    assert fixed_params(spec, plain("ct_mixup")) == {"inner": "moves"}
    assert mixing(stored, spec) == []


@pytest.mark.parametrize("inner", ["moves", "looks_ahead", "exact"])
def test_a_study_that_names_its_reading_keeps_it(tmp_path: Path, inner: str) -> None:
    stored = begun(tmp_path, inner=inner)
    spec = now(tmp_path, space={"ct_auc": {"margin": 0.5}})
    assert fixed_params(spec, plain("ct_auc")) == {"inner": inner, "margin": 0.5}
    assert mixing(stored, spec) == ["space.ct_auc.margin was not searched and is now 0.5."]


@pytest.mark.parametrize("inner", ["moves", "exact"])
def test_another_reading_is_a_change(tmp_path: Path, inner: str) -> None:
    stored = begun(tmp_path)
    spec = now(tmp_path, space={"ct_auc": {"inner": inner}})
    assert mixing(stored, spec) == [f"space.ct_auc.inner was looks_ahead and is now {inner}."]


def test_to_search_it_no_more_is_a_change(tmp_path: Path) -> None:
    stored = begun(tmp_path, inner={"choices": ["moves", "exact"]})
    spec = now(tmp_path)
    assert fixed_params(spec, plain("ct_auc")) == {"inner": "moves"}
    assert mixing(stored, spec) == [
        "space.ct_auc.inner was {choices: ['moves', 'exact']} and is now moves."
    ]


@pytest.mark.parametrize(
    "text", ["", "[", "- 1", "name: s", "space: 3", "space: [ct_auc]", "space: {ct_auc: null}"]
)
def test_what_is_no_study_changes_nothing(tmp_path: Path, text: str) -> None:
    alone = now(tmp_path)
    (tmp_path / "study.yaml").write_text(text)
    assert now(tmp_path) == alone


def test_a_method_of_ones_own_may_grow_likewise(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "grown_method.py").write_text(OWN)
    monkeypatch.syspath_prepend(tmp_path)
    name = "grown_method:Grown"
    spec = {**SPEC, "methods": [name], "directory": str(tmp_path)}
    assert fixed_params(parse_spec(spec), plain(name)) == {"newer": 1.0}
    (tmp_path / "study.yaml").write_text(yaml.safe_dump({"space": {name: {}}}))
    assert fixed_params(parse_spec(spec), plain(name)) == {"newer": 0.0}
