"""The table of docs/methods.md says of every method what is so."""

import re
from pathlib import Path

import pytest
import torch
import yaml

from study.spec import parse_spec
from tests.trainables.tiny import IMAGES, TinyTrial
from trainables.methods import METHODS

TEXT = (Path(__file__).parents[3] / "docs" / "methods.md").read_text()
ROWS = {
    name: [cell.strip() for cell in line.strip("|").split("|")]
    for line in TEXT.splitlines()
    if line.startswith("| `")
    for name in re.findall(r"`(\w+)`", line.split("|")[1])
}


def test_it_has_every_method() -> None:
    assert set(ROWS) == set(METHODS)


@pytest.mark.parametrize("name", METHODS)
def test_soft_labels_passes_and_state_are_as_it_says(name: str) -> None:
    _, _, _, passes, state, soft, _ = ROWS[name]
    assert (soft == "yes") == METHODS[name].SOFT
    trial = TinyTrial(METHODS[name]())
    trial.train(1)
    assert trial.recipe.gradient_evaluations == 16 * (2 if passes.startswith("1 + ") else 1)
    loss = trial.recipe.state_dict()["update"].get("loss", {})
    kept = [each for each in loss.values() if each.shape[:1] == torch.Size([IMAGES])]
    assert len(kept) == int(state.partition(" ")[0] or 0)


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
