"""A row of a real study, trained again from its ledger."""

import json
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml

from study.cells import cells
from study.command.rerun import _differences, rerun
from study.errors import LedgerError
from study.fingerprints import fingerprints
from study.ledger.ledger import Ledger
from study.ledger.storage import open_storage, storage_url
from study.provenance import provenance
from study.reader import read_study
from study.records import CellRecord, TrialRecord
from study.spec import dump, load_spec
from trainables.config import Outcome, TrialConfig
from trainables.errors import DataError
from trainables.loop import TrainingRun
from trainables.models import builder

SPEC: dict[str, Any] = {
    "name": "s",
    "methods": ["auc_m"],
    "tasks": [{"dataset": "digits", "model": "mlp", "epochs": 2, "batch_size": 64}],
    "imratios": [0.1],
    "search": {"trials": 2, "sampler": "random"},
    "confirm": {"seeds": 1},
    "space": {"auc_m": {"margin": 0.5}},
}
CELL = "auc_m__digits-mlp__0.1"


@pytest.fixture
def study(tmp_path: Path) -> Callable[..., Path]:
    """A study whose rows were trained here; ``change`` spoils each validation that is stored."""

    def make(change: float = 0.0, evaluation: dict[str, float] | None = None, **task: Any) -> Path:
        file = tmp_path / "spec.yaml"
        tasks = [{**SPEC["tasks"][0], "name": "digits-mlp", **task}]
        places = {"directory": str(tmp_path / "s"), "data_root": str(tmp_path)}
        asked = {"evaluation": evaluation or {}}
        file.write_text(yaml.safe_dump({**SPEC, **places, **asked, "tasks": tasks}))
        spec = load_spec(str(file))
        (tmp_path / "s").mkdir()
        (tmp_path / "s" / "study.yaml").write_text(dump(spec))
        kept = provenance(fingerprints(cells(spec)))
        (tmp_path / "s" / "provenance.json").write_text(json.dumps(kept))
        storage = open_storage(storage_url(tmp_path / "s", None))
        ledger = Ledger(storage, "s", cells(spec)).cells[CELL]
        for ask in (ledger.next_search, ledger.next_search, ledger.next_confirm):
            row = ask()
            assert row is not None
            run = TrainingRun(TrialConfig(**ledger.cell.trial(row.params, row.seeds)))
            # The second search row is pruned after its first interval.
            while run.interval < (1 if (row.phase, row.number) == ("search", 1) else 2):
                ledger.report(row, {run.interval + 1: run.train_interval()["val_auroc"] + change})
            outcome = Outcome(seconds=run.seconds)
            if row.phase == "confirm":
                tested = run.test()
                outcome = Outcome(
                    test_auroc=tested["test_auroc"],
                    test_auprc=tested["test_auprc"],
                    without=tested.get("without"),
                )
            ledger.tell(row, "COMPLETE" if run.finished else "PRUNED", Outcome(**asdict(outcome)))
        return tmp_path / "s"

    return make


@pytest.mark.parametrize(("row", "figures"), [("search/0", 2), ("search/1", 1), ("confirm/0", 4)])
def test_a_row_comes_out_the_same_bit_for_bit(
    study: Callable[..., Path], row: str, figures: int
) -> None:
    done = rerun(study(), f"{CELL}/{row}")
    assert len(done.figures) == figures
    assert done.same


@pytest.mark.parametrize("more", [{}, {"best": True}])
def test_with_evaluation_options_both_figures_come_out_the_same(
    study: Callable[..., Path], more: dict[str, bool]
) -> None:
    directory = study(evaluation={"ema": 0.9, "tta": 3, **more}, augmentation="flip")
    (row,) = read_study(directory).cells[0].confirm
    assert row.without is not None
    assert row.without["test_auroc"] != row.test_auroc
    done = rerun(directory, f"{CELL}/confirm/0")
    assert [figure.what for figure in done.figures[-2:]] == [
        "test AUROC without evaluation",
        "test AUPRC without evaluation",
    ]
    assert done.same


def test_another_value_in_the_ledger_is_noticed(study: Callable[..., Path]) -> None:
    done = rerun(study(change=1e-15), f"{CELL}/search/0")
    assert not done.same
    assert [figure.same for figure in done.figures] == [False, False]


def test_other_weights_than_it_began_with_are_refused(
    study: Callable[..., Path], tmp_path: Path
) -> None:
    file = tmp_path / "w.pth"

    def save(seed: int) -> None:
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            torch.save(builder("resnet20")(1, 8).features.state_dict(), file)

    save(0)
    directory = study(model={"name": "resnet20", "weights": file.name})
    assert rerun(directory, f"{CELL}/search/1").same
    save(1)
    with pytest.raises(LedgerError, match=r"that it began with, and .*w.pth is another"):
        rerun(directory, f"{CELL}/search/1")
    file.unlink()
    with pytest.raises(DataError, match=r"weights must be a file or imagenet, and .*w.pth is no"):
        rerun(directory, f"{CELL}/search/1")


def test_the_data_are_looked_for_where_a_run_would_look(
    study: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    torch.save(builder("resnet20")(1, 8).features.state_dict(), tmp_path / "w.pth")
    directory = study(model={"name": "resnet20", "weights": "w.pth"})
    moved = tmp_path / "elsewhere"
    moved.mkdir()
    (tmp_path / "w.pth").rename(moved / "w.pth")
    file = directory / "study.yaml"
    spec = yaml.safe_load(file.read_text())
    assert spec["data_root"] == read_study(directory).cells[0].run["data_root"] == str(tmp_path)
    file.write_text(yaml.safe_dump({**spec, "data_root": None}))
    monkeypatch.setenv("AUCSTUDY_DATA", str(moved))
    assert rerun(directory, f"{CELL}/search/1").same


def test_an_unknown_row_is_refused_with_names_that_there_are(study: Callable[..., Path]) -> None:
    with pytest.raises(LedgerError, match=f"has no 'x'.*{CELL}/search/0"):
        rerun(study(), "x")


def test_a_row_of_a_plan_that_does_not_tell_its_execution(study: Callable[..., Path]) -> None:
    directory = study()
    planned = cells(load_spec(str(directory)))
    run = {name: value for name, value in planned[0].run.items() if name != "execution"}
    storage = open_storage(storage_url(directory, None))
    Ledger(storage, "s", [replace(planned[0], run=run)])
    assert "execution" not in read_study(directory).cells[0].run
    assert rerun(directory, f"{CELL}/confirm/0").same
    # A driver goes on with the same rows, and writes the whole plan.
    again = Ledger(storage, "s", planned)
    assert again.finished
    assert read_study(directory).cells[0].run["execution"] == "auto"


def test_f32_on_a_gpu_was_once_tf32(study: Callable[..., Path]) -> None:
    found = read_study(study())
    cell = found.cells[0]
    on_gpu, row = replace(cell, run={**cell.run, "device": "cuda"}), cell.search[0]
    assert row.execution is None

    def said(cell: CellRecord, row: TrialRecord) -> bool:
        return any("TF32" in each for each in _differences(found, cell, row))

    assert said(on_gpu, row)
    assert not said(on_gpu, replace(row, execution="graph"))
    assert not said(cell, row)
    bf16 = replace(on_gpu, run={**on_gpu.run, "precision": "bf16"})
    assert not said(bf16, row)
