"""The spec: what it takes, what it refuses, and in which words."""

from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import yaml
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

from search_spaces import SPACES
from study.cells import cells
from study.errors import SpecError
from study.spec import (
    data_root,
    directory_of,
    dump,
    find_directory,
    fixed_params,
    load_spec,
    parse_spec,
    preset_names,
    tuned_space,
)
from trainables.hyperparameters import hyperparameters
from trainables.methods import METHODS

SPEC: dict[str, Any] = {
    "name": "small",
    "methods": ["ce", "auc_m"],
    "tasks": [{"dataset": "digits", "model": "mlp", "epochs": 3}],
    "imratios": [0.1],
    "search": {"trials": 4},
}

OWN_MODULE = '''
from dataclasses import dataclass

from optuna.distributions import FloatDistribution

from search_spaces.ranges import Range
from trainables.methods.ce import CE


@dataclass(frozen=True)
class Mine(CE):
    """CE again."""

    SPACE = {"momentum": Range(FloatDistribution(0.0, 0.9), (0.9,), "ours")}


@dataclass(frozen=True)
class Spaceless(CE):
    """CE without a search space."""
'''


def edited(*path: str | int, value: Any) -> dict[str, Any]:
    """SPEC with the value at ``path`` set, through dicts and lists."""
    spec = deepcopy(SPEC)
    place: Any = spec
    for step in path[:-1]:
        place = place.setdefault(step, {}) if isinstance(place, dict) else place[step]
    place[path[-1]] = value
    return spec


def test_defaults() -> None:
    spec = parse_spec(SPEC)
    task = spec.tasks[0]
    assert (task.name, task.intervals, task.batch_size) == ("digits-mlp", 3, 128)
    assert (spec.search.random_trials, spec.search.sampler, spec.search.pruner) == (
        4,
        "tpe",
        "asha",
    )
    assert (spec.confirm.seeds, spec.seed, spec.precision) == (5, 0, "f32")
    assert (spec.resources.cpus, spec.resources.gpus, spec.download) == (1.0, 0.0, False)


def test_null_means_the_default() -> None:
    spec = edited("tasks", 0, "intervals", value=None) | {"storage": None, "confirm": None}
    assert parse_spec(spec) == parse_spec(SPEC)


