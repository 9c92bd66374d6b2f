"""Exports to trackers, each read back by the tracker's own library."""

import importlib
import json
import struct
import zlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from analysis.errors import AnalysisError
from analysis.exporters import EXPORTERS, export_to
from analysis.exporters.runs import Run, runs
from study.cli import app
from study.records import StudyRecord
from tests.analysis.conftest import simulated_study

# The libraries' own.
pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.fixture
def kept(tmp_path: Path) -> StudyRecord:
    """Some trials in every state, two of them with predictions."""
    found = replace(simulated_study(), directory=tmp_path)
    (tmp_path / "predictions").mkdir()
    np.savez(tmp_path / "predictions/p.npz", scores=[0.1, 0.9], targets=[0, 1])
    cells = []
    for cell in (found.cells[0], found.cells[-1]):
        rows = [replace(row, predictions=None) for row in cell.confirm[:2]]
        rows = [replace(rows[0], predictions="predictions/p.npz"), *rows[1:]] if rows else []
        cells.append(replace(cell, search=cell.search[:4], confirm=tuple(rows)))
    return replace(found, cells=tuple(cells))


def expected(kept: StudyRecord) -> dict[str, Run]:
    found, missing = runs(kept)
    assert not missing
    assert len(found) >= 8
    return {run.trial: run for run in found}


def test_runs_are_the_ledgers_rows(kept: StudyRecord) -> None:
    found = expected(kept)
    for cell in kept.cells:
        for row in (*cell.search, *cell.confirm):
            run = found[f"{cell.id}/{row.phase}/{row.number}"]
            assert run.params == {**cell.fixed, **row.params}
            assert [point.interval for point in run.curve] == list(row.validations)
            assert [p.metrics["val_auroc"] for p in run.curve] == list(row.validations.values())
            assert run.metrics.get("test_auroc") == row.test_auroc
            assert run.tags["state"] == row.state
            assert ("reason" in run.tags) == (row.reason is not None)


def test_what_is_selected_by_goes_by_its_own_name(kept: StudyRecord) -> None:
    cell = kept.cells[0]
    row = next(row for row in cell.search if row.state == "COMPLETE")
    curve = tuple(
        {"interval": at, "val_auroc": value + 0.01, "val_auprc": value}
        for at, value in row.validations.items()
    )
    under_way = replace(row, number=row.number + 100, state="RUNNING", value=None)
    rows = (replace(row, curve=curve), replace(under_way, curve=()))
    by_auprc = replace(cell, run={**cell.run, "select": "auprc"}, search=rows, confirm=())
    (done, running), _ = runs(replace(kept, cells=(by_auprc,)))
    assert done.metrics["val_auprc"] == row.value
    assert done.metrics["val_auroc"] == curve[-1]["val_auroc"]
    assert [p.metrics["val_auroc"] for p in done.curve] == [p["val_auroc"] for p in curve]
    # Before a trial is finished the ledger knows what it is selected by, and nothing else.
    assert [p.metrics for p in running.curve] == [
        {"val_auprc": value} for value in row.validations.values()
    ]


def test_mlflow_reads_it_back(kept: StudyRecord, tmp_path: Path) -> None:
    pytest.importorskip("mlflow", reason="mlflow-skinny is not installed")
    from mlflow import MlflowClient

    folder = tmp_path / "out"
    look, _ = export_to("mlflow", kept, folder)
    client = MlflowClient(tracking_uri=look.rpartition(" ")[2])
    experiment = client.get_experiment_by_name(kept.name)
    assert experiment is not None
    found = {run.info.run_name: run for run in client.search_runs([experiment.experiment_id])}
    wanted = expected(kept)
    assert found.keys() == wanted.keys()
    for trial, run in wanted.items():
        data = found[trial].data
        assert data.params == {name: str(value) for name, value in run.params.items()}
        assert {name: data.tags[name] for name in run.tags} == run.tags
        for name, value in run.metrics.items():
            assert data.metrics[f"final_{name}"] == value
        history = client.get_metric_history(found[trial].info.run_id, "val_auroc")
        assert [(each.step, each.value) for each in history] == [
            (point.interval, point.metrics["val_auroc"]) for point in run.curve
        ]
        files = client.list_artifacts(found[trial].info.run_id)
        assert [file.path for file in files] == [path.name for path in run.artefacts]
    states = {run.info.status for run in found.values()}
    assert states <= {"FINISHED", "KILLED", "FAILED", "RUNNING"}


