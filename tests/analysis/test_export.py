"""Frames as files: they come back as they were, and every column is explained."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from pandas.testing import assert_frame_equal
from typer.testing import CliRunner

from analysis import columns, export
from analysis.errors import AnalysisError
from analysis.results import Results, from_record
from study.cli import app
from study.records import StudyRecord

Build = Callable[..., Any]


@pytest.fixture
def kept(tmp_path: Path, study: Build, cell: Build, trial: Build, confirm: Build) -> StudyRecord:
    """Two confirm trials with predictions, one whose file is gone, mixed choices, a profile."""
    (tmp_path / "predictions").mkdir()
    scores = np.array([0.1, -2.5, 1e-7], dtype=np.float32)
    for seed in (0, 1):
        np.savez(
            tmp_path / f"predictions/c{seed}.npz",
            scores=scores * (seed + 1),
            targets=np.array([0, 1, 0], dtype=np.uint8),
        )
    rows = tuple(confirm(i, 0.8 + i / 30, predictions=f"predictions/c{i}.npz") for i in range(3))
    search = (
        trial(
            params={"lr": 1 / 3, "k": 1, "how": "auto"}, started=pd.Timestamp("2026-01-02 03:04")
        ),
        trial(
            number=1, params={"lr": 0.2, "k": 2, "how": 1}, state="FAIL", value=None, reason="é,\n"
        ),
    )
    moved = tuple(
        trial("profile", i, seed=i, moved=("lr", 0.1), params={"lr": 0.1}) for i in (0, 1)
    )
    own = cell(search=search, confirm=rows, profile=moved, imratio=None)
    return study(own, directory=tmp_path)


def _loaded(record: StudyRecord, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(export, "load", lambda _: from_record(record))


def _as_text(table: pd.DataFrame) -> pd.DataFrame:
    """Text columns as plain objects with None, whatever pandas calls them."""
    text = [c for c in table if not pd.api.types.is_numeric_dtype(table[c].dtype)]
    text = [c for c in text if not pd.api.types.is_datetime64_any_dtype(table[c].dtype)]
    plain = {c: table[c].astype(object).where(table[c].notna(), None) for c in text}
    return pd.DataFrame({c: plain.get(c, table[c]) for c in table})


def test_parquet_comes_back(
    kept: StudyRecord, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _loaded(kept, monkeypatch)
    export.export(tmp_path, tmp_path / "out")
    for name, table in export.frames(from_record(kept))[0].items():
        back = pd.read_parquet(tmp_path / "out" / f"{name}.parquet")
        assert_frame_equal(_as_text(back), _as_text(table), obj=name)


def test_csv_comes_back_with_the_documented_types(
    kept: StudyRecord, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _loaded(kept, monkeypatch)
    export.export(tmp_path, tmp_path / "out")
    documented = pd.read_csv(tmp_path / "out" / "columns.csv", keep_default_na=False)
    for name, table in export.frames(from_record(kept))[0].items():
        types = documented[documented["frame"] == name].set_index("column")["dtype"]
        dates = [c for c in types.index if types[c].startswith("datetime")]
        back = pd.read_csv(
            tmp_path / "out" / f"{name}.csv",
            dtype={c: t for c, t in types.items() if c not in dates},
            parse_dates=dates,
        ).astype(dict(types[dates]))
        expected = _as_text(table).replace({"": None})  # an empty text is a missing one in CSV
        assert_frame_equal(_as_text(back), expected, obj=name)


def test_every_column_is_explained(finished: Results) -> None:
    for name, table in export.frames(finished)[0].items():
        own = [c for c in table.columns if not str(c).startswith("params_")]
        assert own == list(columns.FRAMES[name][1])
        for column, (dtype, text) in columns.FRAMES[name][1].items():
            assert table[column].dtype == dtype, (name, column)
            assert text


def test_the_way_of_a_trials_steps_is_told(study: Build, cell: Build, trial: Build) -> None:
    ways = ("graph", "eager: the step waits", None)
    rows = tuple(trial(number=i, execution=way) for i, way in enumerate(ways))
    tables, _ = export.frames(from_record(study(cell(search=rows))))
    assert tables["trials"]["execution"].tolist()[:2] == list(ways[:2])
    assert tables["trials"]["execution"].isna().tolist() == [False, False, True]


@pytest.mark.parametrize("kind", export.KINDS)
def test_a_chosen_null_is_told_from_not_tuned(
    kind: str,
    tmp_path: Path,
    study: Build,
    cell: Build,
    trial: Build,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rows = tuple(trial(number=i, params={"clip": v}) for i, v in enumerate((None, 0.1)))
    other = cell("ce", search=(trial(params={"lr": 0.1}),))
    _loaded(study(cell(search=rows), other), monkeypatch)
    export.export(tmp_path, tmp_path / "out")
    back = getattr(pd, f"read_{kind}")(tmp_path / "out" / f"trials.{kind}")
    told = back["chosen_null"].fillna("").str.split(", ").map(lambda names: "clip" in names)
    assert told.tolist() == [True, False, False]
    assert back["params_clip"].isna().tolist() == [True, False, True]
    documented = pd.read_csv(tmp_path / "out" / "columns.csv")
    meaning = documented.set_index("column")["meaning"]
    assert "chosen_null" in meaning["params_clip"]


def test_predictions_are_those_of_the_files(kept: StudyRecord) -> None:
    tables, unread = export.frames(from_record(kept))
    table = tables["predictions"]
    assert table["score"].tolist() == pytest.approx([0.1, -2.5, 1e-7, 0.2, -5.0, 2e-7])
    assert table["target"].tolist() == [0, 1, 0] * 2
    assert table["image"].tolist() == [0, 1, 2] * 2
    assert list(table["trial"].cat.categories) == [
        f"{kept.cells[0].id}/confirm/{i}" for i in (0, 1)
    ]
    assert len(unread) == 1
    assert "confirm trial 2" in unread[0]


def test_metrics_are_those_of_the_predictions(kept: StudyRecord) -> None:
    table = export.frames(from_record(kept))[0]["metrics"].set_index("trial")
    assert list(table.index) == [f"{kept.cells[0].id}/confirm/{i}" for i in (0, 1)]
    assert table["auroc"].tolist() == [0.8, 0.8 + 1 / 30]
    # The only positive has the lowest of three scores.
    assert table["auprc"].tolist() == pytest.approx([1 / 3] * 2)
    assert table["specificity_at_95"].tolist() == [0, 0]
    assert table[["brier", "calibration_slope"]].isna().all(axis=None)


def test_a_folder_that_cannot_be_written(
    kept: StudyRecord, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _loaded(kept, monkeypatch)
    (tmp_path / "out").write_text("a file")
    with pytest.raises(AnalysisError, match="folder that can be written"):
        export.export(tmp_path, tmp_path / "out")


def test_command(kept: StudyRecord, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _loaded(kept, monkeypatch)
    (tmp_path / "study.yaml").write_text("name: s")
    out = tmp_path / "out"
    done = CliRunner().invoke(app, ["export", str(tmp_path), "--out", str(out), "--format", "csv"])
    assert done.exit_code == 0, done.output
    assert str(out) in done.stdout
    assert "confirm trial 2" in done.stderr
    wanted = {f"{name}.csv" for name in (*columns.FRAMES, "columns")} | {"README.md"}
    assert {path.name for path in out.iterdir()} == wanted
