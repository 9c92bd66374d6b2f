"""A study goes on with the data that it began with, or not at all."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from study.cells import cells
from study.errors import SpecError
from study.provenance import provenance, refuse_other_data
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
    file = tmp_path / "provenance.json"
    refuse_other_data(file, plan)
    file.write_text(json.dumps(provenance(plan)))
    refuse_other_data(file, plan)

    with np.load(tmp_path / "breastmnist.npz") as archive:
        arrays = {**archive, "train_images": archive["train_images"][::-1]}
    np.savez(tmp_path / "breastmnist.npz", **arrays)
    cache.clear()
    grown = parse_spec({**SPEC, "tasks": SPEC["tasks"][:1], "data_root": str(tmp_path)})
    refuse_other_data(file, cells(grown))
    with pytest.raises(SpecError, match=r"breastmnist's file breastmnist.npz is another one"):
        refuse_other_data(file, plan)


def test_a_task_that_joins_later_is_new(tmp_path: Path) -> None:
    file = tmp_path / "provenance.json"
    write_medmnist("breastmnist", tmp_path / "breastmnist.npz")
    first = parse_spec({**SPEC, "tasks": SPEC["tasks"][:1], "data_root": str(tmp_path)})
    file.write_text(json.dumps(provenance(cells(first))))
    refuse_other_data(file, cells(parse_spec({**SPEC, "data_root": str(tmp_path)})))


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    file = tmp_path / "provenance.json"
    file.write_text("{")
    with pytest.raises(SpecError, match=r"provenance.json must be as `aucstudy run` wrote it"):
        refuse_other_data(file, [])
