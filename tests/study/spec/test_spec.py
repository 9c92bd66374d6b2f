"""The spec: what it takes, what it means, and how it is written out."""

from pathlib import Path

import pytest
import yaml
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

from search_spaces import SPACES
from study.cells import cells
from study.errors import SpecError
from study.plan.power import ROPE
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
from tests.study.specs import SPEC, edited, plain
from trainables.config import TrialConfig
from trainables.hyperparameters import hyperparameters
from trainables.methods import METHODS

KEYS = (
    *("seed", "epochs", "batch_size", "intervals", "ablation_seed", "trials", "random_trials"),
    *("grace", "reduction", "seeds", "embeddings"),
)
"""All that take whole numbers."""


def test_defaults() -> None:
    spec = parse_spec(SPEC)
    task = spec.tasks[0]
    assert (task.name, task.intervals, task.batch_size) == ("digits-mlp", 3, 128)
    assert (spec.search.random_trials, spec.search.sampler, spec.search.pruner) == (
        4,
        "tpe",
        "asha",
    )
    assert (spec.confirm.seeds, spec.seed) == (5, 0)
    assert (spec.precision, spec.execution) == ("f32", "auto")
    assert (spec.metrics, spec.equivalence) == (["auroc"], ROPE)
    assert (spec.resources.cpus, spec.resources.gpus, spec.download) == (1.0, 0.0, False)


@pytest.mark.parametrize(
    ("key", "value", "gpus"),
    [("execution", "eager", 0), ("execution", "graph", 0.25), ("precision", "tf32", 1)],
)
def test_precision_and_execution_reach_every_trial(key: str, value: str, gpus: float) -> None:
    spec = parse_spec(SPEC | {key: value, "resources": {"gpus": gpus}})
    assert [cell.run[key] for cell in cells(spec)] == [value, value]
    assert getattr(parse_spec(yaml.safe_load(dump(spec))), key) == value
    trial = cells(spec)[0].trial({}, {"data_seed": 0, "init_seed": 0, "order_seed": 0})
    assert getattr(TrialConfig(**trial), key) == value


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


WHOLE = """
name: small
seed: N
methods: [ce, ct_auc]
tasks:
- {dataset: digits, model: mlp, epochs: N, batch_size: N, intervals: N, ablation_seed: N}
imratios: [0.1]
search: {trials: N, random_trials: N, grace: N, reduction: N}
confirm: {seeds: N, embeddings: N}
resources: {cpus: N, hang_after: N}
"""


@pytest.mark.parametrize(
    ("number", "meant"),
    [("010", 10), ("064", 64), ("08", 8), ("+07", 7), ("0_7_0", 70), ("64", 64)],
)
def test_a_whole_number_is_decimal(tmp_path: Path, number: str, meant: int) -> None:
    """In YAML 1.1 a leading zero makes it octal: 064 would be 52."""
    file = tmp_path / "a.yaml"
    file.write_text(WHOLE.replace(": N", f": {number}"))
    by_name = load_spec(str(file)).model_dump()
    sections = (by_name, *by_name["tasks"], *(by_name[k] for k in ("search", "confirm")))
    found = [section[key] for section in sections for key in section if key in KEYS]
    assert found == [meant] * len(KEYS)
    resources = {"cpus": meant, "gpus": 0, "hang_after": meant, "data_memory": None}
    assert by_name["resources"] == resources


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("4 GiB", 4 * 2**30),
        ("1.5GB", 1_500_000_000),
        ("512 mib", 512 * 2**20),
        ("200kB", 200_000),
        ("12345", 12345),
        (12345, 12345),
        (0, 0),
        (None, None),
    ],
)
def test_memory_is_bytes_or_has_a_unit(written: object, meant: int | None) -> None:
    spec = parse_spec(edited("resources", value={"data_memory": written}))
    assert spec.resources.data_memory == meant
    assert parse_spec(yaml.safe_load(dump(spec))).resources == spec.resources


def test_a_number_to_the_base_of_60_is_refused_by_every_key(tmp_path: Path) -> None:
    """In YAML 1.1 1:30 would be 90."""
    file = tmp_path / "a.yaml"
    for number in ("1:30", "1:30.5"):
        file.write_text(WHOLE.replace(": N", f": {number}"))
        with pytest.raises(SpecError) as refusal:
            load_spec(str(file))
        lines = str(refusal.value).splitlines()
        assert len(lines) == len(KEYS) + 2
        assert all(line.endswith(f"number, not '{number}'.") for line in lines)


