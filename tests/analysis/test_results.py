"""Frames hold what the records hold, in the documented columns."""

import subprocess
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from analysis import columns
from analysis.results import Results, from_record


@pytest.mark.parametrize("name", ["cells", "trials", "curves", "confirm", "superseded"])
def test_frames_have_the_documented_columns(simulated: Results, name: str) -> None:
    documented = {
        "cells": columns.CELLS,
        "trials": columns.TRIALS,
        "curves": columns.CURVES,
        "confirm": columns.CONFIRM,
        "superseded": columns.CONFIRM,
    }[name]
    frame: pd.DataFrame = getattr(simulated, name)
    own = [column for column in frame.columns if not column.startswith("params_")]
    assert own == list(documented)
    for column, (dtype, text) in documented.items():
        assert frame[column].dtype == dtype, column
        assert text


def test_empty_study_has_the_same_columns(study: Callable[..., Any]) -> None:
    results = from_record(study())
    assert list(results.trials.columns) == list(columns.TRIALS)
    assert results.trials["value"].dtype == "float64"
    assert results.settings == []


def test_params_are_columns_and_missing_where_a_method_lacks_them(simulated: Results) -> None:
    trials = simulated.trials
    assert trials.loc[trials["method"] == "ce", "params_margin"].isna().all()
    record = simulated.study.cells[1].search[3]
    row = trials[trials["trial"] == f"{simulated.study.cells[1].id}/search/3"].iloc[0]
    assert row["params_margin"] == record.params["margin"]


def test_a_chosen_null_is_told_from_not_tuned(
    study: Callable[..., Any], cell: Callable[..., Any], trial: Callable[..., Any]
) -> None:
    values = [{"clip": None, "lr": 0.1}, {"clip": 0.1, "lr": 0.1}, {"clip": None, "map": None}]
    rows = tuple(trial(number=i, params=params) for i, params in enumerate(values))
    other = cell("ce", search=(trial(params={"lr": 0.1}),))
    trials = from_record(study(cell(search=rows), other)).trials
    assert trials["chosen_null"].tolist() == ["clip", "", "clip, map", ""]
    # The columns that were there stay what they were.
    assert trials["params_clip"].dtype == "float64"
    assert trials["params_clip"].isna().tolist() == [True, False, True, True]


def test_last_auroc_of_a_pruned_row(
    study: Callable[..., Any], cell: Callable[..., Any], trial: Callable[..., Any]
) -> None:
    pruned = trial(state="PRUNED", value=None, validations={1: 0.6, 3: 0.7, 2: 0.9})
    waiting = trial(number=1, state="WAITING", value=None)
    trials = from_record(study(cell(search=(pruned, waiting)))).trials
    assert trials["last_auroc"].tolist()[0] == 0.7
    assert trials["last_interval"].tolist() == [3, 0]
    assert trials["value"].isna().all()
    assert np.isnan(trials["last_auroc"][1])


@pytest.mark.parametrize(("run", "expected"), [({}, 0.7), ({"evaluation": {"best": True}}, 0.9)])
def test_the_validation_of_a_finished_row_is_the_one_that_it_is_judged_by(
    study: Callable[..., Any],
    cell: Callable[..., Any],
    confirm: Callable[..., Any],
    run: dict[str, Any],
    expected: float,
) -> None:
    """Selected by AUPRC, of which two are the highest: the first of them counts."""
    auprc = {1: 0.3, 2: 0.5, 3: 0.5, 4: 0.4}
    auroc = {1: 0.6, 2: 0.9, 3: 0.8, 4: 0.7}
    curve = tuple({"interval": i, "val_auprc": auprc[i], "val_auroc": auroc[i]} for i in auprc)
    row = confirm(0, 0.8, value=max(auprc.values()), validations=auprc, curve=curve)
    made = study(cell(confirm=(row,), run={"select": "auprc", **run}))
    assert from_record(made).confirm["val_auroc"].tolist() == [expected]


def test_curves_join_outcome_and_validations(
    study: Callable[..., Any], cell: Callable[..., Any], trial: Callable[..., Any]
) -> None:
    point = {"interval": 1, "val_auroc": 0.6, "loss": 0.5, "seconds": 2.0}
    running = trial(state="RUNNING", value=None, validations={1: 0.6, 2: 0.7}, curve=(point,))
    curves = from_record(study(cell(search=(running,)))).curves
    assert curves["interval"].tolist() == [1, 2]
    assert curves["val_auroc"].tolist() == [0.6, 0.7]
    assert curves["loss"][0] == 0.5
    assert np.isnan(curves["loss"][1])


def test_ratios_and_settings_are_ordered(
    study: Callable[..., Any], cell: Callable[..., Any]
) -> None:
    results = from_record(
        study(cell(imratio=None), cell(imratio=0.3), cell(imratio=0.005), cell("ce", 0.3))
    )
    assert results.ratios == ["0.5 %", "30 %", "own ratio"]
    assert [ratio for _, ratio in results.settings] == results.ratios
    assert results.methods == ["auc_m", "ce"]


def test_analysis_loads_neither_torch_nor_ray() -> None:
    code = (
        "import sys, analysis.report, analysis.results, study.reader;"
        "print([m for m in ('torch', 'ray', 'trainables') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
