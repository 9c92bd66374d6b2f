"""``aucstudy init``: what is asked, what is written, and that ``plan`` takes it."""

from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner, Result

from study.cli import app
from study.command.init import QUESTIONS, Answers
from study.spec import load_spec
from trainables.methods import METHODS


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def init(*words: str, said: str = "") -> Result:
    return CliRunner().invoke(app, ["init", *words], input=said)


@pytest.mark.parametrize("words", [(), ("--yes",)])
def test_the_defaults_are_a_study_that_can_be_planned(words: tuple[str, ...]) -> None:
    assert init(*words).exit_code == 0
    spec, default = load_spec("study.yaml"), Answers()
    assert [method.name for method in spec.methods] == list(default.methods)
    assert spec.imratios == list(default.imratios)
    planned = CliRunner().invoke(app, ["plan", "study.yaml"])
    assert planned.exit_code == 0, planned.stderr
    assert Path("study.yaml").read_text().count("# ") > 8


def test_answers_by_a_pipe() -> None:
    said = "mine\ncifar10\nresnet20\n50\nce, auc_mixup\n0.01, own\n0\n3\n0.25\n"
    done = init("mine.yaml", said=said)
    assert done.exit_code == 0, done.stderr
    for question in QUESTIONS.values():
        assert question in done.stdout
    spec = load_spec("mine.yaml")
    (task,) = spec.tasks
    assert (spec.name, task.dataset.name, task.model.name, task.epochs) == (
        "mine",
        "cifar10",
        "resnet20",
        50,
    )
    assert [method.name for method in spec.methods] == ["ce", "auc_mixup"]
    assert spec.imratios == [0.01, None]
    assert (spec.search.trials, spec.confirm.seeds, spec.resources.gpus) == (0, 3, 0.25)


def test_an_answer_that_is_not_allowed_is_asked_again() -> None:
    said = "a/b\nok\n\n\nmany\n-1\n7\nce, auc_mm\nce\n0.7\nhalf\n0.2\n"
    done = init(said=said)
    assert done.exit_code == 0
    for words in ("did you mean 'auc_m'", "above 0 and at most 0.5", "epochs"):
        assert words in done.stderr
    assert "Traceback" not in done.stderr
    spec = load_spec("study.yaml")
    assert (spec.name, spec.tasks[0].epochs, spec.imratios) == ("ok", 7, [0.2])
    assert [method.name for method in spec.methods] == ["ce"]


def test_a_file_that_is_there_stays() -> None:
    Path("study.yaml").write_text("mine")
    refused = init("--yes")
    assert refused.exit_code == 2
    assert "is there" in refused.stderr
    assert Path("study.yaml").read_text() == "mine"
    assert init("no/such/folder.yaml", "--yes").exit_code == 2


def test_what_stands_in_a_comment_is_sound_too() -> None:
    """The space shown as an example, once it is no comment any more."""
    init("--yes")
    head, _, example = Path("study.yaml").read_text().partition("# space:\n")
    lines = "\n".join(line.removeprefix("# ") for line in example.splitlines())
    Path("study.yaml").write_text(f"{head}space:\n{lines}\n")
    space = load_spec("study.yaml").space
    assert set(space) == {"auc_m"} <= set(METHODS)
    assert yaml.safe_load(Path("study.yaml").read_text())["name"] == "my-study"
