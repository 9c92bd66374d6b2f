"""A branch of metadata in a spec: what cannot be is refused before anything is written."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from study.cells import cells
from study.cli import app
from study.errors import SpecError
from study.facts import data_facts
from study.spec import check_environment, parse_spec

HERE = "tests.trainables.test_loop_branch"


def spec(model: object, dataset: str = "tests.trainables.metadata:read") -> dict[str, Any]:
    return {
        "name": "s",
        "methods": ["ce", "ts_dec", "ct_auc", "auc_mixup"],
        "tasks": [{"name": "t", "dataset": dataset, "model": model, "epochs": 1, "batch_size": 32}],
        "imratios": [0.3],
        "search": {"trials": 0},
    }


@pytest.mark.parametrize(
    "model",
    [
        "metadata",
        {"name": "mlp", "branch": "joint"},
        {"name": f"{HERE}:OneArgument", "branch": "after", "merge": 0.3},
    ],
)
def test_it_is_taken_and_told(model: Any) -> None:
    study = parse_spec(spec(model))
    check_environment(study)
    (first, *_) = cells(study)
    if isinstance(model, dict):
        assert first.run["network"] == {n: each for n, each in model.items() if n != "name"}
    (note,) = data_facts(study)["t"]["notes"]
    assert note.startswith(f"{first.model} takes metadata ")
    assert "the images: age, sex." in note


@pytest.mark.parametrize(
    ("model", "words"),
    [
        ({"name": "mlp", "branch": "before"}, "branch must be joint or after, not 'before'"),
        ({"name": "mlp", "branch": "joint", "merge": 0}, "merge must be a number in"),
        ({"name": "mlp", "merge": 0.5}, "merge is of a branch, and mlp has none"),
        ({"name": "metadata", "branch": "joint"}, "stands beside a network of images"),
    ],
)
def test_other_options_are_refused(model: object, words: str) -> None:
    with pytest.raises(SpecError, match=words) as refusal:
        check_environment(parse_spec(spec(model)))
    assert len(str(refusal.value).splitlines()) == 1


@pytest.mark.parametrize("model", ["metadata", {"name": "mlp", "branch": "after"}])
@pytest.mark.parametrize("command", ["plan", "run"])
def test_a_set_without_metadata_is_refused(
    model: object, command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("s.yaml").write_text(yaml.safe_dump(spec(model, "digits")))
    refused = CliRunner().invoke(app, [command, "s.yaml"])
    assert refused.exit_code == 2
    assert "needs a data set with metadata, and this one has none" in refused.stderr
    assert len(refused.stderr.strip().splitlines()) == 1
    assert not (tmp_path / "studies").exists()
