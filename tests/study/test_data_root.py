"""Where a study's data lie: the same folder, wherever it is run from."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from study.cells import cells
from study.cli import app
from study.ledger.ledger import Ledger
from study.ledger.storage import open_storage, storage_url
from study.spec import data_root, directory_of, dump, for_everywhere, load_spec, parse_spec
from tests.study.specs import SPEC
from tests.trainables.official_files import write_medmnist
from trainables.config import Outcome
from trainables.datasets import (
    cache,
)


def test_a_study_keeps_its_data_root_for_every_working_directory(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("AUCSTUDY_DATA", raising=False)
    named = parse_spec(SPEC | {"data_root": "here"})
    assert for_everywhere(named).data_root == tmp_path / "here"
    assert for_everywhere(parse_spec(SPEC)).data_root == tmp_path / "data"
    assert dump(for_everywhere(named)) == dump(for_everywhere(for_everywhere(named)))
    monkeypatch.setenv("AUCSTUDY_DATA", "/some/where")
    assert for_everywhere(named).data_root == tmp_path / "here"
    assert for_everywhere(parse_spec(SPEC)).data_root is None


@pytest.mark.parametrize(
    ("written", "place", "root"),
    [
        ({"data_root": "here"}, "project/studies/small", "project/here"),
        ({}, "project/studies/small", "project/data"),
        ({"data_root": "../here", "directory": "out/x"}, "project/out/x", "project/../here"),
        ({"data_root": "here", "directory": "./out/x"}, "project/out/x", "project/here"),
        # Moved, or written by a run from the directory: where it was begun does not show.
        ({"data_root": "here"}, "archive/small", "elsewhere/here"),
        ({"data_root": "here", "directory": "/away"}, "project/studies/small", "elsewhere/here"),
        ({"data_root": "/here"}, "project/studies/small", "/here"),
    ],
)
def test_a_study_of_the_version_before_finds_its_data_from_elsewhere(
    written: dict[str, str],
    place: str,
    root: str,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    directory = tmp_path / place
    directory.mkdir(parents=True)
    (directory / "study.yaml").write_text(yaml.safe_dump(SPEC | written))
    (directory / "provenance.json").write_text("{}")
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    monkeypatch.delenv("AUCSTUDY_DATA", raising=False)
    for spec in (directory, directory / "study.yaml", f"../{place}"):
        assert data_root(load_spec(str(spec))) == tmp_path / root
        assert directory_of(load_spec(str(spec))).resolve() == directory
    monkeypatch.setenv("AUCSTUDY_DATA", "/some/where")
    named = "data_root" in written
    assert data_root(load_spec(str(directory))) == (
        tmp_path / root if named else Path("/some/where")
    )


def test_a_study_on_a_relative_data_root_runs_from_elsewhere(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("AUCSTUDY_DATA", raising=False)
    write_medmnist("breastmnist", Path("images/breastmnist.npz"))
    task = {"dataset": "breastmnist", "model": "mlp", "epochs": 1, "batch_size": 8}
    changes: dict[str, Any] = {"search": {"trials": 0}, "confirm": {"seeds": 1}}
    spec = SPEC | {"methods": ["ce"], "tasks": [task], "data_root": "images", **changes}
    Path("small.yaml").write_text(yaml.safe_dump(spec))
    directory = tmp_path / "studies" / "small"
    directory.mkdir(parents=True)
    # A finished study needs no Ray.
    loaded = parse_spec(spec)
    ledger = Ledger(open_storage(storage_url(directory, None)), loaded.name, cells(loaded))
    (cell,) = ledger.cells.values()
    row = cell.next_confirm()
    assert row is not None
    cell.tell(row, "COMPLETE", Outcome(curve=[{"interval": 1, "val_auroc": 0.8}], test_auroc=0.7))

    (tmp_path / "elsewhere").mkdir()
    for place, study in ((tmp_path, "small.yaml"), (tmp_path / "elsewhere", str(directory))):
        monkeypatch.chdir(place)
        cache.clear()
        done = CliRunner().invoke(app, ["run", study])
        assert done.exit_code == 0, done.output
        kept = yaml.safe_load((directory / "study.yaml").read_text())
        assert kept["data_root"] == str(tmp_path / "images")


@pytest.mark.parametrize(
    ("storage", "kept"),
    [
        ("sqlite:///rows.db", "sqlite:///{here}/rows.db"),
        ("sqlite:///../rows.db?timeout=20", "sqlite:///{above}/rows.db?timeout=20"),
        ("sqlite:////else/where.db", "sqlite:////else/where.db"),
        ("${STORAGE}", "${STORAGE}"),
        ("postgresql://me:${WORD}@host/rows", "postgresql://me:${WORD}@host/rows"),
        (None, None),
    ],
)
def test_a_database_beside_the_spec_is_the_same_from_any_working_directory(
    storage: str | None, kept: str | None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    here = tmp_path / "project"
    here.mkdir()
    monkeypatch.chdir(here)
    spec = parse_spec(SPEC | {"storage": storage})
    wanted = kept and kept.format(here=here, above=tmp_path) if "$" not in str(kept) else kept
    assert for_everywhere(spec).storage == wanted
    directory = here / "studies" / "small"
    directory.mkdir(parents=True)
    (directory / "study.yaml").write_text(dump(spec))  # as the version before kept it
    (directory / "provenance.json").write_text("{}")
    monkeypatch.chdir("/")
    assert load_spec(str(directory)).storage == wanted
