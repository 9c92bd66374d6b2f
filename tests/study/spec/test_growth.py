"""Which edits a study that has begun accepts."""

from copy import deepcopy
from typing import Any

import pytest
import yaml

from study.spec import changes, dump, parse_spec

BEGUN: dict[str, Any] = {
    "name": "small",
    "methods": ["ce", "auc_m"],
    "tasks": [{"dataset": "digits", "model": "mlp", "epochs": 3}],
    "imratios": [0.1, None],
    "search": {"trials": 4},
    "confirm": {"seeds": 2},
    "storage": "postgresql://me:${OLD}@host/db",
}

Edit = dict[str, Any]


def resolved(edit: Edit) -> dict[str, Any]:
    spec = deepcopy(BEGUN)
    for key, value in edit.items():
        spec[key] = {**spec[key], **value} if isinstance(spec.get(key), dict) else value
    found: dict[str, Any] = yaml.safe_load(dump(parse_spec(spec)))
    return found


OTHER_TASK = {"dataset": "digits", "model": "small_cnn", "epochs": 7}


@pytest.mark.parametrize(
    "edit",
    [
        {},
        {"search": {"trials": 40}},
        {"search": {"random_trials": 1}},
        {"confirm": {"seeds": 9}},
        {"confirm": {"embeddings": 2}},
        {"diagnostics": True},
        {"methods": ["focal", "auc_m", "ce"]},
        {"imratios": [None, 0.3, 0.1]},
        {"tasks": [OTHER_TASK, *BEGUN["tasks"]]},
        {"resources": {"cpus": 2}},
        {"execution": "eager"},
        {"metrics": ["auprc", "brier"], "equivalence": 0.02},
        {"execution": "graph", "resources": {"gpus": 1}},
        {"data_root": "/elsewhere", "directory": "/moved", "download": True},
        {"storage": "postgresql://me:${NEW}@host/db"},
        {"storage": "postgresql://me@host/db"},
        {"space": {"ce": {"lr": {"low": 0.01, "high": 1.0}}}},  # as it was, now in words
    ],
)
def test_growth_is_accepted(edit: Edit) -> None:
    assert changes(resolved({}), resolved(edit)) == []


def test_a_study_that_does_not_tell_of_warm_starts_has_none() -> None:
    begun = resolved({})
    del begun["search"]["warm_start"]
    assert changes(begun, resolved({})) == []
    (told,) = changes(begun, resolved({"search": {"warm_start": True}}))
    assert told == "search.warm_start was false and is now true."


def test_a_study_that_does_not_tell_its_execution_goes_on() -> None:
    older = resolved({})
    del older["execution"]
    for edit in ({}, {"execution": "graph", "resources": {"gpus": 1}}):
        assert changes(older, resolved(edit)) == []


def test_a_study_that_does_not_tell_what_it_selects_by_selects_by_auroc() -> None:
    older = resolved({})
    del older["select"]
    assert changes(older, resolved({})) == []
    assert changes(older, resolved({"select": "auprc"})) == ["select was auroc and is now auprc."]


@pytest.mark.parametrize("key", ["compile", "channels_last"])
def test_a_study_that_does_not_tell_how_networks_run_ran_them_as_they_are(key: str) -> None:
    older = resolved({})
    del older[key]
    assert changes(older, resolved({})) == []
    assert changes(older, resolved({key: True})) == [f"{key} was false and is now true."]
    assert changes(resolved({key: True}), resolved({})) == [f"{key} was true and is now false."]


def test_a_study_that_does_not_tell_of_evaluations_evaluated_plainly() -> None:
    older = resolved({})
    assert older.pop("evaluation") == {}
    assert changes(older, resolved({})) == []
    for edit in ({"tta": 8}, {"ema": 0.99}, {"swa": 0.25}):
        (name, value), *_ = edit.items()
        (told,) = changes(older, resolved({"evaluation": edit}))
        assert told == f"evaluation was {{}} and is now {{{name}: {value}}}."
        assert changes(resolved({"evaluation": edit}), resolved({"evaluation": edit})) == []


