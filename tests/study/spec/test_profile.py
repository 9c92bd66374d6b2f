"""What a spec may ask of profiles and of repeated searches, and what becomes of it."""

from typing import Any

import pytest
import yaml

from study.cells import cells
from study.errors import SpecError
from study.spec import changes, dump, parse_spec, remarks
from tests.study.specs import SPEC

MARGINS = {"margin": [0.1, 0.5, 1]}


def spec_of(values: dict[str, Any], **more: Any) -> dict[str, Any]:
    return SPEC | {"profile": {"values": values} | more.pop("profile", {})} | more


def values_of(entry: Any, name: str, method: str) -> list[Any]:
    spec = parse_spec(spec_of({name: entry}, methods=[method]))
    (cell,) = cells(spec)
    assert cell.moves is not None
    return list(cell.moves.values[name])


def test_each_method_that_has_it_is_moved() -> None:
    ce, auc_m = cells(parse_spec(spec_of(MARGINS)))
    assert ce.moves is None
    assert auc_m.moves is not None
    assert auc_m.moves.values == {"margin": (0.1, 0.5, 1.0)}
    assert auc_m.moves.unmoved == {}
    assert (auc_m.moves.seeds, auc_m.moves.test) == (3, False)


def test_what_is_not_searched_is_moved_from_where_it_stands() -> None:
    spec = spec_of(MARGINS | {"clip": [None, 1]}, space={"auc_m": {"margin": 0.5}})
    _, auc_m = cells(parse_spec(spec))
    assert auc_m.moves is not None
    assert auc_m.moves.unmoved == {"margin": 0.5, "clip": None}
    assert auc_m.moves.around({}) == [("margin", 0.1), ("margin", 1.0), ("clip", 1.0)]


@pytest.mark.parametrize(
    ("method", "name", "fixed", "moved"),
    [
        ("ce", "mixup_alpha", {}, False),
        ("ce", "mixup_alpha", {"mix": "cutmix"}, True),
        ("ce", "mixup_alpha", {"mix": {"choices": ["none", "mixup"]}}, True),
        ("ce_mixup", "mixup_alpha", {}, True),
        ("ce_mixup", "mixup_alpha", {"mix": "none"}, False),
        ("auc_m", "epoch_decay", {}, True),
        ("auc_m", "epoch_decay", {"optimizer": "adam"}, False),
        ("ct_auc", "epoch_decay", {}, True),
        ("two_stage", "sam_rho", {}, False),
        ("two_stage", "sam_rho", {"pretrain_optimizer": "sam"}, True),
    ],
)
def test_what_does_nothing_in_a_method_as_it_is_set_is_not_moved(
    method: str, name: str, fixed: dict[str, Any], moved: bool
) -> None:
    spec = parse_spec(spec_of({name: [0.1, 0.5]}, methods=[method], space={method: fixed}))
    (cell,) = cells(spec)
    assert (cell.moves is not None) == moved


def test_a_search_of_what_does_nothing_is_remarked() -> None:
    alpha = {"mixup_alpha": {"low": 0.1, "high": 1}}

    def said(**more: Any) -> bool:
        spec = parse_spec(SPEC | {"space": {"ce": alpha | more}})
        return any("which does nothing with mix none. " in each for each in remarks(spec))

    assert said()
    assert not said(mix="mixup")


