"""A data set of the user's own: taken if it is sound, else refused before anything is written."""

from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from study.cli import app
from study.errors import SpecError
from study.spec import check_environment, parse_spec

MODULE = """
import torch
from trainables.datasets.sets.digits import read_digits
from trainables.datasets.source import Source


def fields(**changes):
    images = torch.arange(60 * 64).reshape(60, 1, 8, 8).to(torch.uint8)
    labels = torch.arange(60) % 2
    found = {"train_images": images, "train_labels": labels, "n_classes": 2}
    return found | {"test_images": images, "test_labels": labels} | changes


def sound(root, download):
    return Source(**fields())


class Class(Source):
    def __init__(self, root, download):
        super().__init__(**fields())


def floats(root, download):
    return Source(**fields(train_images=torch.rand(60, 1, 8, 8)))


def arrays(root, download):
    return Source(**{k: v if isinstance(v, int) else v.numpy() for k, v in fields().items()})


def volumes(root, download):
    return Source(**fields(train_images=torch.zeros(60, 1, 8, 8, 8, dtype=torch.uint8)))


def short(root, download):
    return Source(**fields(train_labels=torch.arange(50) % 2))


def nothing(root, download):
    pass


def without_arguments():
    return Source(**fields())


def one_class(root, download):
    return Source(**fields(test_labels=torch.ones(60, dtype=torch.int64)))


def broken(root, download):
    raise OSError("two\\nlines")


not_callable = 3
"""

SPEC = {
    "name": "own",
    "methods": ["ce"],
    "imratios": [0.2],
    "search": {"trials": 1},
    "confirm": {"seeds": 1},
}

WRONG = {
    "floats": "train_images must be uint8, .*not torch.float32",
    "arrays": "train_images must be a torch tensor, .*torch.from_numpy",
    "volumes": r"test_images must have .*train_images, \(1, 8, 8, 8\), not \(1, 8, 8\)",
    "short": "train_labels must be integers, one for each of the 60 images",
    "nothing": "own_data:nothing gives None",
    "without_arguments": r"cannot be read \(TypeError.*\(root, download\) and gives",
    "one_class": "the test set must hold both classes",
    "broken": "cannot be read .OSError: two lines",
    "not_callable": "own_data:not_callable must be a function",
}


@pytest.fixture(autouse=True)
def _in_a_folder_with_the_module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    Path("own_data.py").write_text(MODULE)


def task(reader: str) -> dict[str, object]:
    return {"dataset": f"own_data:{reader}", "model": "mlp", "epochs": 2, "batch_size": 8}


@pytest.mark.parametrize("reader", ["sound", "Class", "read_digits"])
def test_a_sound_reader_is_taken(reader: str) -> None:
    check_environment(parse_spec(SPEC | {"tasks": [task(reader)]}))


@pytest.mark.parametrize("reader", WRONG)
def test_what_is_wrong_is_one_sentence(reader: str) -> None:
    with pytest.raises(SpecError, match=rf"tasks\[0\].dataset: .*{WRONG[reader]}") as refusal:
        check_environment(parse_spec(SPEC | {"tasks": [task(reader)]}))
    assert len(str(refusal.value).splitlines()) == 1


@pytest.mark.parametrize("command", ["run", "plan"])
def test_nothing_is_written_for_it(command: str, tmp_path: Path) -> None:
    Path("own.yaml").write_text(yaml.safe_dump(SPEC | {"tasks": [task("floats")]}))
    refused = CliRunner().invoke(app, [command, "own.yaml"])
    assert refused.exit_code == 2
    assert "train_images must be uint8" in refused.stderr
    assert not (tmp_path / "studies").exists()


def test_doctor_says_it_too() -> None:
    Path("own.yaml").write_text(yaml.safe_dump(SPEC | {"tasks": [task("broken")]}))
    examined = CliRunner().invoke(app, ["doctor", "own.yaml"])
    assert examined.exit_code == 1
    assert "its reader fails (OSError" in " ".join(examined.stdout.split())
