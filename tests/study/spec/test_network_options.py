"""Options of networks in ``space`` and in a profile, and the cells that they make."""

import inspect
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

from study.cell import search_seeds
from study.cells import cells
from study.errors import SpecError
from study.facts import data_facts
from study.fingerprints import fingerprints
from study.spec import changes, check_environment, dump, parse_spec, remarks
from study.words import apart
from trainables.files import checksum
from trainables.models import builder
from trainables.options import types_of

WIDE, DEEP = "tests.study.odd_networks:wide", "tests.study.odd_networks:deep"
WIDTHS = {"width": {"low": 4, "high": 16}}
DROPS = {"drop_rate": {"low": 0, "high": 0.4}}


def task(model: object, name: str = "digits", **more: Any) -> dict[str, Any]:
    return {"name": name, "dataset": "digits", "model": model, "epochs": 1, **more}


def spec_of(options: dict[str, Any], *tasks: dict[str, Any], **more: Any) -> dict[str, Any]:
    space = more.pop("space", {}) | ({"model": options} if options else {})
    return {
        "name": "s",
        "methods": ["ce"],
        "tasks": list(tasks) or [task(WIDE)],
        "imratios": [0.1],
        "search": {"trials": 4},
        "space": space,
        **more,
    }


def test_the_cells_whose_network_has_it_search_it() -> None:
    plain, two = task("mlp", "plain"), task({"name": WIDE, "width": 8}, "two")
    spec = parse_spec(spec_of(DROPS, plain, two))
    without, with_it = cells(spec)
    assert without == cells(parse_spec(spec_of({}, plain)))[0]
    assert with_it.space["model.drop_rate"] == FloatDistribution(0, 0.4)
    assert with_it.id == "ce__two__0.1"
    (before,) = cells(parse_spec(spec_of({}, two)))
    assert before.space == {n: d for n, d in with_it.space.items() if n != "model.drop_rate"}
    assert cells(parse_spec(yaml.safe_load(dump(spec)))) == cells(spec)


def test_ranges_are_of_the_option_s_kind() -> None:
    every: dict[str, Any] = {**WIDTHS, "drop_rate": {"low": 0.01, "high": 0.5, "log": True}}
    every |= {"freeze": {"choices": [None, "1"]}}
    (cell,) = cells(parse_spec(spec_of(every)))
    assert cell.space["model.width"] == IntDistribution(4, 16)
    assert cell.space["model.drop_rate"] == FloatDistribution(0.01, 0.5, log=True)
    assert cell.space["model.freeze"] == CategoricalDistribution([None, "1"])


def test_a_trial_has_the_method_s_and_the_network_s_apart() -> None:
    (cell,) = cells(parse_spec(spec_of(WIDTHS, task({"name": WIDE, "drop_rate": 0.1}))))
    params = {"lr": 0.5, "model.width": 9, "model.freeze": None}
    assert apart(params) == ({"lr": 0.5}, {"width": 9, "freeze": None})
    seeds = search_seeds(cell, 0)
    trial = cell.trial(params, seeds)
    assert trial["params"] == {"lr": 0.5}
    assert trial["network"] == {"width": 9, "drop_rate": 0.1}, "null is left out"
    assert cell.run["network"] == {"drop_rate": 0.1}
    plain = cell.trial({"lr": 0.5}, seeds)
    assert plain == {**trial, "network": {"drop_rate": 0.1}}


def test_what_is_of_a_branch_is_searched_where_there_is_one() -> None:
    merge = {"merge": {"low": 0.2, "high": 0.8}}
    models = (WIDE, {"name": WIDE, "branch": "joint"}, "metadata")
    tasks = [task(model, f"t{place}") for place, model in enumerate(models)]
    searched = cells(parse_spec(spec_of(merge, *tasks)))
    assert ["model.merge" in cell.space for cell in searched] == [False, True, False]
    with pytest.raises(SpecError, match=r"space.model.merge: no task's network has"):
        parse_spec(spec_of(merge, tasks[0]))


def test_a_value_is_as_if_each_task_had_it() -> None:
    (fixed,) = cells(parse_spec(spec_of({"width": 8})))
    (own,) = cells(parse_spec(spec_of({}, task({"name": WIDE, "width": 8}))))
    assert fixed == own
    assert cells(parse_spec(spec_of({"width": 8}, search={"trials": 0})))[0].run == own.run
    check_environment(parse_spec(spec_of({"depth": 2}, task(DEEP))))


def test_a_method_without_hyperparameters_to_search_searches_the_network_s() -> None:
    fixed = {"ce": {"lr": 0.1, "weight_decay": 0}}
    (cell,) = cells(parse_spec(spec_of(WIDTHS, space=fixed, confirm={"seeds": 0})))
    assert (list(cell.space), cell.trials) == (["model.width"], 4)
    few = parse_spec(spec_of({"width": {"choices": [4, 8]}}, space=fixed))
    assert any("2 configurations to search (model.width)" in said for said in remarks(few))
    with pytest.raises(SpecError, match="ce would not run at all"):
        parse_spec(spec_of(WIDTHS, task(WIDE), task("mlp", "b"), space=fixed, confirm={"seeds": 0}))