def test_grids() -> None:
    tenths = {"low": 0.1, "high": 0.5, "points": 5}
    assert values_of(tenths, "margin", "auc_m") == [0.1, 0.2, 0.3, 0.4, 0.5]
    decades = {"low": 0.001, "high": 1, "points": 4}
    assert values_of(decades, "lr", "ce") == [0.001, 0.01, 0.1, 1.0], "log, as its search space is"
    assert values_of(decades | {"log": False}, "lr", "ce") == [0.001, 0.334, 0.667, 1.0]
    steps = values_of({"low": 1, "high": 3, "points": 9}, "inner_steps", "ct_auc")
    assert steps == [1, 2, 3]
    assert all(type(step) is int for step in steps)


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        (spec_of({}), "profile.values: must not be empty"),
        (spec_of({"margn": [1]}), r"profile.values.margn: no method .*did you mean 'margin'"),
        (spec_of({"margin": [-1]}), r"profile.values.margin: .*not -1"),
        (spec_of({"margin": []}), "profile.values.margin: must not be empty"),
        (spec_of({"margin": [1, 1]}), "must not name 1 twice"),
        (spec_of({"margin": {"low": 1, "high": 0, "points": 3}}), "low must be below high"),
        (spec_of({"margin": {"low": 0, "high": 1, "points": 1}}), "points: must be at least 2"),
        (spec_of({"margin": {"low": 0, "high": 1}}), "profile.values.margin.points: is missing"),
        (
            spec_of({"margin": {"low": 0, "high": 1, "points": 3, "step": 1}}),
            "allowed here are low, high, points, log",
        ),
        (
            spec_of({"score_map": {"low": 0, "high": 1, "points": 3}}),
            "score_map is not a number: give a list of values",
        ),
        (spec_of(MARGINS, profile={"seeds": 6}), "profile.seeds must be some of the confirm seeds"),
        (spec_of(MARGINS, profile={"values": MARGINS, "sets": 1}), "are values, seeds, test"),
        (spec_of(MARGINS, confirm={"seeds": 0}), "profile.seeds must be some of the confirm seeds"),
        (
            SPEC | {"search": {"trials": 4, "repeats": 2}},
            "confirm.seeds must be a multiple of search.repeats, .* but they are 5 and 2",
        ),
        (SPEC | {"search": {"trials": 4, "repeats": 0}}, "search.repeats: must be at least 1"),
        (
            spec_of(MARGINS, search={"trials": 4, "repeats": 2}, confirm={"seeds": 6}),
            "profile.seeds is 3, confirm.seeds 6 and search.repeats 2",
        ),
    ],
)
def test_what_is_wrong_is_said(spec: dict[str, Any], words: str) -> None:
    with pytest.raises(SpecError, match=words):
        parse_spec(spec)


def resolved(spec: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(dump(parse_spec(spec)))
    return found


def test_the_written_spec_gives_the_same_study() -> None:
    spec = parse_spec(spec_of(MARGINS | {"lr": {"low": 0.01, "high": 1, "points": 3}}))
    assert cells(parse_spec(yaml.safe_load(dump(spec)))) == cells(spec)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (SPEC, spec_of(MARGINS)),
        (spec_of(MARGINS), spec_of({"margin": [0.1, 0.3, 0.5, 1]})),
        (spec_of(MARGINS), spec_of(MARGINS | {"lr": [0.1]})),
        (spec_of(MARGINS), spec_of(MARGINS, profile={"seeds": 4})),
        (SPEC, SPEC | {"search": {"trials": 4, "repeats": 2}, "confirm": {"seeds": 10}}),
    ],
)
def test_a_study_may_grow_by_it(before: dict[str, Any], after: dict[str, Any]) -> None:
    assert changes(resolved(before), resolved(after)) == []


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        (spec_of(MARGINS), SPEC, "profile was there and cannot leave the study."),
        (
            spec_of(MARGINS),
            spec_of({"margin": [0.1, 1]}),
            "profile.values.margin held 0.5, which cannot leave the study.",
        ),
        (
            spec_of(MARGINS),
            spec_of(MARGINS, profile={"seeds": 2}),
            "profile.seeds was 3 and cannot fall to 2.",
        ),
        (
            spec_of(MARGINS),
            spec_of(MARGINS, profile={"test": True}),
            "profile.test was false and is now true.",
        ),
        (
            SPEC | {"search": {"trials": 4, "repeats": 2}, "confirm": {"seeds": 6}},
            SPEC | {"search": {"trials": 4, "repeats": 3}, "confirm": {"seeds": 6}},
            "confirm.seeds / search.repeats was 3 and cannot fall to 2.",
        ),
        (
            SPEC | {"search": {"trials": 4, "repeats": 2}, "confirm": {"seeds": 6}},
            SPEC | {"confirm": {"seeds": 6}},
            "search.repeats was 2 and cannot fall to 1.",
        ),
    ],
)
def test_nothing_leaves_a_study(before: dict[str, Any], after: dict[str, Any], said: str) -> None:
    assert changes(resolved(before), resolved(after)) == [said]


def test_a_study_that_knew_no_profile_goes_on() -> None:
    stored = resolved(SPEC)
    del stored["profile"]
    del stored["search"]["repeats"]
    assert changes(stored, resolved(SPEC)) == []
    assert changes(stored, resolved(spec_of(MARGINS))) == []
