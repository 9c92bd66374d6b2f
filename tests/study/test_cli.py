"""The command, as a person types it."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner, Result

from study.cells import cells
from study.cli import app
from study.command.models import MEANINGS
from study.ledger.ledger import Ledger
from study.ledger.storage import open_storage, storage_url
from study.spec import directory_of, dump, parse_spec, preset_names
from tests.trainables.official_files import write_medmnist
from trainables.datasets import (
    DATASETS,
)
from trainables.hyperparameters import hyperparameters
from trainables.methods import METHODS
from trainables.models import GENERAL, MODELS

ROOT = Path(__file__).parents[2]

SPEC = {
    "name": "small",
    "methods": ["ce"],
    "tasks": [{"dataset": "digits", "model": "mlp", "epochs": 2}],
    "imratios": [0.2],
    "search": {"trials": 2},
    "confirm": {"seeds": 1},
}

COMMANDS = ("plan", "run", "status", "report", "list", "doctor")


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))


def aucstudy(*words: str) -> Result:
    return CliRunner().invoke(app, words)


def test_help_names_every_command_and_loads_nothing_heavy() -> None:
    code = (
        "import sys\n"
        "from study.cli import main\n"
        "sys.argv = ['aucstudy', '--help']\n"
        "try: main()\n"
        "finally: print(*{name.partition('.')[0] for name in sys.modules}, file=sys.stderr)"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert all(command in shown.stdout for command in COMMANDS)
    loaded = set(shown.stderr.split())
    assert not loaded & {"torch", "ray", "optuna", "pandas", "plotly", "scipy", "sqlalchemy"}


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(command: str) -> None:
    shown = aucstudy(command, "--help")
    assert shown.exit_code == 0
    assert command in shown.output


def test_version() -> None:
    assert re.fullmatch(r"\d+\.\d+\.\d+\S*\n", aucstudy("--version").output)


BAD = {
    "syntax": "name: [",
    "key": yaml.safe_dump(SPEC | {"serach": {}}),
    "method": yaml.safe_dump(SPEC | {"methods": ["cee"]}),
    "imratio": yaml.safe_dump(SPEC | {"imratios": [0.7]}),
    "name": yaml.safe_dump(SPEC | {"name": "../outside"}),
    "graph": yaml.safe_dump(SPEC | {"execution": "graph"}),
    "gpu": yaml.safe_dump(SPEC | {"resources": {"gpus": 64}}),
    "data": yaml.safe_dump(SPEC | {"tasks": [{**SPEC["tasks"][0], "dataset": "stl10"}]}),  # type: ignore[index]
    "positives": yaml.safe_dump(SPEC | {"imratios": [0.0001]}),
    "own": yaml.safe_dump(SPEC | {"methods": ["not_here:Mine"]}),
}


@pytest.mark.parametrize("command", ["run", "plan"])
@pytest.mark.parametrize("what", BAD)
def test_a_bad_spec_is_refused_in_words(command: str, what: str, tmp_path: Path) -> None:
    Path("bad.yaml").write_text(BAD[what])
    refused = aucstudy(command, "bad.yaml")
    assert refused.exit_code == 2
    assert refused.stdout == ""
    assert refused.stderr.endswith(".\n")
    assert "Traceback" not in refused.stderr
    assert [file.name for file in tmp_path.iterdir()] == ["bad.yaml"], "nothing is written"


@pytest.mark.parametrize("command", ["run", "plan", "status", "report", "doctor"])
def test_a_study_that_is_not_there(command: str, tmp_path: Path) -> None:
    refused = aucstudy(command, "nowhere.yaml")
    assert refused.exit_code == 2
    assert "quickstart" in refused.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("command", ["run", "plan", "status", "report"])
def test_a_name_that_no_file_can_have(command: str) -> None:
    refused = aucstudy(command, "x" * 256)
    assert refused.exit_code == 2
    assert refused.stderr.endswith("x gave: File name too long.\n")


@pytest.mark.parametrize("command", ["status", "report"])
def test_a_directory_without_a_study(command: str, tmp_path: Path) -> None:
    refused = aucstudy(command, str(tmp_path))
    assert refused.exit_code == 2
    assert str(tmp_path) in refused.stderr


@pytest.fixture
def begun() -> Path:
    """A study that has just begun: its cells are in the ledger, its rows are not."""
    spec = parse_spec(SPEC)
    directory = directory_of(spec)
    directory.mkdir(parents=True)
    (directory / "study.yaml").write_text(dump(spec))
    Ledger(open_storage(storage_url(directory, None)), spec.name, cells(spec))
    Path("small.yaml").write_text(yaml.safe_dump(SPEC))
    return directory


@pytest.mark.parametrize("study", ["studies/small", "small.yaml", "studies/small/study.yaml"])
@pytest.mark.usefixtures("begun")
def test_status_by_directory_and_by_spec(study: str) -> None:
    shown = aucstudy("status", study)
    assert shown.exit_code == 0, shown.stderr
    assert "0/2" in shown.stdout
    assert "0 of 3 trials are finished." in shown.stdout


def test_report_of_a_study_that_has_just_begun(begun: Path) -> None:
    written = aucstudy("report", "small.yaml")
    assert written.exit_code == 0, written.stderr
    file = Path(written.stdout.removeprefix("Report: ").strip())
    assert file.is_relative_to(begun)
    assert "small" in file.read_text()


def test_the_users_own_method_is_found_where_the_user_stands() -> None:
    Path("own_for_cli.py").write_text(
        "from trainables.methods.ce import CE\n\n\nclass Mine(CE):\n    SPACE = {}\n"
    )
    Path("own.yaml").write_text(yaml.safe_dump(SPEC | {"methods": ["own_for_cli:Mine"]}))
    planned = aucstudy("plan", "own.yaml")
    assert planned.exit_code == 0, planned.stderr
    assert "own_for_cli:Mine" in planned.stdout


def test_plan_names_images_and_trials(tmp_path: Path) -> None:
    Path("small.yaml").write_text(yaml.safe_dump(SPEC))
    planned = aucstudy("plan", "small.yaml")
    assert planned.exit_code == 0, planned.stderr
    assert "177 + 178" in planned.stdout  # the test set
    assert "Cells: 1. Trials: 3" in planned.stdout
    assert [file.name for file in tmp_path.iterdir()] == ["small.yaml"]


def test_a_terminal_of_few_characters_shows_the_plan() -> None:
    Path("small.yaml").write_text(yaml.safe_dump(SPEC | {"methods": ["ce", "auc_m"]}))
    words = [sys.executable, "-m", "study", "plan", "small.yaml"]
    env = os.environ | {"PYTHONIOENCODING": "ascii", "PYTHONPATH": str(ROOT)}
    planned = subprocess.run(words, env=env, capture_output=True, text=True, check=False)
    assert planned.returncode == 0, planned.stderr
    assert re.search(r"leave \+- 0\.\d{3} ", planned.stdout)


def test_list_names_everything() -> None:
    shown = aucstudy("list").output
    for name in (*METHODS, *DATASETS, *MODELS, *preset_names()):
        assert re.search(rf"(^|\s){re.escape(name)}[:\s]", shown), name


def test_list_has_a_line_a_name() -> None:
    shown = aucstudy("list", "methods").output
    families = list(dict.fromkeys(method.FAMILY for method in METHODS.values()))
    by_family = sorted(METHODS, key=lambda name: families.index(METHODS[name].FAMILY))
    assert re.findall(rf"^ ?({'|'.join(METHODS)})  ", shown, re.MULTILINE) == by_family
    assert [line.strip() for line in shown.splitlines() if line.strip() in families] == families
    assert re.search(
        r"^ ?ct_auc +Inner CE, outer AUC-M, PDSCA. +2  +binary +yes", shown, re.MULTILINE
    )
    assert "resnet20" not in shown


@pytest.mark.parametrize("name", METHODS)
def test_list_of_a_method_has_every_hyperparameter(name: str) -> None:
    shown = aucstudy("list", name).output
    assert shown.startswith(f"{name}: ")
    for known in hyperparameters(METHODS[name]):
        assert known in shown
    assert f"Family: {METHODS[name].FAMILY}. Source: {METHODS[name].SOURCE or 'none'}." in shown


def test_list_of_a_method_of_ones_own() -> None:
    shown = " ".join(aucstudy("list", "tests.study.odd_methods:Busy").output.split())
    assert "Family: own. Source: none. Targets: binary; labels between 0 and 1: yes." in shown
    assert "milliseconds" in shown
    for name, words in (
        ("odd_methods:Buggy", "fails in one with RuntimeError: a bug in a user's method"),
        ("odd_methods:dataclass", "must be a class that inherits trainables.method.Method"),
        ("odd_methods:Bussy", "cannot be imported"),
    ):
        refused = aucstudy("list", f"tests.study.{name}")
        assert refused.exit_code == 2
        assert words in refused.stderr
        assert len(refused.stderr.splitlines()) == 1


def test_list_says_which_data_are_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AUCSTUDY_DATA", str(tmp_path))
    write_medmnist("breastmnist", tmp_path / "medmnist" / "breastmnist.npz")
    (entries,) = json.loads(aucstudy("list", "datasets", "--json").stdout).values()
    assert [each["name"] for each in entries] == list(DATASETS)
    found = {each["name"]: each["found"] for each in entries}
    assert found.pop("breastmnist") == str(tmp_path / "medmnist")
    assert set(found.values()) == {None}
    by_name = {each["name"]: each for each in entries}
    assert by_name["breastmnist"]["options"] == {"image_size": 28}
    assert by_name["breastmnist"]["positives"] == ["normal, benign"]
    assert by_name["ddsm"]["positives"] == by_name["ddsm"]["classes"][1:]
    assert len(by_name["chexpert"]["labels"]) == 14
    lines = aucstudy("list", "datasets").output.splitlines()
    assert "Data sets, looked for below " in lines[0]
    for name, there in (("breastmnist", "yes"), ("pneumoniamnist", "no")):
        (line,) = [line for line in lines if line.split()[:1] == [name]]
        assert line.split()[-1] == there


def test_list_of_a_data_set_has_its_classes_and_options() -> None:
    shown = " ".join(aucstudy("list", "breastmnist").output.split())
    assert shown.startswith("breastmnist: Breast ultrasound, ")
    assert "Needs breastmnist*.npz in the data root or medmnist" in shown
    assert "0: 'malignant', 1: 'normal, benign'. Positive by default: 'normal, benign'." in shown
    assert "image_size 28 pixels of each axis: 28, 64, 128, 224" in shown
    assert "positives null classes that count as positive" in shown
    chest = " ".join(aucstudy("list", "chexpert").output.split())
    assert "Labels 'No Finding', 'Enlarged Cardiomediastinum'" in chest
    assert 'uncertain ignore what a -1 means in training: "zeros", "ones"' in chest


def test_list_of_a_preset_is_its_yaml() -> None:
    assert yaml.safe_load(aucstudy("list", "quickstart").output)["name"] == "quickstart"


def test_list_of_a_network_has_its_size_and_options() -> None:
    shown = " ".join(aucstudy("list", "densenet161", "--channels", "1").output.split())
    assert shown.startswith("densenet161: DenseNet161 (Huang et al. 2017); ")
    assert "26,460,961 parameters, 4.93 GFLOP an image of 1x32x32." in shown
    assert "Weights: drawn, or from imagenet or file." in shown
    assert "drop_rate 0.0 of the dropout after each layer" in shown
    for name in GENERAL:
        assert f" {name} null " in shown


def test_general_options_have_a_meaning() -> None:
    assert set(GENERAL) <= MEANINGS.keys()


def test_networks_are_looked_up_by_a_pattern() -> None:
    shown = aucstudy("list", "models", "resnet?0").output
    assert re.findall(r"^ ?(\w+)  ", shown, re.MULTILINE)[1:] == ["resnet20", "resnet50"]
    assert "269,137" in shown
    volumes = " ".join(aucstudy("list", "models", "small_cnn_3d").output.split())
    assert "of images of 3x28x28x28" in volumes
    none = aucstudy("list", "models", "resnte*")
    assert none.exit_code == 2
    assert "No network matches 'resnte*' among " in none.stderr
    assert (
        "looked up among our own or those of timm, monai"
        in aucstudy("list", "models", "x:y").stderr
    )
    assert aucstudy("list", "methods", "ce*").exit_code == 2


def test_networks_of_a_library_are_looked_up() -> None:
    timm = pytest.importorskip("timm")
    found = json.loads(aucstudy("list", "models", "timm:*resnet10t*", "--json").stdout)
    assert [each["name"] for each in found["models"]] == ["timm:resnet10t"]
    (extra, _) = found["extras"]
    assert (extra["name"], extra["networks"]) == ("timm", len(timm.list_models()))
    shown = " ".join(aucstudy("list", "timm:resnet10t").output.split())
    assert shown.startswith("timm:resnet10t: timm's resnet10t; ")
    assert "drop_path_rate null of leaving blocks out in training" in shown
    many = aucstudy("list", "models", "timm:*").output
    assert f"({len(timm.list_models())}; at most 40 are counted)" in many


@pytest.mark.parametrize("library", ["timm", "monai"])
def test_without_a_library_the_line_that_installs_it(
    library: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, library, None)
    # Once it is imported, this one is found without its package.
    monkeypatch.setitem(sys.modules, f"{library}.networks", None)
    shown = " ".join(aucstudy("list", "models", "mlp").output.split())
    assert f"{library} not installed; it brings networks as {library}:NAME: pip install" in shown
    refused = aucstudy("list", f"{library}:resnet18")
    assert refused.exit_code == 2
    assert f"pip install 'aucstudy[{library}]'" in refused.stderr


def test_list_of_a_name_that_nothing_has() -> None:
    refused = aucstudy("list", "ce_tunde")
    assert refused.exit_code == 2
    assert refused.stderr.endswith("not 'ce_tunde' (did you mean 'ce_tuned'?).\n")


def test_the_shell_completes_presets_and_files(tmp_path: Path) -> None:
    (tmp_path / "quick.yaml").touch()
    (tmp_path / "quick.txt").touch()
    (tmp_path / "quiet").mkdir()
    for shell, words in {"bash": "COMP_WORDS", "zsh": "_TYPER_COMPLETE_ARGS"}.items():
        env = os.environ | {"_AUCSTUDY_COMPLETE": f"complete_{shell}", "PYTHONPATH": str(ROOT)}
        env |= {words: "aucstudy plan qui", "COMP_CWORD": "2"}
        code = "import sys; from study.cli import main; sys.argv = ['aucstudy']; main()"
        done = subprocess.run(
            [sys.executable, "-c", code], env=env, capture_output=True, text=True, check=False
        )
        found = set(re.findall(r"[\w./]+", done.stdout))
        assert {"quick.yaml", "quickstart", "quiet/"} <= found, done
        assert "quick.txt" not in found


def test_doctor_of_a_study_that_lacks_its_data() -> None:
    Path("stl.yaml").write_text(BAD["data"])
    examined = aucstudy("doctor", "stl.yaml")
    assert examined.exit_code == 1
    assert "fail" in examined.stdout
    assert aucstudy("doctor").exit_code == 0
