"""What the README shows works as it stands there."""

import re
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from study.cli import app
from study.spec import StudySpec, Task, check_environment, parse_spec
from study.spec.model import Confirm, Profile, Resources, Search
from trainables.config import TrialConfig
from trainables.loop import TrainingRun

README = (Path(__file__).parent.parent / "README.md").read_text()


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", README, re.DOTALL | re.MULTILINE)


def test_the_spec_is_valid() -> None:
    text, *_ = blocks("yaml")
    spec = parse_spec(yaml.safe_load(text))
    assert spec.name == "margin-study"


@pytest.fixture
def _squares(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (text,) = [block for block in blocks("python") if block.startswith("# squares.py")]
    (tmp_path / "squares.py").write_text(text)
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])


def _of(dataset: object, model: object = "small_cnn") -> StudySpec:
    return parse_spec(
        {
            "name": "own",
            "methods": ["ce"],
            "tasks": [{"dataset": dataset, "model": model, "epochs": 4}],
            "imratios": [None],
            "search": {"trials": 1},
        }
    )


@pytest.mark.usefixtures("_squares")
def test_data_sets_of_ones_own_are_known_with_their_options() -> None:
    (text,) = [block for block in blocks("yaml") if block.startswith("# dataset:")]
    for dataset in yaml.safe_load(text):
        assert _of(dataset).tasks[0].dataset.options


def test_networks_of_metadata_are_known_with_their_options() -> None:
    (text,) = [block for block in blocks("yaml") if block.startswith("# model:")]
    for model in yaml.safe_load(text):
        check_environment(_of("tests.trainables.metadata:read", model))


@pytest.mark.usefixtures("_squares")
def test_the_data_set_of_ones_own_trains(tmp_path: Path) -> None:
    dataset = {"name": "squares:read_squares", "contrast": 60, "positives": ["square"]}
    spec = _of(dataset)
    check_environment(spec)
    run = TrainingRun(
        TrialConfig(
            method="ce",
            dataset="squares:read_squares",
            data={"contrast": 60, "positives": ["square"]},
            model="small_cnn",
            imratio=0.2,
            epochs=4,
            batch_size=32,
            intervals=1,
            data_root=str(tmp_path),
            data_seed=0,
            init_seed=1,
            order_seed=2,
        )
    )
    assert run.train_interval()["val_auroc"] > 0.9


def test_every_key_is_explained_and_none_besides() -> None:
    explained = set(re.findall(r"^\| ((?:`[\w.]+`(?:, )?)+) \|", README, re.MULTILINE))
    names = {name for row in explained for name in re.findall(r"`([\w.]+)`", row)}
    sections: dict[str, Any] = {
        "search": Search,
        "confirm": Confirm,
        "profile": Profile,
        "resources": Resources,
    }
    wanted = set(StudySpec.model_fields) - set(sections) | set(Task.model_fields)
    for section, model in sections.items():
        wanted |= {f"{section}.{key}" for key in model.model_fields}
    assert names == wanted


def test_every_command_exists() -> None:
    for command in re.findall(r"^aucstudy (\w+)", README, re.MULTILINE):
        assert CliRunner().invoke(app, [command, "--help"]).exit_code == 0


@pytest.fixture
def _smooth(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (text,) = [block for block in blocks("python") if block.startswith("# smooth.py")]
    (tmp_path / "smooth.py").write_text(text)
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])


@pytest.mark.usefixtures("_smooth")
def test_the_method_of_ones_own_trains(tmp_path: Path) -> None:
    spec = parse_spec(
        {
            "name": "smooth",
            "methods": ["smooth:Smooth"],
            "tasks": [{"dataset": "digits", "model": "mlp", "epochs": 4}],
            "imratios": [0.2],
            "search": {"trials": 1},
        }
    )
    check_environment(spec)
    run = TrainingRun(
        TrialConfig(
            method="smooth:Smooth",
            dataset="digits",
            model="mlp",
            imratio=0.2,
            epochs=4,
            batch_size=64,
            intervals=1,
            data_root=str(tmp_path),
            data_seed=0,
            init_seed=0,
            order_seed=0,
        )
    )
    assert run.train_interval()["val_auroc"] > 0.5


def test_losses_and_optimizers_alone() -> None:
    (text,) = [block for block in blocks("python") if "PESG" in block]
    found: dict[str, Any] = {}
    exec(text, found)
    scores, targets = found["model"](found["images"]).squeeze(1), found["targets"]
    assert scores[targets == 1].mean() > scores[targets == 0].mean()