def test_a_profile_moves_it_from_where_it_stands() -> None:
    def moves(options: dict[str, Any], *tasks: dict[str, Any], **values: Any) -> Any:
        named = {f"model.{name}": value for name, value in values.items()}
        profile = {"values": named, "seeds": 3}
        return cells(parse_spec(spec_of(options, *tasks, profile=profile)))[0].moves

    by_default = moves({}, drop_rate=[0, 0.2], width={"low": 2, "high": 4, "points": 9})
    assert by_default.values == {"model.drop_rate": (0.0, 0.2), "model.width": (2, 3, 4)}
    assert by_default.unmoved == {"model.drop_rate": 0.0, "model.width": 4}
    assert moves(DROPS, drop_rate=[0, 0.2]).unmoved == {}
    assert moves({"drop_rate": 0.3}, drop_rate=[0]).unmoved == {"model.drop_rate": 0.3}
    own = task({"name": WIDE, "drop_rate": 0.1})
    assert moves({}, own, drop_rate=[0]).unmoved == {"model.drop_rate": 0.1}
    assert moves({}, task("mlp"), task(WIDE, "b"), width=[4]) is None


NUMBER = "is not a number: give {choices: "


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        (spec_of({"drop_rat": 0.1}), r"space.model.drop_rat: no .*did you mean 'drop_rate'.*width"),
        (
            spec_of(DROPS, task({"name": WIDE, "drop_rate": 0.1}, "a")),
            "space.model.drop_rate: .* task a sets drop_rate: take it out of one",
        ),
        (spec_of({"width": {"low": 1, "high": 2.5}}), "must hold whole numbers only, not 2.5"),
        (
            spec_of({"activation": {"low": 0, "high": 1}}, task("resnet20")),
            f"activation {NUMBER}",
        ),
        (spec_of(DROPS, search={"trials": 0}), "must be one value where search.trials is 0"),
        (spec_of({"depth": {"choices": [1, 2]}}, task(DEEP)), "depth of .*deep has none"),
        (spec_of({}, task(DEEP)), "needs its option depth"),
        (spec_of({"drop_rate": {"low": 1}}), "space.model.drop_rate.high: is missing"),
        (
            spec_of({}, profile={"values": {"model.widht": [1]}}),
            r"profile.values.model.widht: no .*did you mean 'width'",
        ),
        (
            spec_of(
                {},
                task("resnet20"),
                profile={"values": {"model.activation": {"low": 0, "high": 1, "points": 2}}},
            ),
            "activation is not a number: give a list",
        ),
        (
            {**spec_of({}), "methods": [{"name": "model", "method": "ce", "set": {"lr": 1}}]},
            "methods: must not hold a method or variant called 'model'",
        ),
    ],
)
def test_what_is_wrong_is_one_sentence(spec: dict[str, Any], words: str) -> None:
    with pytest.raises(SpecError, match=words) as refused:
        parse_spec(spec)
    assert len(str(refused.value).splitlines()) == 1


@pytest.mark.parametrize(
    ("spec", "place"),
    [
        (spec_of({"drop_rate": {"low": 0, "high": 1.5}}), "space.model.drop_rate.high"),
        (spec_of({"drop_rate": {"low": -0.1, "high": 1}}), "space.model.drop_rate.low"),
        (spec_of({"width": {"choices": [4, -4, 8]}}), "space.model.width.choices[1]"),
        (spec_of({"width": -1}), "tasks[0].model"),
        (spec_of({}, profile={"values": {"model.width": [4, -1]}}), "profile.values.model.width"),
    ],
)
def test_every_network_of_the_space_is_tried(spec: dict[str, Any], place: str) -> None:
    with pytest.raises(SpecError) as refused:
        check_environment(parse_spec(spec))
    (line,) = str(refused.value).splitlines()
    assert line.startswith(f"study s: {place}: {WIDE} (")
    check_environment(parse_spec(spec_of(DROPS | WIDTHS)))


def resolved(spec: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(dump(parse_spec(spec)))
    return found


def test_a_study_grows_by_what_its_tasks_do_not_have() -> None:
    mlp, wide = task("mlp", "a"), task(WIDE, "b")
    assert "model" not in resolved(spec_of({}))["space"]
    assert changes(resolved(spec_of({}, mlp)), resolved(spec_of(DROPS, mlp, wide))) == []
    begun = resolved(spec_of(DROPS, mlp, wide))
    assert changes(begun, begun) == []
    for options in ({}, {"drop_rate": 0.1}, DROPS | WIDTHS):
        (said,) = changes(begun, resolved(spec_of(options, mlp, wide)))
        assert said.startswith("space.model.")


def test_weights_that_are_searched_are_known_by_their_checksums(tmp_path: Path) -> None:
    file = tmp_path / "w.pth"
    torch.save(builder("resnet20")(1, 8).features.state_dict(), file)
    searched = spec_of({"weights": {"choices": [None, "w.pth"]}}, task("resnet20"))
    study = parse_spec({**searched, "data_root": str(tmp_path)})
    check_environment(study)
    assert fingerprints(cells(study))["weights"] == {"resnet20": {"w.pth": checksum(file)}}
    notes = data_facts(study)["digits"]["notes"]
    assert ["begins with w.pth" in note for note in notes] == [True]
    file.unlink()
    with pytest.raises(SpecError, match=r"space.model.weights.choices\[1\]: weights must be a"):
        check_environment(study)


def test_kinds_by_annotation_or_default() -> None:
    def build(  # type: ignore[no-untyped-def]
        *, a: int | None = None, b: "float" = 1, c=2, d="x", e=None, f: "Path | None" = None
    ) -> None: ...

    found = {name: types_of(each) for name, each in inspect.signature(build).parameters.items()}
    none = type(None)
    assert found == {"a": (int, none), "b": (float,), "c": (int,), "d": (str,), "e": (), "f": ()}
