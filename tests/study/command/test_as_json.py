"""``--json``: JSON and nothing else on stdout, the tables' numbers, every key documented."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from analysis import labels
from analysis.results import from_record
from search_spaces import SPACES
from study.cli import app
from study.command.as_json import text
from study.records import StudyRecord
from study.spec import preset_names
from tests.analysis.conftest import simulated_study

DOCUMENTED = (Path(__file__).parents[3] / "docs" / "json.md").read_text()

SPEC = {
    "name": "small",
    "methods": ["ce", "auc_m"],
    "tasks": [{"dataset": "digits", "model": "mlp", "epochs": 2}],
    "imratios": [0.2],
    "search": {"trials": 2},
    "confirm": {"seeds": 1},
}


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("small.yaml").write_text(yaml.safe_dump(SPEC))


def told(*words: str, exit_code: int = 0) -> Any:
    done = CliRunner().invoke(app, [*words, "--json"])
    assert done.exit_code == exit_code, done.stderr
    return json.loads(done.stdout)


def keys(data: Any) -> Iterator[str]:
    if isinstance(data, dict):
        yield from data
    for each in data.values() if isinstance(data, dict) else data if isinstance(data, list) else ():
        yield from keys(each)


@pytest.fixture
def running(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> StudyRecord:
    """A study in whose cells everything occurs, under way."""
    found = replace(simulated_study(), directory=tmp_path, driver="process 7 on here")
    monkeypatch.setattr("study.reader.read_study", lambda _: found)
    monkeypatch.setattr("analysis.report.load", lambda _: from_record(found))
    return found


def test_plan() -> None:
    data = told("plan", "small.yaml")
    assert (data["study"], data["trials"], len(data["cells"])) == ("small", 2 * (2 + 1), 2)
    ce, auc_m = data["cells"]
    assert (ce["method"], auc_m["method"]) == ("ce", "auc_m")
    assert ce["test"] == {"images": 355, "positives": 177, "negatives": 178, "groups": None}
    (digits,) = data["data"]
    assert digits["positives"] == ["5", "6", "7", "8", "9"]
    assert ce["gradient_evaluations"] == 128 * ce["steps"]
    whole = sum(
        c["search_trials"] * c["search_seconds"] + c["confirm_seconds"] for c in (ce, auc_m)
    )
    # However many trials side by side: a cell's phases come one after the other.
    longest = max(c["search_seconds"] + c["confirm_seconds"] for c in (ce, auc_m))
    assert data["most_seconds"] == pytest.approx(max(whole / data["slots"], longest))
    assert {claim["answer"] for claim in data["claims"]} <= {"yes", "partly", "no"}


def test_status(running: StudyRecord, tmp_path: Path) -> None:
    data = told("status", str(tmp_path))
    assert data["driver"] == running.driver
    assert data["finished"] is False
    assert [cell["cell"] for cell in data["cells"]] == [cell.id for cell in running.cells]
    phases = ("search", "confirm", "profile")
    assert data["done"] == sum(c[phase]["done"] for c in data["cells"] for phase in phases)
    for told_of, cell in zip(data["cells"], running.cells, strict=True):
        assert told_of["search"]["planned"] == cell.planned_trials
        assert told_of["pruned"] == sum(row.state == "PRUNED" for row in cell.search)
        values = [row.value for row in cell.search if row.value is not None]
        under_way = [row for row in cell.rows if row.state == "RUNNING"]
        assert told_of["running"] == len(under_way)
        assert told_of["intervals_under_way"] == sum(len(row.validations) for row in under_way)
        assert told_of["intervals"] == cell.run["intervals"]
        assert told_of["best_value"] == (max(values) if values else None)


def test_verdict(running: StudyRecord, tmp_path: Path) -> None:
    data = told("report", str(tmp_path))
    assert Path(data["report"]).is_file()
    assert data["settings"]
    for setting in data["settings"]:
        rows = [
            [row.test_auroc for row in cell.confirm if row.test_auroc is not None]
            for cell in running.cells
            if (cell.task, labels.ratio(cell.imratio)) == (setting["task"], setting["ratio"])
        ]
        means = [sum(values) / len(values) for values in rows if values]
        if setting["best"]:
            assert setting["best"]["mean_test_auroc"] == pytest.approx(max(means))
            others = {*setting["better_than"], *setting["not_told_from"]}
            assert len(others) == len(means) - 1
            assert bool(setting["better_than"]) == (setting["p"] is not None)


def test_list() -> None:
    assert [entry["name"] for entry in told("list")["presets"]] == list(preset_names())
    (methods,) = told("list", "methods").values()
    (soap,) = (each for each in methods if each["name"] == "soap")
    assert (soap["targets"], soap["state"]) == (["binary", "multi-label"], 2)
    (method,) = told("list", "ce_tuned")
    searched = {each["name"] for each in method["hyperparameters"] if each["searched"]}
    assert searched == set(SPACES["ce_tuned"])
    found = told("list", "models", "*mlp*", "--image-size", "8", "--channels", "1")
    (mlp,) = found["models"]
    assert (mlp["image"], mlp["weights"], mlp["options"]) == ([1, 8, 8], ["file"], {})
    # 64 pixels to 128 units, to 64, to one logit.
    products = 64 * 128 + 128 * 64 + 64
    assert mlp["parameters"] == products + 128 + 64 + 1
    assert mlp["gflop"] == pytest.approx(2 * products / 1e9)
    assert [extra["name"] for extra in found["extras"]] == ["timm", "monai"]
    (resnet,) = told("list", "resnet20")
    assert (resnet["kind"], resnet["options"]) == ("models", {"activation": "elu", "init": "he"})
    assert resnet["parameters"] == 269_137
    (preset,) = told("list", "quickstart")
    assert yaml.safe_load(preset["text"])["name"] == "quickstart"


def test_doctor() -> None:
    assert told("doctor")["fit"] is True
    Path("stl.yaml").write_text(
        yaml.safe_dump(SPEC | {"tasks": [{"dataset": "stl10", "model": "mlp", "epochs": 2}]})
    )
    data = told("doctor", "stl.yaml", exit_code=1)
    assert data["fit"] is False
    assert [each["what"] for each in data["findings"] if each["verdict"] == "fail"] == ["data"]


@pytest.mark.usefixtures("running")
def test_every_key_is_documented(tmp_path: Path) -> None:
    for section, words in {
        "plan": ("small.yaml",),
        "status": (str(tmp_path),),
        "report": (str(tmp_path),),
        "list": ("auc_mixup",),
        "doctor": (),
    }.items():
        said = DOCUMENTED.partition(f"\n## {section}\n")[2].partition("\n## ")[0]
        assert said
        for key in keys(told(section, *words)):
            assert f"`{key}`" in said, (section, key)


@pytest.mark.parametrize("command", ["plan", "status", "report", "doctor"])
def test_what_is_wrong_is_said_on_stderr(command: str) -> None:
    done = CliRunner().invoke(app, [command, "nowhere.yaml", "--json"])
    assert done.exit_code == 2
    assert done.stdout == ""
    assert done.stderr.endswith(".\n")


def test_what_is_not_finite_is_null() -> None:
    assert json.loads(text({"a": [float("nan"), float("inf"), 0.5]})) == {"a": [None, None, 0.5]}
