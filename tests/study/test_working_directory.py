"""Files where the user stands shadow nothing, and are found where a spec names them."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from study.reader import read_study

ROOT = Path(__file__).parents[2]

SHADOWS = ("optuna", "yaml", "queue", "trainables", "analysis", "ray", "torch", "json", "random")

OWN = """
from trainables.methods.ce import CE


class Mine(CE):
    SPACE = {}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Files that end whoever imports them, beside a method of the user's own and its spec."""
    for name in SHADOWS:
        (tmp_path / f"{name}.py").write_text(f"raise SystemExit('{name}.py shadows a library')\n")
    (tmp_path / "where_i_stand.py").write_text(OWN)
    spec = {
        "name": "small",
        "methods": ["where_i_stand:Mine"],
        "tasks": [{"dataset": "digits", "model": "mlp", "epochs": 2}],
        "imratios": [0.1],
        "search": {"trials": 0},
        "confirm": {"seeds": 1},
        "directory": "out",
    }
    (tmp_path / "small.yaml").write_text(yaml.safe_dump(spec))
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "aucstudy").write_text("from study.cli import main\nmain()\n")
    return tmp_path


def command(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    # The variable stands for an installed package: it comes after the script's folder.
    return subprocess.run(
        [sys.executable, *words],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("program", [("bin/aucstudy",), ("-m", "study")])
def test_no_file_shadows_the_program(folder: Path, program: tuple[str, ...]) -> None:
    listed = command(folder, *program, "list")
    assert listed.returncode == 0, listed.stderr
    assert "densenet121" in listed.stdout


def test_a_study_with_a_method_of_ones_own_runs_beside_them(folder: Path) -> None:
    ran = command(folder, "-m", "study", "run", "small.yaml")
    assert ran.returncode == 0, ran.stdout + ran.stderr
    (cell,) = read_study(folder / "out").cells
    assert [row.state for row in cell.confirm] == ["COMPLETE"], cell.confirm
    assert "shadows" not in (folder / "out" / "ray.log").read_text()