def test_tensorboard_reads_it_back(kept: StudyRecord, tmp_path: Path) -> None:
    pytest.importorskip("tensorboard", reason="tensorboard is not installed")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
    from tensorboard.plugins.hparams import plugin_data_pb2

    export_to("tensorboard", kept, tmp_path / "out")
    for trial, run in expected(kept).items():
        events = EventAccumulator(str(tmp_path / "out" / trial)).Reload()
        if run.curve:
            assert [(each.step, each.value) for each in events.Scalars("val_auroc")] == [
                (point.interval, pytest.approx(point.metrics["val_auroc"], abs=1e-6))
                for point in run.curve
            ]
        for name, value in run.metrics.items():
            (last,) = events.Scalars(f"final/{name}")
            assert last.value == pytest.approx(value, rel=1e-6)
        content = events.summary_metadata["_hparams_/session_start_info"].plugin_data.content
        told = plugin_data_pb2.HParamsPluginData.FromString(content).session_start_info.hparams
        for name, value in run.params.items():
            kind = told[name].WhichOneof("kind")
            assert getattr(told[name], kind) == pytest.approx(value)


def leveldb_log(data: bytes) -> Iterator[bytes]:
    """The messages in a file of W&B: LevelDB's log format after 7 bytes (4 of them ``:W&B``)."""
    assert data.startswith(b":W&B")
    at, block, parts = 7, 32_768, b""
    while at < len(data):
        if block - at % block < 7:
            at += block - at % block
            continue
        checksum, length, kind = struct.unpack_from("<IHB", data, at)
        part = data[at + 7 : at + 7 + length]
        assert len(part) == length
        assert checksum == zlib.crc32(part, zlib.crc32(bytes([kind])))
        at, parts = at + 7 + length, parts + part
        if kind in (1, 4):  # whole, or the last part of one
            yield parts
            parts = b""


def test_wandb_reads_it_back(kept: StudyRecord, tmp_path: Path) -> None:
    pytest.importorskip("wandb", reason="wandb is not installed")
    messages: Any = importlib.import_module("wandb.proto.wandb_internal_pb2")
    export_to("wandb", kept, tmp_path / "out")
    wanted = expected(kept)
    files = sorted((tmp_path / "out").glob("wandb/offline-run-*/*.wandb"))
    assert len(files) == len(wanted)
    seen = set()
    for file in files:
        records = [messages.Record.FromString(data) for data in leveldb_log(file.read_bytes())]
        (begun,) = [each.run for each in records if each.WhichOneof("record_type") == "run"]
        run = wanted[begun.display_name]
        seen.add(run.trial)
        config = {each.key: json.loads(each.value_json) for each in begun.config.update}
        assert {name: config[name] for name in run.params} == run.params
        curve = [
            {item.key or item.nested_key[0]: json.loads(item.value_json) for item in h.item}
            for h in (each.history for each in records if each.HasField("history"))
        ]
        assert [(point["_step"], point["val_auroc"]) for point in curve] == [
            (point.interval, point.metrics["val_auroc"]) for point in run.curve
        ]
        final: dict[str, Any] = {}
        for each in records:
            if each.HasField("summary"):
                for item in each.summary.update:
                    final[item.key or item.nested_key[0]] = json.loads(item.value_json)
        for name, value in run.metrics.items():
            assert final[f"final_{name}"] == value
        for artefact in run.artefacts:
            copy = file.parent / "files" / artefact.name
            assert copy.read_bytes() == artefact.read_bytes()
            assert not copy.is_symlink()
    assert seen == wanted.keys()


def test_an_export_replaces_itself_and_nothing_else(kept: StudyRecord, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    export_to("tensorboard", kept, folder)
    before = sorted(path.parent for path in folder.rglob("events*"))
    export_to("tensorboard", replace(kept, cells=kept.cells[:1]), folder)
    after = sorted(path.parent for path in folder.rglob("events*"))
    assert set(after) < set(before)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.tex").touch()
    with pytest.raises(AnalysisError, match=r"holds something that is none: name another"):
        export_to("tensorboard", kept, tmp_path / "mine")
    assert (tmp_path / "mine" / "thesis.tex").exists()


def test_names_of_a_foreign_ledger_stay_in_the_folder(kept: StudyRecord, tmp_path: Path) -> None:
    evil = replace(kept.cells[0], id="../../x\n")
    export_to("tensorboard", replace(kept, cells=(evil,)), tmp_path / "out")
    assert not [p for p in tmp_path.rglob("events*") if not p.is_relative_to(tmp_path / "out")]


def test_predictions_that_are_gone_are_said(kept: StudyRecord, tmp_path: Path) -> None:
    (tmp_path / "predictions/p.npz").unlink()
    _, missing = runs(kept)
    assert missing
    assert all(sentence.endswith("p.npz is not there.") for sentence in missing)


@pytest.mark.parametrize("tracker", EXPORTERS)
def test_a_tracker_that_is_not_installed(
    tracker: str, kept: StudyRecord, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("analysis.exporters.find_spec", lambda _: None)
    with pytest.raises(AnalysisError, match=rf"pip install 'aucstudy\[{tracker}\]'"):
        export_to(tracker, kept, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_the_command(kept: StudyRecord, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("study.reader.read_study", lambda _: kept)
    done = CliRunner().invoke(app, ["export", str(tmp_path), "--to", "tensorboard"])
    assert done.exit_code == 0, done.stderr
    assert f"Runs: {tmp_path / 'export/tensorboard'};" in done.stdout
