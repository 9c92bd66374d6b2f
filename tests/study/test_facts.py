"""What a study says of its data, counted anew from the data."""

from pathlib import Path

import torch
from sklearn.datasets import load_digits

from study.facts import data_facts
from study.spec import parse_spec
from tests.trainables.official_files import write_medmnist
from trainables.models import builder


def test_digits_against_scikit_learn_s_labels(tmp_path: Path) -> None:
    spec = parse_spec(
        {
            "name": "s",
            "methods": ["ce"],
            "tasks": [
                {"dataset": "digits", "model": "mlp", "epochs": 1},
                {
                    "dataset": {"name": "digits", "positives": [3, 8], "negatives": [1]},
                    "name": "two",
                    "model": "mlp",
                    "epochs": 1,
                    "imratios": [0.1, None],
                },
            ],
            "imratios": [None],
            "search": {"trials": 0},
            "data_root": str(tmp_path),
        }
    )
    found = data_facts(spec)
    counts = torch.bincount(torch.from_numpy(load_digits().target)).tolist()
    halves = found["digits-mlp"]
    assert (halves["negatives"], halves["positives"]) == (list("01234"), list("56789"))
    parts = halves["parts"]["natural"]
    assert sum(part["positives"][0] for part in parts.values()) == sum(counts[5:])
    assert sum(part["images"] for part in parts.values()) == sum(counts)
    assert all(part["groups"] is None for part in parts.values())

    two = found["two"]
    assert (two["negatives"], two["positives"]) == (["1"], ["3 or 8"])
    natural, tenth = two["parts"]["natural"], two["parts"]["0.1"]
    assert sum(part["images"] for part in natural.values()) == counts[1] + counts[3] + counts[8]
    assert sum(part["negatives"][0] for part in tenth.values()) == counts[1]
    assert tenth["train"]["positives"] == [tenth["train"]["negatives"][0] // 9]


def test_what_a_network_takes_of_its_weights_is_told(tmp_path: Path) -> None:
    state = builder("resnet20")(1, 8).features.state_dict()
    first = next(iter(state))
    torch.save({key: value for key, value in state.items() if key != first}, tmp_path / "w.pth")
    spec = parse_spec(
        {
            "name": "s",
            "methods": ["ce"],
            "tasks": [
                {
                    "dataset": "digits",
                    "model": {"name": "resnet20", "weights": "w.pth"},
                    "epochs": 1,
                }
            ],
            "imratios": [None],
            "search": {"trials": 0},
            "data_root": str(tmp_path),
        }
    )
    (note,) = data_facts(spec)["digits-resnet20"]["notes"]
    assert note.startswith(f"resnet20 begins with w.pth: {len(state) - 1} tensors; drawn anew: ")
    assert first in note


def test_names_of_the_classes_are_those_of_the_reader(tmp_path: Path) -> None:
    write_medmnist("breastmnist", tmp_path / "breastmnist.npz")
    spec = parse_spec(
        {
            "name": "s",
            "methods": ["ce"],
            "tasks": [{"dataset": "breastmnist", "model": "mlp", "epochs": 1}],
            "imratios": [None],
            "search": {"trials": 0},
            "data_root": str(tmp_path),
        }
    )
    facts = data_facts(spec)["breastmnist-mlp"]
    assert len(facts["negatives"]) == len(facts["positives"]) == 1
    assert not facts["labels"]
