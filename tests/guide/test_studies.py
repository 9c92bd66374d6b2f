"""The studies in docs/studies: their ledgers open, and docs/results.md says what they say."""

import json
import shutil
import sqlite3
from pathlib import Path

import pytest
from typer.testing import CliRunner

from analysis.findings import Findings
from analysis.labels import mean_std
from analysis.results import load
from study.cli import app
from tests.guide.pages import ROOT

FOLDER = ROOT / "docs" / "studies"
STUDIES = sorted(file.parent.name for file in FOLDER.glob("*/study.db"))


@pytest.fixture
def copied(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """Elsewhere, as whoever goes on with it has it; SQLite writes beside what it reads."""
    return Path(shutil.copytree(FOLDER / request.param, tmp_path / request.param))


@pytest.mark.parametrize("copied", STUDIES, indirect=True)
def test_a_report_is_made_of_it_anywhere(copied: Path) -> None:
    done = CliRunner().invoke(app, ["report", str(copied), "--json"])
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    assert Path(told["report"]).is_relative_to(copied)
    assert told["settings"]


@pytest.mark.parametrize("copied", STUDIES, indirect=True)
def test_its_means_stand_in_the_results(copied: Path) -> None:
    text = (ROOT / "docs" / "results.md").read_text()
    assert f"(studies/{copied.name})" in text
    scores = Findings(load(copied)).scores
    assert (scores["n"] > 0).any()
    for row in scores[scores["n"] > 0].to_dict("records"):
        assert mean_std(row["mean"], row["std"]) in text, row["cell"]


@pytest.mark.parametrize("name", STUDIES)
def test_it_knows_no_machine(name: str) -> None:
    """Neither where it lay nor where its data did."""
    spec = (FOLDER / name / "study.yaml").read_text()
    assert "directory: null" in spec
    assert "data_root: null" in spec
    with sqlite3.connect(f"file:{FOLDER / name / 'study.db'}?mode=ro&immutable=1", uri=True) as db:
        plans = db.execute("SELECT value_json FROM study_user_attributes WHERE key = 'cell'")
        assert {json.loads(plan)["run"]["data_root"] for (plan,) in plans} <= {None, "/data"}