def test_folders(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("AUCSTUDY_DATA", raising=False)
    assert directory_of(parse_spec(SPEC)) == tmp_path / "studies" / "small"
    assert data_root(parse_spec(SPEC)) == tmp_path / "data"
    monkeypatch.setenv("AUCSTUDY_DATA", "/some/where")
    assert data_root(parse_spec(SPEC)) == Path("/some/where")
    named = parse_spec(SPEC | {"data_root": "here", "directory": "there"})
    assert data_root(named) == tmp_path / "here"
    assert directory_of(named) == tmp_path / "there"


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "unknown key": (edited("serach", value=1), "did you mean 'search'.*name, seed, methods"),
    "unknown key below": (edited("search", "trails", value=1), "trials, random_trials, sampler"),
    "unknown key of a task": (edited("tasks", 0, "epoch", value=1), "did you mean 'epochs'"),
    "unknown key of a range": (
        edited("space", "ce", "lr", value={"low": 1, "high": 2, "lgo": True}),
        "space.ce.lr.lgo: .*low, high, log, step",
    ),
    "unknown key of choices": (
        edited("space", "ce", "lr", value={"choices": [0.1], "log": True}),
        "space.ce.lr.log: is not a known key: allowed here are choices",
    ),
    "missing key": ({k: v for k, v in SPEC.items() if k != "imratios"}, "imratios: is missing"),
    "unknown method": (
        edited("methods", value=["ce", "auc_mix"]),
        r"methods\[1\]: .*ce, .*package.module:object.*'auc_mix' \(did you mean 'auc_mixup'\?\)",
    ),
    "unknown data set": (
        edited("tasks", 0, "dataset", value="cifar11"),
        r"tasks\[0\].dataset: .*digits, cifar10.*'cifar11'",
    ),
    "unknown model": (edited("tasks", 0, "model", value="resnet"), "resnet20.*'resnet'"),
    "module that is not there": (edited("methods", value=["no_such.thing:x"]), "no_such"),
    "imratio of 0": (edited("imratios", value=[0]), r"imratios\[0\]: .*above 0 and at most 0.5"),
    "imratio above a half": (edited("imratios", value=[0.1, 0.6]), r"imratios\[1\]: .*not 0.6"),
    "imratio that is no number": (edited("imratios", value=["x"]), "must be a number, not 'x'"),
    "imratio that is true": (edited("imratios", value=[True]), "must be a number, not True"),
    "imratio twice": (edited("imratios", value=[0.1, 0.1]), "must not name 0.1 twice"),
    "natural ratio twice": (edited("imratios", value=[None, None]), "must not name None twice"),
    "no imratios": (edited("imratios", value=[]), "imratios: must not be empty"),
    "no methods": (edited("methods", value=[]), "methods: must not be empty"),
    "method twice": (edited("methods", value=["ce", "ce"]), "must not name 'ce' twice"),
    "methods that are no list": (edited("methods", value="ce"), "must be a list.*not 'ce'"),
    "no tasks": (edited("tasks", value=[]), "tasks: must not be empty"),
    "two tasks of one name": (edited("tasks", value=SPEC["tasks"] * 2), "two tasks called"),
    "half an epoch": (edited("tasks", 0, "epochs", value=0.5), "must be a whole number, not 0.5"),
    "no epochs": (edited("tasks", 0, "epochs", value=0), "epochs: must be at least 1, not 0"),
    "epochs as a word": (edited("tasks", 0, "epochs", value="many"), "whole number, not 'many'"),
    "true epochs": (edited("tasks", 0, "epochs", value=True), "must be a number, not True"),
    "negative trials": (edited("search", "trials", value=-1), "search.trials: must be at least 0"),
    "nothing to run": (
        {
            **edited("space", "ce", value={"lr": 0.1, "weight_decay": 0}),
            "confirm": {"seeds": 0},
        },
        r"methods\[0\]: ce would not run at all: it has nothing to search, and confirm.seeds is 0",
    ),
    "range without a search": (
        {**SPEC, "search": {"trials": 0}, "space": {"ce": {"lr": {"low": 0.1, "high": 1}}}},
        "space.ce.lr: must be one value where search.trials is 0, not several",
    ),
    "choices without a search": (
        {**SPEC, "search": {"trials": 0}, "space": {"auc_m": {"margin": {"choices": [0.5, 1]}}}},
        "space.auc_m.margin: must be one value where search.trials is 0, not several",
    ),
    "negative seeds": (edited("confirm", "seeds", value=-1), "must be at least 0, not -1"),
    "sampler": (edited("search", "sampler", value="grid"), "must be 'tpe' or 'random', not 'grid'"),
    "reduction": (edited("search", "reduction", value=1), "must be at least 2, not 1"),
    "grace too long": (edited("search", "grace", value=9), "search.grace must be at most.*has 3"),
    "seconds without their budget": (
        edited("tasks", 0, "seconds", value=60),
        "seconds must be given with budget: seconds and with no other, but budget is epochs",
    ),
    "budget of seconds without any": (
        edited("tasks", 0, "budget", value="seconds"),
        "but budget is seconds and seconds is null",
    ),
    "negative easy positives": (
        edited("tasks", 0, "easy_positives", value=-1),
        "easy_positives: must be at least 0, not -1",
    ),
    "half the labels wrong": (
        edited("tasks", 0, "label_noise", value=0.5),
        "label_noise: must be at least 0 and below 0.5.*not 0.5",
    ),
    "budget": (edited("tasks", 0, "budget", value="steps"), "'gradient_evaluations' or 'seconds'"),
    "positive rate": (edited("tasks", 0, "positive_rate", value=1), "above 0 and below 1"),
    "range reversed": (
        edited("space", "auc_m", "margin", value={"low": 1, "high": 0.1}),
        "space.auc_m.margin: low must be below high, but 1 is not below 0.1",
    ),
    "range of one point": (
        edited("space", "auc_m", "margin", value={"low": 1, "high": 1}),
        "low must be below high",
    ),
    "range outside": (
        edited("space", "auc_m", "margin", value={"low": -1, "high": 1}),
        r"space.auc_m.margin.low: margin must be .*\(0, inf\).*not -1",
    ),
    "range without an end": (
        edited("space", "auc_m", "margin", value={"low": 0.1}),
        "space.auc_m.margin.high: is missing",
    ),
    "log range from 0": (
        edited("space", "ce", "weight_decay", value={"low": 0, "high": 1, "log": True}),
        "a log range must begin above 0",
    ),
    "log and step": (
        edited("space", "ce", "lr", value={"low": 1, "high": 2, "log": True, "step": 1}),
        "log and step exclude each other",
    ),
    "step that does not divide": (
        edited("space", "ce", "lr", value={"low": 0.1, "high": 1, "step": 0.4}),
        "a high that is low plus a whole number of steps",
    ),
    "choice outside": (
        edited("space", "auc_m", "score_map", value={"choices": ["sigmoid", "softmax"]}),
        r"space.auc_m.score_map.choices\[1\]: .*'bsn'.*not 'softmax'",
    ),
    "no choices": (edited("space", "ce", "lr", value={"choices": []}), "must not be empty"),
    "value outside": (edited("space", "ce", "lr", value=-1), "space.ce.lr: lr must be.*not -1"),
    "value of another type": (edited("space", "ce", "lr", value="fast"), "not 'fast'"),
    "list for a value": (
        edited("space", "ce", "lr", value=[0.1, 0.2]),
        r"space.ce.lr: must be a value, \{low: ..., high: ...\} or \{choices: \[...\]\}",
    ),
    "range for a word": (
        edited("space", "auc_m", "score_map", value={"low": 0, "high": 1}),
        "score_map is not a number",
    ),
    "hyperparameter of another method": (
        edited("space", "ce", "margin", value=0.5),
        "space.ce.margin: ce has no such hyperparameter.*lr, weight_decay",
    ),
    "space of a method that is not searched": (
        edited("space", "focal", "lr", value=0.5),
        r"space: must only name methods of this study \(ce, auc_m\), not 'focal'",
    ),
    "name with a folder": (edited("name", value="../up"), "name: becomes part of a file name"),
    "name that is a folder": (edited("name", value=".."), "name: becomes part of a file name"),
    "name that is empty": (edited("name", value=""), "name: becomes part of a file name"),
    "name that is a number": (edited("name", value=7), "must be text .in quotes"),
    "task's name": (edited("tasks", 0, "name", value="a/b"), r"tasks\[0\].name: becomes part"),
    "gpus": (edited("resources", "gpus", value=1.5), "a whole number, or a share of one GPU"),
    "cpus": (edited("resources", "cpus", value=0), "resources.cpus: must be above 0, not 0"),
    "precision": (edited("precision", value="f16"), "must be 'f32' or 'bf16', not 'f16'"),
    "storage": (edited("storage", value="study.db"), "must be a database URL"),
    "download": (edited("download", value="perhaps"), "must be true or false"),
    "infinite": (
        edited("space", "ce", "lr", value={"low": 1, "high": float("inf")}),
        "must be a finite number",
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_refusal_is_a_sentence(case: str) -> None:
    spec, words = WRONG[case]
    with pytest.raises(SpecError, match=words) as refusal:
        parse_spec(spec, title="file.yaml")
    message = str(refusal.value)
    assert message.startswith("file.yaml: ")
    assert message.endswith(".")
    assert "\n" not in message, "one thing is wrong, so one sentence"
    assert "pydantic" not in message


def test_every_problem_has_its_line(tmp_path: Path) -> None:
    file = tmp_path / "two.yaml"
    file.write_text(
        "name: two\nmethods: [ce]\ntasks:\n- {dataset: digits, model: mlp, epochs: 0}\n"
        "imratios: [0.1,\n  0.9]\nsearch: {trials: 3}\nsede: 1\n"
    )
    with pytest.raises(SpecError) as refusal:
        load_spec(str(file))
    lines = str(refusal.value).splitlines()
    assert [line.partition(": ")[0] for line in lines] == [
        f"{file}, line {number}" for number in (4, 6, 8)
    ]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("name: [a", "line 1: is not valid YAML"),
        ("name: a\n\tmethods: b", "line 2: is not valid YAML"),
        ("name: a\nname: b", "line 2: is not valid YAML: the key 'name' stands twice"),
        ("", "must hold the keys of a study"),
        ("- a", "must hold the keys of a study"),
        ("name: !!python/object/apply:os.system ['true']", "is not valid YAML"),
        ("name: a\nimratios: &a [*a]", "imratios"),
        ("a: b\x00", "is not valid YAML"),
        ("[" * 5000, "is not valid YAML"),
        ("? {a: b}\n: c", "is not valid YAML"),
        ("name: 2026-99-99", "is not valid YAML"),
    ],
)
def test_malformed_files(tmp_path: Path, text: str, words: str) -> None:
    file = tmp_path / "bad.yaml"
    file.write_text(text)
    with pytest.raises(SpecError, match=words):
        load_spec(str(file))


