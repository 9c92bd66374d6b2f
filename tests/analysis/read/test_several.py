"""Several studies in one report: rivals where they compare, apart and said so where not."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from analysis import report
from analysis.errors import AnalysisError
from analysis.findings import Findings
from analysis.images.predictions import load_predictions
from analysis.read.several import combine
from analysis.results import Results
from study.cell import Moves
from study.cli import app
from study.records import StudyRecord

Build = Callable[..., Any]


@pytest.fixture
def one(study: Build, cell: Build, trial: Build, confirm: Build, tmp_path: Path) -> Build:
    """A study of one cell: ``one(name, method, scores, **fields of the cell)``."""

    def build(name: str, method: str = "ce", scores: Any = (0.8, 0.82), **fields: Any) -> Any:
        seed = fields.pop("data_seed", 100)
        rows = tuple(
            confirm(i, s, seeds={"data_seed": seed + i, "init_seed": 1, "order_seed": 1})
            for i, s in enumerate(scores)
        )
        own = cell(method, **({"search": (trial(),), "confirm": rows} | fields))
        return study(own, name=name, directory=tmp_path / name)

    return build


def _said(results: Results) -> str:
    return " ".join(results.remarks)


def test_same_task_and_ratio_are_rivals(one: Build) -> None:
    results = combine([one("a", "ce", (0.8, 0.82)), one("b", "auc_m", (0.9, 0.92))])
    assert results.settings == [("cifar10-resnet20", "10 %")]
    assert results.methods == ["ce", "auc_m"]
    scores = Findings(results).scores.set_index("method")
    assert scores["best"].to_dict() == {"ce": False, "auc_m": True}
    assert results.remarks == ("2 studies read together: a and b.",)


def test_options_of_networks_are_compared_within_a_task(study: Build, cell: Build) -> None:
    """What one task's network has and another's has not is no other space of the method."""
    drop = {"model.drop_rate": {"low": 0.0, "high": 0.4, "log": False, "step": None}}
    one = study(cell("ce", id="a", task="a", space=drop), name="one")
    two = study(cell("ce", id="b", task="b", space={}), name="two")
    assert "other spaces" not in _said(combine([one, two]))
    wider = {"model.drop_rate": {**drop["model.drop_rate"], "high": 0.5}}
    three = study(cell("ce", 0.2, id="c", task="a", space=wider), name="three")
    assert "one and three searched other spaces for ce." in combine([one, three]).remarks


def test_rows_lead_back_to_their_study(one: Build, tmp_path: Path) -> None:
    second = one("b", "auc_m")
    results = combine([one("a"), second])
    assert results.confirm["trial"].tolist()[-1] == f"b:{second.cells[0].id}/confirm/1"
    origin = results.origin(f"b:{second.cells[0].id}")
    assert origin == (tmp_path / "b", second.cells[0].id)


def test_predictions_come_from_the_study_that_made_them(one: Build) -> None:
    studies = []
    for name in ("a", "b"):
        made = one(name, f"method-{name}")
        (made.directory / "predictions").mkdir(parents=True)
        scores = np.array([0.0, 1.0 if name == "a" else 2.0])
        np.savez(made.directory / "predictions/p.npz", scores=scores, targets=np.array([0, 1]))
        cell = made.cells[0]
        rows = tuple(replace(row, predictions="predictions/p.npz") for row in cell.confirm)
        studies.append(replace(made, cells=(replace(cell, confirm=rows),)))
    results = combine(studies)
    found = load_predictions(results, f"b:{studies[1].cells[0].id}", 0)
    assert found.scores.tolist() == [0.0, 2.0]


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"epochs": 50}, "epochs 9 (a) and 50 (b)"),
        ({"model": "vgg"}, "model resnet20 (a) and vgg (b)"),
        ({"run": {"precision": "bf16"}}, "precision f32 (a) and bf16 (b)"),
        ({"run": {"validation": "after"}}, "validation None (a) and after (b)"),
        ({"run": {"budget": "seconds", "device": "cuda"}}, "device None (a) and cuda (b)"),
        ({"run": {"precision": "tf32"}}, "precision f32 (a) and tf32 (b)"),
    ],
)
def test_other_protocols_are_other_tasks(one: Build, changed: dict[str, Any], words: str) -> None:
    results = combine([one("a"), one("b", "auc_m", **changed)])
    assert results.tasks == ["cifar10-resnet20 (a)", "cifar10-resnet20 (b)"]
    assert len(results.settings) == 2
    assert words in _said(results)
    assert "within each of them only" in _said(results)


def test_other_data_are_another_task(one: Build) -> None:
    old, new = (
        replace(one(name), provenance={"data": {"cifar10": {"batch": checksum}}})
        for name, checksum in (("a", "0f"), ("b", "f0"))
    )
    results = combine([old, new])
    assert len(results.tasks) == 2
    assert "checksums of the data" in _said(results)


def test_places_do_not_matter(one: Build) -> None:
    here, there = ({"run": {"device": d, "data_root": d}} for d in ("cpu", "cuda"))
    assert len(combine([one("a", **here), one("b", "auc_m", **there)]).tasks) == 1


def test_execution_matters_only_where_seconds_are_the_budget(one: Build) -> None:
    def tasks(device: str, **run: str) -> int:
        older, newer = (
            {"run": {"device": device, **run, **told}} for told in ({}, {"execution": "auto"})
        )
        return len(combine([one("a", **older), one("b", "auc_m", **newer)]).tasks)

    assert tasks("cuda") == 1
    assert tasks("cpu", budget="seconds") == 1
    assert tasks("cuda", budget="seconds") == 2


def test_a_method_that_two_studies_ran_is_two(one: Build) -> None:
    results = combine([one("a"), one("b"), one("c", "auc_m")])
    assert results.methods == ["ce (a)", "ce (b)", "auc_m"]
    assert "a and b ran ce on the same setting" in _said(results)


def test_a_method_goes_on_at_another_ratio(one: Build) -> None:
    results = combine([one("a"), one("b", imratio=0.01)])
    assert results.methods == ["ce"]
    assert len(results.settings) == 2


def test_a_method_with_another_fixed_value_is_another(one: Build) -> None:
    studies = [one(f"at {m}", imratio=m, fixed={"margin": m}) for m in (0.1, 0.2)]
    results = combine(studies)
    assert results.methods == ["ce (at 0.1)", "ce (at 0.2)"]
    assert "fix hyperparameters of ce differently" in _said(results)


def test_a_value_that_only_one_study_fixes_makes_another_method(one: Build) -> None:
    """As ``inner``, which a study of the version before does not name."""
    old = one("old", "ct_auc", imratio=0.01)
    new = one("new", "ct_auc", fixed={"inner": "moves"})
    for studies in ([old, new], [new, old]):
        results = combine(studies)
        assert sorted(results.methods) == ["ct_auc (new)", "ct_auc (old)"]
        assert "fix hyperparameters of ct_auc differently" in _said(results)
    more = one("more", "ct_auc", imratio=0.01, fixed={"inner": "moves"})
    assert combine([new, more]).methods == ["ct_auc"]


def test_a_value_that_one_study_fixes_and_another_searches_is_told(one: Build) -> None:
    searched: Any = {"lr": {"low": 0.1, "high": 1.0}}
    first = one("a", fixed={"lr": 0.1}, space={})
    results = combine([first, one("b", imratio=0.01, space=searched)])
    assert results.methods == ["ce"]
    assert "a and b searched other spaces for ce." in results.remarks


def test_another_search_space_is_told(one: Build) -> None:
    spaces: list[Any] = [{"lr": {"low": 0.1, "high": high}} for high in (1, 2)]
    first, second = one("a", space=spaces[0]), one("b", imratio=0.01, space=spaces[1])
    results = combine([first, second])
    assert results.methods == ["ce"]
    assert "a and b searched other spaces for ce." in results.remarks


def test_seeds_pair_only_on_equal_data(one: Build) -> None:
    same = combine([one("a"), one("b", "auc_m")])
    assert same.confirm["seed"].tolist() == [0, 1, 0, 1]
    # The second study's first seed is the first's second.
    shifted = combine([one("a"), one("b", "auc_m", data_seed=101)])
    assert shifted.confirm["seed"].tolist() == [0, 1, 1, 2]
    assert "not taken as pairs" in _said(shifted)


def test_a_name_that_means_two_methods_is_two(one: Build) -> None:
    results = combine(
        [one("a", "plain", variant_of="ce"), one("b", "plain", variant_of="focal", imratio=0.2)]
    )
    assert results.methods == ["plain (a)", "plain (b)"]
    assert "a and b mean different methods by plain" in _said(results)
    assert results.cells["base_method"].tolist() == ["ce", "focal"]


def test_profiles_stay_paired_where_seeds_change_their_index(one: Build) -> None:
    first, second = one("a", "ce"), one("b", "auc_m", data_seed=200)
    (cell,) = second.cells
    moved = tuple(
        replace(row, phase="profile", moved=("lr", 0.1), test_auroc=0.5) for row in cell.confirm
    )
    moves = Moves({"lr": (0.1,)}, {"lr": 1.0}, 2, test=True)
    second = replace(second, cells=(replace(cell, profile=moved, moves=moves),))
    results = combine([first, second])
    assert results.confirm["seed"].tolist() == [0, 1, 2, 3]
    assert results.profile["seed"].tolist() == [2, 3]
    profiles = Findings(results).profiles
    assert profiles.loc[~profiles["own"], "n"].tolist() == [2]


def test_equal_names_are_told_apart(one: Build) -> None:
    studies = [replace(one("s"), directory=Path(folder)) for folder in ("x/s", "y/t", "z/t")]
    results = combine(studies)
    assert results.methods == ["ce (s in s)", "ce (s in t, 1)", "ce (s in t, 2)"]
    assert results.cells["cell"].is_unique


def test_other_machines_are_named(one: Build) -> None:
    old, new = (
        replace(one(name, name), provenance={"versions": {"torch": version}, "commit": "1"})
        for name, version in (("a", "2.6"), ("b", "2.7"))
    )
    assert "same versions.torch: see Provenance" in _said(combine([old, new]))


def test_report(one: Build, tmp_path: Path) -> None:
    results = combine([one("a"), one("b", "auc_m", epochs=50)])
    page = report.write_results(results, tmp_path).read_text()
    head = page[: page.index('<section id="verdict"')]
    assert "a + b" in head
    assert "Task cifar10-resnet20 was not run alike" in head
    assert "was not run alike" in (tmp_path / "report.md").read_text()


def test_command(one: Build, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    studies = {name: one(name, f"method-{name}") for name in ("a", "b")}
    for name in studies:
        (tmp_path / name).mkdir()
        (tmp_path / name / "study.yaml").write_text("name: s")

    def read(directory: Path) -> StudyRecord:
        return studies[directory.name]

    monkeypatch.setattr("study.reader.read_study", read)
    places = [str(tmp_path / name) for name in studies]
    done = CliRunner().invoke(app, ["report", *places])
    assert done.exit_code == 0, done.output
    assert (tmp_path / "a+b" / "report" / "report.html").is_file()
    done = CliRunner().invoke(app, ["report", *places, "--out", str(tmp_path / "here")])
    assert done.exit_code == 0, done.output
    assert (tmp_path / "here" / "report.html").is_file()
    twice = CliRunner().invoke(app, ["report", places[0], places[0]])
    assert twice.exit_code == 2
    assert "came twice" in twice.stderr


def test_a_study_named_twice_is_refused(tmp_path: Path) -> None:
    with pytest.raises(AnalysisError, match="takes each once"):
        report.write(tmp_path, tmp_path / ".")
