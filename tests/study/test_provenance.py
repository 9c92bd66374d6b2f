"""A study goes on with the data that it began with, or not at all."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from study.cells import cells
from study.errors import SpecError
from study.provenance import provenance, read_provenance, refuse_other_data
from study.spec import parse_spec
from tests.trainables.official_files import write_medmnist
from trainables.datasets import cache

SPEC: dict[str, Any] = {
    "name": "s",
    "methods": ["ce"],
    "tasks": [{"dataset": name, "model": "mlp", "epochs": 1} for name in ("digits", "breastmnist")],
    "imratios": [None],
    "search": {"trials": 1},
}


def test_other_data_are_refused(tmp_path: Path) -> None:
    write_medmnist("breastmnist", tmp_path / "breastmnist.npz")
    plan = cells(parse_spec({**SPEC, "data_root": str(tmp_path)}))
    refuse_other_data(None, plan)
    began = provenance(plan)
    refuse_other_data(began, plan)

    with np.load(tmp_path / "breastmnist.npz") as archive:
        arrays = {**archive, "train_images": archive["train_images"][::-1]}
    np.savez(tmp_path / "breastmnist.npz", **arrays)
    cache.clear()
    without = parse_spec({**SPEC, "tasks": SPEC["tasks"][:1], "data_root": str(tmp_path)})
    refuse_other_data(began, cells(without))
    with pytest.raises(SpecError, match=r"breastmnist's breastmnist.npz is not what"):
        refuse_other_data(began, plan)


def test_data_that_join_later_are_added_and_nothing_else_changes(tmp_path: Path) -> None:
    write_medmnist("breastmnist", tmp_path / "breastmnist.npz")
    first = parse_spec({**SPEC, "tasks": SPEC["tasks"][:1], "data_root": str(tmp_path)})
    file = tmp_path / "provenance.json"
    assert read_provenance(file) is None
    file.write_text(json.dumps(provenance(cells(first))))
    began = read_provenance(file)
    assert began is not None
    assert set(began["data"]) == {"digits"}
    plan = cells(parse_spec({**SPEC, "data_root": str(tmp_path)}))
    refuse_other_data(began, plan)
    grown = provenance(plan, began)
    assert set(grown["data"]) == {"digits", "breastmnist"}
    assert {**grown, "data": began["data"]} == began


@pytest.mark.parametrize("text", ["{", "[]", "{}", '{"data": 3}'])
def test_a_file_that_cannot_be_read(text: str, tmp_path: Path) -> None:
    file = tmp_path / "provenance.json"
    file.write_text(text)
    with pytest.raises(SpecError, match=r"provenance.json must be as `aucstudy run` wrote it"):
        read_provenance(file)