def test_not_found(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match=r"quickstart.*no file quickstrat .did you mean 'quickst"):
        load_spec("quickstrat")
    with pytest.raises(SpecError, match=r"holds no study.yaml"):
        load_spec(str(tmp_path))
    (tmp_path / "latin.yaml").write_bytes(b"name: \xff")
    with pytest.raises(SpecError, match=r"latin.yaml cannot be read as UTF-8"):
        load_spec(str(tmp_path / "latin.yaml"))


@pytest.mark.parametrize("number", ["1e-3", "1E-3", ".001", "1.e-3", "'1e-3'", "0.001"])
def test_every_spelling_of_a_number(tmp_path: Path, number: str) -> None:
    file = tmp_path / "a.yaml"
    text = yaml.safe_dump(SPEC | {"imratios": ["RATIO", None]}).replace("RATIO", number)
    file.write_text(text + f"space: {{ce: {{lr: {{low: {number}, high: 1}}}}}}")
    spec = load_spec(str(file))
    assert spec.imratios == [0.001, None]
    assert tuned_space(spec, "ce")["lr"] == FloatDistribution(0.001, 1, log=True)


def test_plain_exponent_is_a_number_for_a_fixed_value(tmp_path: Path) -> None:
    file = tmp_path / "a.yaml"
    file.write_text(yaml.safe_dump(SPEC) + "space: {ce: {lr: 2e-1}}")
    assert fixed_params(load_spec(str(file)), "ce") == {"lr": 0.2}


