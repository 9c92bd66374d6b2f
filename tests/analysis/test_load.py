"""From a real ledger on disk to the report."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml
from optuna.distributions import FloatDistribution

from analysis import export, report, results
from analysis.errors import AnalysisError
from analysis.search.random_draws import draws
from study.cell import Cell
from study.errors import StudyError
from study.ledger.ledger import Ledger
from study.ledger.storage import open_storage
from trainables.config import Outcome

CELL = Cell(
    id="auc_m__digits-mlp__0.1",
    order=0,
    method="auc_m",
    task="digits-mlp",
    dataset="digits",
    model="mlp",
    imratio=0.1,
    run={"dataset": "digits", "model": "mlp", "epochs": 2, "batch_size": 64, "intervals": 2},
    space={"lr": FloatDistribution(1e-3, 1.0, log=True)},
    fixed={"score_map": "sigmoid"},
    trials=4,
    random_trials=4,
    sampler="random",
    pruner="none",
    grace=1,
    reduction=3,
    seeds=2,
    seed=0,
)


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """A study with three finished search rows, one failed row and two confirm rows."""
    (tmp_path / "study.yaml").write_text(yaml.safe_dump({"name": "s", "storage": None}))
    storage = open_storage(f"sqlite:///{tmp_path / 'study.db'}")
    ledger = Ledger(storage, "s", [CELL]).cells[CELL.id]
    while (row := ledger.next_search()) is not None:
        if row.number == 3:
            ledger.tell(row, "FAIL", Outcome(reason="The loss became NaN."))
            continue
        for interval in (1, 2):
            ledger.report(row, {interval: 0.6 + 0.1 * interval + 0.01 * row.number})
        ledger.tell(row, "COMPLETE", Outcome(seconds=1.0, gradient_evaluations=100))
    while (row := ledger.next_confirm()) is not None:
        ledger.report(row, {2: 0.8})
        spent = Outcome(seconds=1.0, gradient_evaluations=100, test_auroc=0.7 + 0.1 * row.number)
        ledger.tell(row, "COMPLETE", spent)
    storage.engine.dispose()
    return tmp_path


def test_a_path_may_be_text(directory: Path) -> None:
    assert results.load(str(directory)).study == results.load(directory).study


def test_load(directory: Path) -> None:
    frames = results.load(directory)
    assert frames.trials["state"].tolist() == ["COMPLETE"] * 3 + ["FAIL"]
    assert frames.trials["value"].tolist()[:3] == pytest.approx([0.80, 0.81, 0.82])
    assert frames.trials["selected"].tolist() == [False, False, True, False]
    assert frames.confirm["test_auroc"].tolist() == pytest.approx([0.7, 0.8])
    assert frames.confirm["selected_from"].tolist() == [2, 2]


def test_a_warm_started_row_says_so_in_frames_and_exports(tmp_path: Path) -> None:
    """And no random draw of the report is one."""
    (tmp_path / "study.yaml").write_text(yaml.safe_dump({"name": "s", "storage": None}))
    storage = open_storage(f"sqlite:///{tmp_path / 'study.db'}")
    below = replace(CELL, id="below", order=1, imratio=0.05, neighbour=CELL.id)
    ledger = Ledger(storage, "s", [CELL, below])
    for cell in ledger.cells.values():
        while (row := cell.next_search()) is not None:
            cell.report(row, {2: 0.6 + 0.01 * row.number})
            cell.tell(row, "COMPLETE", Outcome(seconds=1.0))
    storage.engine.dispose()
    frames = results.load(tmp_path)
    found = frames.trials[frames.trials["cell"] == "below"]
    assert found["origin"].tolist() == ["warm-started"] * 2 + ["random"] * 2
    best = [f"{CELL.id}/search/{number}" for number in (3, 2)]
    assert found["warm_from"].tolist() == [*best, "", ""]
    above = frames.trials[frames.trials["cell"] == CELL.id]
    assert set(above["warm_from"]) == {""}
    assert found["params_lr"].tolist()[:2] == above["params_lr"].tolist()[:1:-1]
    sample = draws(frames)
    assert sample[sample["cell"] == "below"]["number"].tolist() == [2, 3]
    export.export(tmp_path, tmp_path / "export", ["csv"])
    exported = pd.read_csv(tmp_path / "export" / "trials.csv", keep_default_na=False)
    assert exported["warm_from"].tolist() == frames.trials["warm_from"].tolist()


@pytest.mark.parametrize("pairs", [None, (), (("lr", "imratio"), ("lr", "margin"))])
def test_pairs_travel_with_the_plan(tmp_path: Path, pairs: Any) -> None:
    (tmp_path / "study.yaml").write_text(yaml.safe_dump({"name": "s", "storage": None}))
    storage = open_storage(f"sqlite:///{tmp_path / 'study.db'}")
    Ledger(storage, "s", [CELL])  # as an earlier version planned it
    Ledger(storage, "s", [replace(CELL, pairs=pairs)])
    storage.engine.dispose()
    (cell,) = results.load(tmp_path).study.cells
    assert cell.pairs == pairs


def test_write(directory: Path) -> None:
    path = report.write(directory)
    assert path == directory / "report" / "report.html"
    assert "0.7500 \u00b1 0.0707" in path.read_text(encoding="utf-8")
    assert (directory / "report" / "tables" / "main.csv").is_file()


def test_a_report_that_cannot_be_written(directory: Path) -> None:
    (directory / "report").write_text("a file where the folder should be")
    with pytest.raises(AnalysisError, match="folder that can be written"):
        report.write(directory)


def test_a_folder_without_a_study_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StudyError, match=r"study\.yaml"):
        report.write(tmp_path)