def test_with_a_budget_of_seconds_execution_stays_where_it_matters() -> None:
    timed: Edit = {"tasks": [{**BEGUN["tasks"][0], "budget": "seconds", "seconds": 9}]}
    gpu: Edit = {**timed, "resources": {"gpus": 1}}
    older = resolved(timed)
    del older["execution"]
    assert changes(older, resolved(timed)) == []
    assert changes(older, resolved({**gpu, "execution": "eager"})) == []
    assert changes(older, resolved(gpu)) == ["execution was eager and is now auto."]
    assert changes(resolved(timed), resolved({**timed, "execution": "eager"})) == []
    assert changes(resolved(gpu), resolved({**gpu, "execution": "graph"})) == [
        "execution was auto and is now graph."
    ]


def task(**fields: Any) -> Edit:
    return {"tasks": [{**BEGUN["tasks"][0], **fields}]}


@pytest.mark.parametrize(
    ("edit", "sentence"),
    [
        ({"name": "big"}, "name was small and is now big."),
        ({"seed": 1}, "seed was 0 and is now 1."),
        ({"precision": "bf16"}, "precision was f32 and is now bf16."),
        (task(epochs=4, intervals=3), "epochs of task digits-mlp was 3 and is now 4."),
        (task(intervals=1), "intervals of task digits-mlp was 3 and is now 1."),
        (task(batch_size=64), "batch_size of task digits-mlp was 128 and is now 64."),
        (task(validation="after"), "validation of task digits-mlp was before and is now after."),
        (task(positive_rate=0.5), "positive_rate of task digits-mlp was null and is now 0.5."),
        (task(augmentation="flip"), "augmentation of task digits-mlp was null and is now flip."),
        (
            task(model="small_cnn", name="digits-mlp"),
            "model of task digits-mlp was mlp and is now small_cnn.",
        ),
        (task(name="other"), "tasks held digits-mlp, which cannot leave the study."),
        ({"methods": ["ce"]}, "methods held auc_m, which cannot leave the study."),
        ({"imratios": [0.1]}, "imratios held null, which cannot leave the study."),
        ({"search": {"trials": 3}}, "search.trials was 4 and cannot fall to 3."),
        ({"confirm": {"seeds": 0}}, "confirm.seeds was 2 and cannot fall to 0."),
        ({"search": {"sampler": "random"}}, "search.sampler was tpe and is now random."),
        ({"search": {"pruner": "none"}}, "search.pruner was asha and is now none."),
        ({"search": {"warm_start": True}}, "search.warm_start was false and is now true."),
        ({"search": {"grace": 2}}, "search.grace was 1 and is now 2."),
        ({"storage": None}, "storage was postgresql://me@host/db and is now null."),
        (
            {"space": {"auc_m": {"margin": {"low": 0.2, "high": 1.0}}}},
            "space.auc_m.margin was {low: 0.1, high: 1.0, log: false} and is now "
            "{low: 0.2, high: 1.0, log: false}.",
        ),
        (
            {"space": {"auc_m": {"clip": 1.0}}},
            "space.auc_m.clip was not searched and is now 1.0.",
        ),
    ],
)
def test_what_would_mix_results_is_named(edit: Edit, sentence: str) -> None:
    assert changes(resolved({}), resolved(edit)) == [sentence]


def test_a_study_without_search_stays_so() -> None:
    fixed = {"space": {"ce": dict.fromkeys(("lr", "weight_decay"), 0.1)}, "methods": ["ce"]}
    without = resolved({**fixed, "search": {"trials": 0}})
    assert (
        changes(without, resolved({**fixed, "search": {"trials": 0}, "confirm": {"seeds": 9}}))
        == []
    )
    searched = {**fixed, "space": {"ce": {"lr": 0.1}}, "search": {"trials": 2}}
    assert changes(without, resolved(searched)) == [
        "space.ce.weight_decay was 0.1 and is now {low: 1e-05, high: 0.001, log: true}."
    ]


def test_every_difference_is_named() -> None:
    both = changes(resolved({}), resolved({"seed": 1, "methods": ["focal"]}))
    assert len(both) == 3