def test_space_of_the_method_by_default() -> None:
    spec = parse_spec(SPEC)
    for method in spec.methods:
        wanted = {name: found.distribution for name, found in SPACES[method].items()}
        assert tuned_space(spec, method) == wanted
        assert fixed_params(spec, method) == {}


def test_space_of_the_spec() -> None:
    spec = parse_spec(
        SPEC
        | {
            "space": {
                "auc_m": {
                    "margin": {"low": 0.2, "high": 0.6, "step": 0.2},
                    "lr": {"low": 0.05, "high": 0.5},
                    "weight_decay": 0,
                    "clip": None,
                    "score_map": {"choices": ["sigmoid", "raw"]},
                }
            }
        }
    )
    assert tuned_space(spec, "auc_m") == {
        "lr": FloatDistribution(0.05, 0.5, log=True),  # the method's own range is logarithmic
        "margin": FloatDistribution(0.2, 0.6, step=0.2),
        "epoch_decay": SPACES["auc_m"]["epoch_decay"].distribution,
        "score_map": CategoricalDistribution(["sigmoid", "raw"]),
    }
    assert fixed_params(spec, "auc_m") == {"weight_decay": 0, "clip": None}
    assert tuned_space(spec, "ce") == tuned_space(parse_spec(SPEC), "ce")


def test_whole_numbers_stay_whole() -> None:
    spec = SPEC | {"methods": ["ct_auc"]}
    narrowed = parse_spec(spec | {"space": {"ct_auc": {"inner_steps": {"low": 1, "high": 2}}}})
    assert tuned_space(narrowed, "ct_auc")["inner_steps"] == IntDistribution(1, 2)
    with pytest.raises(SpecError, match=r"inner_steps.high: .*whole number.*not 2.5"):
        parse_spec(spec | {"space": {"ct_auc": {"inner_steps": {"low": 1, "high": 2.5}}}})


def test_own_method(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "own_for_spec.py").write_text(OWN_MODULE)
    (tmp_path / "own_broken.py").write_text("1 / 0")
    monkeypatch.syspath_prepend(tmp_path)
    spec = parse_spec(SPEC | {"methods": ["ce", "own_for_spec:Mine"]})
    assert tuned_space(spec, "own_for_spec:Mine") == {"momentum": FloatDistribution(0, 0.9)}
    for name, words in {
        "own_for_spec:Spaceless": "must carry its search space",
        "own_for_spec:dataclass": "must be a class that inherits",
        "own_for_spec:Nothing": "Nothing",
        "own_broken:Mine": "fails to import .ZeroDivisionError",
    }.items():
        with pytest.raises(SpecError, match=words):
            parse_spec(SPEC | {"methods": [name]})


