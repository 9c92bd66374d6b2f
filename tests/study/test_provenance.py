"""A study goes on with the data that it began with, or not at all."""

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from study.cells import cells
from study.errors import LedgerError, SpecError
from study.fingerprints import fingerprints
from study.provenance import provenance, refuse_changes
from study.reader import read_provenance
from study.spec import parse_spec
from tests.trainables.official_files import write_medmnist
from trainables.datasets import (
    cache,
)

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
    refuse_changes(None, fingerprints(plan))
    began = provenance(fingerprints(plan))
    refuse_changes(began, fingerprints(plan))

    with np.load(tmp_path / "breastmnist.npz") as archive:
        arrays = {**archive, "train_images": archive["train_images"][::-1]}
    np.savez(tmp_path / "breastmnist.npz", **arrays)
    cache.clear()
    without = parse_spec({**SPEC, "tasks": SPEC["tasks"][:1], "data_root": str(tmp_path)})
    refuse_changes(began, fingerprints(cells(without)))
    with pytest.raises(SpecError, match=r"breastmnist's breastmnist.npz is not what"):
        refuse_changes(began, fingerprints(plan))


def test_data_that_join_later_are_added_and_nothing_else_changes(tmp_path: Path) -> None:
    write_medmnist("breastmnist", tmp_path / "breastmnist.npz")
    first = parse_spec({**SPEC, "tasks": SPEC["tasks"][:1], "data_root": str(tmp_path)})
    file = tmp_path / "provenance.json"
    assert read_provenance(tmp_path) is None
    file.write_text(json.dumps(provenance(fingerprints(cells(first)))))
    began = read_provenance(tmp_path)
    assert began is not None
    assert set(began["data"]) == {"digits"}
    plan = cells(parse_spec({**SPEC, "data_root": str(tmp_path)}))
    refuse_changes(began, fingerprints(plan))
    grown = provenance(fingerprints(plan), began)
    assert set(grown["data"]) == {"digits", "breastmnist"}
    assert {**grown, "data": began["data"]} == began


def test_a_study_of_an_older_version_gets_an_id_and_goes_on(tmp_path: Path) -> None:
    plan = cells(parse_spec({**SPEC, "tasks": SPEC["tasks"][:1], "data_root": str(tmp_path)}))
    older = {"created": "2026", "data": {"digits": {}}}
    refuse_changes(older, fingerprints(plan))
    now = provenance(fingerprints(plan), older)
    assert now["created"] == "2026"
    assert len(now["study"]) == 32
    assert provenance(fingerprints(plan), now) == now


MINE = """
import torch
from torch import nn
from trainables.datasets.sets.digits import read_digits
from trainables.datasets.source import Source
from trainables.models.mlp import mlp

def read(root, download):
    found = read_digits(root, download)
    values = [found.train_images{change}, found.train_labels, found.test_images, found.test_labels]
    return Source(*values, n_classes=10)

def build(in_channels, image_size):
    return mlp(in_channels, image_size)
"""


def test_changes_of_ones_own_code_and_data_are_refused_or_accepted_and_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    module = tmp_path / "own_things.py"
    module.write_text(MINE.format(change=""))
    task = {"dataset": "own_things:read", "model": "own_things:build", "epochs": 1, "name": "t"}
    plan = cells(parse_spec({**SPEC, "tasks": [task]}))
    began = provenance(fingerprints(plan))
    assert began["code"].keys() == {"own_things:read", "own_things:build"}
    assert began["data"]["own_things:read"].keys() == {"arrays"}
    refuse_changes(began, fingerprints(plan))

    module.write_text(MINE.format(change=" ^ 1"))
    sys.modules.pop("own_things")
    cache.clear()
    with pytest.raises(SpecError) as error:
        refuse_changes(began, fingerprints(plan))
    for what in ("read's arrays is not", "read's own_things.py is not", "build's own_things.py"):
        assert what in str(error.value)
    assert "--accept-changes" in str(error.value)
    accepted = provenance(fingerprints(plan), began)
    assert len(accepted["accepted"]) == 3
    refuse_changes(accepted, fingerprints(plan))
    assert provenance(fingerprints(plan), accepted) == accepted


@pytest.mark.parametrize("text", [b"", b"{", b"[]", b"{}", b'{"data": 3}', b'"\xff"'])
def test_a_file_that_cannot_be_read(text: bytes, tmp_path: Path) -> None:
    file = tmp_path / "provenance.json"
    file.write_bytes(text)
    with pytest.raises(LedgerError, match=r"provenance.json must be as `aucstudy run` wrote it"):
        read_provenance(tmp_path)
