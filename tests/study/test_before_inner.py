"""A study that the version before began goes on as it would have."""

import os
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml
from typer.testing import CliRunner, Result

from study.cell import trial
from study.cli import app
from study.command.rerun import find_row, rerun
from study.reader import read_spec, read_study
from study.records import CellRecord, TrialRecord
from trainables.config import TrialConfig
from trainables.loop import TrainingRun

ROOT = Path(__file__).parents[2]
STUDY = Path(__file__).parent / "data" / "before-inner.tar.xz"
"""Of ct_auc and ct_mixup, before they had ``inner``: the inner steps looked ahead."""

CELLS = ["ct_auc__digits-mlp__0.1", "ct_mixup__digits-mlp__0.1"]
MEANS = {"ct_auc": "0.8563 ≈ (n = 1)", "ct_mixup": "**0.8872** (n = 1)"}
"""Of the test AUROC, in the report of the version before."""

TOLERANCE = 0.01
"""In AUROC: more than another machine changes, and less than another reading does."""

SPEC: dict[str, Any] = {
    "name": "before-inner",
    "methods": ["ct_auc", "ct_mixup"],
    "tasks": [{"dataset": "digits", "model": "mlp", "epochs": 4, "batch_size": 64, "intervals": 2}],
    "imratios": [0.1],
    "search": {"trials": 2, "sampler": "random", "pruner": "none"},
    "confirm": {"seeds": 1},
}
"""What its user wrote."""


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """The directory of the study."""
    with tarfile.open(STUDY) as archive:
        archive.extractall(tmp_path, filter="data")
    return tmp_path / "before-inner"


def user_spec(old: Path, **changes: Any) -> str:
    """A file of the user's that stands for the study."""
    file = old.parent / "mine.yaml"
    file.write_text(yaml.safe_dump({**SPEC, "directory": str(old), **changes}))
    return str(file)


def aucstudy(*words: str) -> Result:
    return CliRunner().invoke(app, words)


def rows(old: Path) -> list[tuple[TrialRecord, ...]]:
    found = read_study(old).cells
    return [each for cell in found for each in (cell.search, cell.confirm, cell.superseded)]


def means(old: Path) -> dict[str, str]:
    """What the first table of the report says of each method."""
    report = (old / "report" / "report.md").read_text().replace("\\_", "_")
    lines = [line.strip("| ").split(" | ") for line in report.splitlines()]
    return {line[0]: line[1] for line in lines if len(line) == 2 and line[0] in SPEC["methods"]}


def trained(cell: CellRecord, row: TrialRecord, inner: str) -> dict[str, float]:
    """The figures of ``row``, trained here in one of the readings."""
    torch.set_num_threads(1)  # as in a study
    params = {**row.params, "inner": inner}
    config = trial(cell.method, cell.imratio, cell.run, params, row.seeds)
    run = TrainingRun(TrialConfig(**config))
    while not run.finished:
        run.train_interval()
    figures = {f"interval {int(each['interval'])}": each["val_auroc"] for each in run.curve}
    tested = run.test() if row.phase == "confirm" else {}
    return figures | {name: tested[name] for name in ("test_auroc", "test_auprc") if name in tested}


def stored(row: TrialRecord) -> dict[str, float]:
    """The same of the ledger's."""
    figures = {f"interval {number}": value for number, value in row.validations.items()}
    tested = {"test_auroc": row.test_auroc, "test_auprc": row.test_auprc}
    return figures | {name: value for name, value in tested.items() if value is not None}


@pytest.mark.parametrize("row", ["search/0", "confirm/0"])
@pytest.mark.parametrize("cell", CELLS)
def test_its_rows_are_trained_again_as_they_were(old: Path, cell: str, row: str) -> None:
    again = rerun(old, f"{cell}/{row}")
    assert again.reason is again.again is None
    for figure in again.figures:
        assert figure.again == pytest.approx(figure.stored, abs=TOLERANCE), figure.what
    found, known = find_row(read_study(old), f"{cell}/{row}")
    moved = trained(found, known, "moves")
    off = [abs(moved[name] - value) for name, value in stored(known).items()]
    assert len(off) == len(again.figures)
    assert max(off) > TOLERANCE


def test_it_is_finished_and_stays_as_it_is(old: Path) -> None:
    before = rows(old)
    for spec in (str(old), user_spec(old)):
        done = aucstudy("run", spec)
        assert done.exit_code == 0, done.output
        assert "there is nothing to run" in done.output
        assert rows(old) == before
        assert means(old) == MEANS


@pytest.mark.ray
@pytest.mark.whole
def test_more_seeds_are_trained_as_the_first(old: Path) -> None:
    """Also by a spec that does not name ``inner``, and again: then nothing is left."""
    before = rows(old)
    spec = user_spec(old, confirm={"seeds": 2})
    done = subprocess.run(
        [sys.executable, "-m", "study", "run", spec],
        cwd=ROOT,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=700,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    cells = read_study(old).cells
    assert [cell.id for cell in cells] == CELLS
    for cell, (search, confirm, _) in zip(cells, (before[:3], before[3:]), strict=True):
        assert cell.search == search
        assert cell.confirm[:1] == confirm
        (new,) = cell.confirm[1:]
        assert (new.state, new.seed, new.selected_from) == ("COMPLETE", 1, *cell.selected)
        assert stored(new) == trained(cell, new, "looks_ahead")
        assert stored(new) != trained(cell, new, "moves")
        assert rerun(old, f"{cell.id}/confirm/1").same
        assert cell.fixed == {"inner": "looks_ahead"}
    space = read_spec(old)["space"]
    assert [space[method]["inner"] for method in SPEC["methods"]] == ["looks_ahead"] * 2
    for again in (spec, str(old)):
        assert "there is nothing to run" in aucstudy("run", again).output


def test_another_reading_is_refused_in_one_sentence(old: Path) -> None:
    before = rows(old), (old / "study.yaml").read_text()
    done = aucstudy("run", user_spec(old, space={"ct_mixup": {"inner": "moves"}}))
    assert done.exit_code == 2
    (said,) = done.stderr.splitlines()
    assert "space.ct_mixup.inner was looks_ahead and is now moves." in said
    assert "ct_auc" not in said
    assert (rows(old), (old / "study.yaml").read_text()) == before