def test_task_of_own_objects_has_a_name_for_files() -> None:
    task = {"dataset": "trainables.datasets.digits:read_digits", "model": "mlp", "epochs": 1}
    spec = parse_spec(SPEC | {"tasks": [task]})
    assert spec.tasks[0].name == "trainables.datasets.digits-read_digits-mlp"


@pytest.mark.parametrize("name", preset_names())
def test_dump_gives_the_same_study(name: str, tmp_path: Path) -> None:
    spec = load_spec(name)
    file = tmp_path / "study.yaml"
    file.write_text(dump(spec))
    again = load_spec(str(file))
    assert again.model_copy(update={"space": {}}) == spec.model_copy(update={"space": {}})
    for method in spec.methods:
        assert tuned_space(again, method) == tuned_space(spec, method)
        assert fixed_params(again, method) == fixed_params(spec, method)
    assert dump(again) == dump(spec)


def test_without_a_search_a_method_keeps_its_defaults(tmp_path: Path) -> None:
    """What a search would tune is written out, so that later defaults do not change the study."""
    spec = parse_spec({**SPEC, "search": {"trials": 0}, "space": {"auc_m": {"clip": 1.0}}})
    known = hyperparameters(METHODS["auc_m"])
    tuned = {name: known[name].default for name in SPACES["auc_m"]}
    assert tuned_space(spec, "auc_m") == {}
    assert fixed_params(spec, "auc_m") == {**tuned, "clip": 1.0}
    file = tmp_path / "study.yaml"
    file.write_text(dump(spec))
    again = load_spec(str(file))
    assert fixed_params(again, "auc_m") == {**tuned, "clip": 1.0}
    assert again.search.random_trials == 0
    assert [cell.trials for cell in cells(spec)] == [0, 0]


def test_a_method_with_nothing_to_search_is_not_searched() -> None:
    spec = parse_spec(edited("space", "ce", value={"lr": 0.1, "weight_decay": 0}))
    assert {cell.method: cell.trials for cell in cells(spec)} == {"ce": 0, "auc_m": 4}


def test_dump_names_every_searched_range() -> None:
    data = yaml.safe_load(dump(parse_spec(SPEC | {"space": {"ce": {"lr": 0.5}}})))
    assert data["space"]["ce"]["lr"] == 0.5
    assert data["space"]["auc_m"]["margin"]["low"] == 0.1


@pytest.mark.parametrize(
    "storage",
    [
        "postgresql://me:s3cret@host/db",
        "postgresql://me:s3cret${DB_PASSWORD}@host/db",
        "postgresql://me@host/db?password=s3cret",
        "mysql+pymysql://me:s3cret@host/db",
        "nonsense://me:s3cret@host/db",
        "postgresql://me:s3cret@host:port/db",
    ],
)
def test_a_spec_holds_no_password_and_its_refusal_shows_none(storage: str) -> None:
    with pytest.raises(SpecError, match="storage") as refusal:
        parse_spec(SPEC | {"storage": storage})
    assert "s3cret" not in str(refusal.value)


@pytest.mark.parametrize(
    "storage",
    [
        "postgresql://me:${DB_PASSWORD}@host:${DB_PORT}/db",
        "postgresql://me@host/db?password=${DB_PASSWORD}",
        "${DATABASE_URL}",
    ],
)
def test_dump_keeps_the_names_of_environment_variables(
    storage: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("DB_PASSWORD", "DB_PORT", "DATABASE_URL"):
        monkeypatch.setenv(name, "s3cret")
    text = dump(parse_spec(SPEC | {"storage": storage}))
    assert yaml.safe_load(text)["storage"] == storage
    assert "s3cret" not in text


def test_a_study_is_found_where_it_lies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    moved = tmp_path / "moved"
    moved.mkdir()
    (moved / "study.yaml").write_text(dump(parse_spec(SPEC)))
    # A file that happens to be called study.yaml is like any other ...
    assert directory_of(load_spec("moved/study.yaml")) == tmp_path / "studies" / "small"
    # ... and one that a run wrote stands for the study around it.
    (moved / "provenance.json").write_text("{}")
    for spec in ("moved", "moved/study.yaml"):
        assert directory_of(load_spec(spec)) == moved
        assert find_directory(spec) == moved
    assert find_directory("quickstart") == tmp_path / "studies" / "quickstart"