@pytest.mark.parametrize("entry", ["01", "1:30", "{choices: [01, 2]}", "{low: 1, high: 1:30}"])
def test_hyperparameters_take_neither(tmp_path: Path, entry: str) -> None:
    file = tmp_path / "a.yaml"
    file.write_text(WHOLE.replace(": N", ": 8") + f"space: {{ct_auc: {{inner_steps: {entry}}}}}")
    with pytest.raises(SpecError, match=r"space.ct_auc.inner_steps.*number.*not '(01|1:30)'"):
        load_spec(str(file))


@pytest.mark.parametrize("name", ["064", "08", "1_0", "0x10"])
def test_a_name_of_digits_comes_back_from_the_directory(tmp_path: Path, name: str) -> None:
    file = tmp_path / "study.yaml"
    file.write_text(dump(parse_spec(SPEC | {"name": name})))
    assert load_spec(str(file)).name == name


@pytest.mark.parametrize("number", ["1e-3", "1E-3", ".001", "1.e-3", "'1e-3'", "0.001"])
def test_every_spelling_of_a_number(tmp_path: Path, number: str) -> None:
    file = tmp_path / "a.yaml"
    text = yaml.safe_dump(SPEC | {"imratios": ["RATIO", None]}).replace("RATIO", number)
    file.write_text(text + f"space: {{ce: {{lr: {{low: {number}, high: 1}}}}}}")
    spec = load_spec(str(file))
    assert spec.imratios == [0.001, None]
    assert tuned_space(spec, plain("ce"))["lr"] == FloatDistribution(0.001, 1, log=True)


def test_plain_exponent_is_a_number_for_a_fixed_value(tmp_path: Path) -> None:
    file = tmp_path / "a.yaml"
    file.write_text(yaml.safe_dump(SPEC) + "space: {ce: {lr: 2e-1}}")
    assert fixed_params(load_spec(str(file)), plain("ce")) == {"lr": 0.2}


def test_space_of_the_method_by_default() -> None:
    spec = parse_spec(SPEC)
    for method in spec.methods:
        wanted = {name: found.distribution for name, found in SPACES[method.method].items()}
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
    assert tuned_space(spec, plain("auc_m")) == {
        "lr": FloatDistribution(0.05, 0.5, log=True),  # the method's own range is logarithmic
        "margin": FloatDistribution(0.2, 0.6, step=0.2),
        "epoch_decay": SPACES["auc_m"]["epoch_decay"].distribution,
        "score_map": CategoricalDistribution(["sigmoid", "raw"]),
    }
    assert fixed_params(spec, plain("auc_m")) == {"weight_decay": 0, "clip": None}
    assert tuned_space(spec, plain("ce")) == tuned_space(parse_spec(SPEC), plain("ce"))


def test_whole_numbers_stay_whole() -> None:
    spec = SPEC | {"methods": ["ct_auc"]}
    narrowed = parse_spec(spec | {"space": {"ct_auc": {"inner_steps": {"low": 1, "high": 2}}}})
    assert tuned_space(narrowed, plain("ct_auc"))["inner_steps"] == IntDistribution(1, 2)
    with pytest.raises(SpecError, match=r"inner_steps.high: .*whole number.*not 2.5"):
        parse_spec(spec | {"space": {"ct_auc": {"inner_steps": {"low": 1, "high": 2.5}}}})


def test_task_of_own_objects_has_a_name_for_files() -> None:
    task = {"dataset": "trainables.datasets.sets.digits:read_digits", "model": "mlp", "epochs": 1}
    spec = parse_spec(SPEC | {"tasks": [task]})
    assert spec.tasks[0].name == "trainables.datasets.sets.digits-read_digits-mlp"


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
    assert tuned_space(spec, plain("auc_m")) == {}
    assert fixed_params(spec, plain("auc_m")) == {**tuned, "clip": 1.0}
    file = tmp_path / "study.yaml"
    file.write_text(dump(spec))
    again = load_spec(str(file))
    assert fixed_params(again, plain("auc_m")) == {**tuned, "clip": 1.0}
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
