"""Variants: one method several times in a study, each under a name of its own."""

from typing import Any

import pytest
import yaml

from study.cells import cells
from study.errors import SpecError
from study.spec import changes, dump, parse_spec
from tests.study.specs import SPEC

ONE_BATCH = {"name": "ct_same_batch", "method": "ct_auc", "set": {"same_batch": True}}


def spec_of(*methods: Any, **more: Any) -> dict[str, Any]:
    return SPEC | {"methods": list(methods)} | more


def test_a_variant_is_a_method_with_values_of_its_own() -> None:
    spec = parse_spec(spec_of("ct_auc", ONE_BATCH, space={"ct_same_batch": {"lr": 0.1}}))
    plain, variant = cells(spec)
    assert (variant.id, variant.method) == ("ct_same_batch__digits-mlp__0.1", "ct_same_batch")
    assert (plain.base, variant.base) == ("ct_auc", "ct_auc")
    assert (plain.variant_of, variant.variant_of) == (None, "ct_auc")
    assert variant.fixed == {**plain.fixed, "same_batch": True, "lr": 0.1}
    assert variant.space == {n: d for n, d in plain.space.items() if n not in ("lr", "same_batch")}
    assert variant.pairs == plain.pairs
    trained = variant.trial({}, {"data_seed": 0, "init_seed": 0, "order_seed": 0})
    assert trained["method"] == "ct_auc"
    assert trained["params"]["same_batch"] is True


def test_a_plain_method_is_as_it_was() -> None:
    plain = cells(parse_spec(spec_of("ct_auc")))[0]
    assert plain == cells(parse_spec(spec_of("ct_auc", ONE_BATCH)))[0]


def test_the_written_spec_gives_the_same_study() -> None:
    spec = parse_spec(spec_of("ce", "ct_auc", ONE_BATCH))
    text = dump(spec)
    assert yaml.safe_load(text)["methods"] == ["ce", "ct_auc", ONE_BATCH]
    again = parse_spec(yaml.safe_load(text))
    assert cells(again) == cells(spec)
    assert dump(again) == text


def test_without_a_search_a_variant_has_the_other_defaults() -> None:
    spec = parse_spec(spec_of("ct_auc", ONE_BATCH, search={"trials": 0}))
    plain, variant = cells(spec)
    assert variant.fixed == {**plain.fixed, "same_batch": True}


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        (spec_of({"name": "a", "method": "ct_auk"}), r"methods\[0\]: .*did you mean 'ct_auc'"),
        (
            spec_of({"name": "a", "method": "ct_auc", "set": {"k": 1}}),
            r"methods\[0\].set.k: ct_auc",
        ),
        (
            spec_of({"name": "a", "method": "ct_auc", "set": {"inner_steps": 0}}),
            r"methods\[0\].set.inner_steps: .*not 0",
        ),
        (
            spec_of({"name": "a", "method": "ce", "set": {"lr": [1]}}),
            r"methods\[0\].set.lr: .*not \[1\]",
        ),
        (spec_of({"name": "a"}), r"methods\[0\].method: is missing"),
        (spec_of({"name": "a", "method": "ce", "sets": {}}), "allowed here are name, method, set"),
        (spec_of({"name": "a b", "method": "ce"}), r"methods\[0\]: name becomes part of a file"),
        (
            spec_of({"name": "ce", "method": "auc_m"}),
            "a variant must have a name of its own, and ce",
        ),
        (
            spec_of({"name": "ce", "method": "ce", "set": {"lr": 1.0}}),
            "must have a name of its own, not that of its method, ce",
        ),
        (spec_of(3), r"methods\[0\]: must be a method's name, or {name: .*, not 3"),
        (spec_of("ct_auc", ONE_BATCH, ONE_BATCH), "must not name 'ct_same_batch' twice"),
        (
            spec_of(ONE_BATCH, ONE_BATCH | {"name": "b"}),
            "b and ct_same_batch would run the same trials",
        ),
        (
            spec_of("ce", {"name": "b", "method": "ce", "set": {}}),
            "b and ce would run the same trials",
        ),
        (
            spec_of("ct_auc", {"name": "b", "method": "ct_auc", "set": {"inner": "moves"}}),
            "b and ct_auc would run the same trials",
        ),
        (
            spec_of(ONE_BATCH, space={"ct_same_batch": {"same_batch": False}}),
            "must not hold what the variant sets, but ct_same_batch sets same_batch",
        ),
        (spec_of(ONE_BATCH, space={"ct_auc": {"lr": 1.0}}), "must only name methods of this study"),
    ],
)
def test_what_is_wrong_is_said(spec: dict[str, Any], words: str) -> None:
    with pytest.raises(SpecError, match=words):
        parse_spec(spec)


def test_a_study_takes_variants_in_and_keeps_them() -> None:
    before = yaml.safe_load(dump(parse_spec(spec_of("ce", "ct_auc"))))
    grown = yaml.safe_load(dump(parse_spec(spec_of("ce", "ct_auc", ONE_BATCH))))
    assert changes(before, grown) == []
    assert changes(grown, before) == ["methods held ct_same_batch, which cannot leave the study."]
    other = ONE_BATCH | {"set": {"same_batch": True, "beta0": 1.0}}
    said = changes(grown, yaml.safe_load(dump(parse_spec(spec_of("ce", "ct_auc", other)))))
    assert said[0].startswith("method ct_same_batch was {name: ct_same_batch, method: ct_auc, ")
