"""What `list methods` and the table of docs/methods.md say of every method is so."""

import re
from pathlib import Path

import pytest
import torch
import yaml

from study.command.methods import method_data
from study.plan.steps import passes_and_numbers
from study.spec import parse_spec
from tests.trainables.tiny import IMAGES, TinyTrial
from trainables.method import Method
from trainables.methods import METHODS

TEXT = (Path(__file__).parents[3] / "docs" / "methods.md").read_text()
ROWS = {
    name: [cell.strip() for cell in line.strip("|").split("|")]
    for line in TEXT.splitlines()
    if line.startswith("| `")
    for name in re.findall(r"`(\w+)`", line.split("|")[1])
}


def test_it_has_every_method_by_family() -> None:
    assert set(ROWS) == set(METHODS)
    families = [row[1] for row in ROWS.values()]
    assert families == sorted(families, key=list(dict.fromkeys(families)).index)
    assert Method.FAMILY not in families


@pytest.mark.parametrize("name", METHODS)
def test_it_says_what_the_list_says(name: str) -> None:
    _, family, _, _, passes, state, targets, soft, source = ROWS[name]
    said = method_data(name)
    assert (family, source) == (said["family"], said["source"])
    assert targets.split(", ") == said["targets"]
    assert (soft == "yes", int(state or 0)) == (said["soft_labels"], said["state"])
    assert float(passes.partition(" ")[0]) == said["passes"]


@pytest.mark.parametrize("name", METHODS)
def test_passes_and_state_are_those_of_a_trial(name: str) -> None:
    said = method_data(name)
    trial = TinyTrial(METHODS[name]())
    trial.train(1)
    assert trial.recipe.gradient_evaluations == 16 * said["passes"]
    assert said["budget"] == ("epochs" if said["passes"] == 1 else "gradient_evaluations")
    loss = trial.recipe.state_dict()["update"].get("loss", {})
    kept = [each for each in loss.values() if each.shape[:1] == torch.Size([IMAGES])]
    assert len(kept) == said["state"]


def test_passes_are_counted_as_the_method_is_set() -> None:
    assert passes_and_numbers(METHODS["ct_auc"](inner_steps=3))[0] == 4  # type: ignore[call-arg]


def test_its_variants_are_valid() -> None:
    shown = []
    for block in re.findall(r"^```yaml\n(.*?)^```", TEXT, re.DOTALL | re.MULTILINE):
        task = {"dataset": "digits", "model": "mlp", "epochs": 1}
        spec = parse_spec(
            {
                "name": "v",
                "tasks": [task],
                "imratios": [0.1],
                "search": {"trials": 1},
                **yaml.safe_load(block),
            }
        )
        shown.append(len(spec.methods))
    assert shown == [6, 3]
