"""What a spec may ask for and hardly means is told, and forbids nothing."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from search_spaces import SPACES
from study.cli import app
from study.spec import parse_spec, remarks
from tests.study.specs import SPEC


def of(**changes: Any) -> list[str]:
    return list(remarks(parse_spec(SPEC | changes)))


def test_a_usual_spec_needs_none() -> None:
    assert of() == []
    assert of(search={"trials": 0}) == []
    assert of(search={"trials": 4, "random_trials": 4}) == []


def test_more_random_trials_than_trials() -> None:
    (told,) = of(search={"trials": 4, "random_trials": 9})
    assert told.startswith("search.random_trials is 9, but a cell has only 4 search trials:")
    assert len(of(search={"trials": 0, "random_trials": 9})) == 1


def test_a_warm_start_from_nowhere() -> None:
    warm = {"search": {"trials": 4, "warm_start": True}}
    assert of(**warm, imratios=[0.1, 0.2, None]) == []
    (told,) = of(**warm, imratios=[0.1, None])
    assert told.startswith("search.warm_start takes the best configurations from one imratio")


@pytest.mark.parametrize(
    ("space", "configurations"),
    [
        ({"lr": {"choices": [0.1, 1.0]}, "weight_decay": 0}, 2),
        ({"lr": {"choices": [0.1, 1.0]}, "weight_decay": {"choices": [0, 1e-4]}}, 4),
        ({"lr": {"low": 0.1, "high": 0.7, "step": 0.1}, "weight_decay": 0}, 7),
        ({"lr": {"choices": [0.1]}, "weight_decay": 0}, 1),
    ],
)
def test_fewer_configurations_than_trials(space: dict[str, Any], configurations: int) -> None:
    spec = {"methods": ["ce"], "space": {"ce": space}}
    (told,) = of(**spec, search={"trials": 14})
    assert told.startswith(f"ce has {configurations} configurations to search (lr")
    assert f"and 14 search trials: each is tried {14 / configurations:.2g} times" in told
    assert of(**spec, search={"trials": configurations}) == []


def test_whole_numbers_are_counted_and_ranges_are_not() -> None:
    fixed = dict.fromkeys(SPACES["ct_auc"], 0.1)
    space: dict[str, Any] = {**fixed, "inner_steps": {"low": 1, "high": 3}}
    (told,) = of(methods=["ct_auc"], space={"ct_auc": space}, search={"trials": 14})
    assert told.startswith("ct_auc has 3 configurations to search (inner_steps), and 14")
    space["beta0"] = {"low": 0.1, "high": 0.9}
    assert of(methods=["ct_auc"], space={"ct_auc": space}, search={"trials": 14}) == []


def test_plan_says_it(tmp_path: Path) -> None:
    file = tmp_path / "few.yaml"
    space = {"ce": {"lr": {"choices": [0.1, 1.0]}, "weight_decay": 0}}
    spec = SPEC | {"methods": ["ce"], "space": space, "search": {"trials": 14, "random_trials": 20}}
    file.write_text(yaml.safe_dump(spec))
    planned = CliRunner().invoke(app, ["plan", str(file)])
    assert planned.exit_code == 0, planned.output
    assert "ce has 2 configurations" in planned.stderr
    assert "search.random_trials is 20" in planned.stderr
