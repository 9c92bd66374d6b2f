"""Convergence and tuning progress, by hand."""

from collections.abc import Callable
from typing import Any

import numpy as np

from analysis.results import Results, from_record
from analysis.search import curves

Build = Callable[..., Any]


def _points(*aurocs: float) -> tuple[dict[str, float], ...]:
    return tuple(
        {"interval": i, "val_auroc": a, "loss": 1.0, "seconds": i, "gradient_evaluations": 10 * i}
        for i, a in enumerate(aurocs, start=1)
    )


def test_convergence_is_median_and_range_of_finished_seeds(
    study: Build, cell: Build, trial: Build, confirm: Build
) -> None:
    rows = (
        confirm(0, 0.8, curve=_points(0.5, 0.8)),
        confirm(1, 0.8, curve=_points(0.6, 0.7)),
        confirm(2, 0.8, curve=_points(0.7, 0.6)),
        confirm(3, None, state="RUNNING", value=None, validations={1: 0.1}),
    )
    table = curves.convergence(from_record(study(cell(search=(trial(),), confirm=rows))))
    assert table["median"].tolist() == [0.6, 0.7]
    assert table["low"].tolist() == [0.5, 0.6]
    assert table["high"].tolist() == [0.7, 0.8]
    assert table["gradient_evaluations"].tolist() == [10, 20]
    assert table["seconds"].tolist() == [1, 2]
    assert table["rows"].tolist() == [(0, 1, 2)] * 2


def test_convergence_against_numpy(finished: Results) -> None:
    table = curves.convergence(finished)
    cell = finished.study.cells[2]
    matrix = np.array([[p["val_auroc"] for p in row.curve] for row in cell.confirm])
    mine = table[table["cell"] == cell.id]
    np.testing.assert_allclose(mine["median"], np.median(matrix, axis=0))
    np.testing.assert_allclose(mine["high"], matrix.max(axis=0))


def test_progress_keeps_the_best_of_finished_rows(study: Build, cell: Build, trial: Build) -> None:
    search = (
        trial(number=0, state="FAIL", value=None),
        trial(number=1, value=0.7),
        trial(number=2, state="PRUNED", value=None, validations={1: 0.99}),
        trial(number=3, value=0.6),
        trial(number=4, value=0.8),
        trial(number=5, state="RUNNING", value=None),
        trial(number=6, value=0.9),
    )
    table = curves.progress(from_record(study(cell(search=search))))
    # Row 5 is under way: what stands behind it may still change.
    assert table["trials"].tolist() == [1, 2, 3, 4, 5]
    assert table["best"].tolist()[1:] == [0.7, 0.7, 0.7, 0.8]
    assert np.isnan(table["best"][0])
    assert table["number"].tolist()[1:] == [1, 1, 1, 4]
    assert table["improved"].tolist() == [False, True, False, False, True]
    # Every row before the first one under way was paid for.
    assert table["gradient_evaluations"].tolist() == [1000, 2000, 3000, 4000, 5000]
    assert table["seconds"].tolist() == [10, 20, 30, 40, 50]


def test_cost_is_unknown_from_the_first_silent_row_on(
    study: Build, cell: Build, trial: Build
) -> None:
    search = (trial(number=0), trial(number=1, gradient_evaluations=None), trial(number=2))
    table = curves.progress(from_record(study(cell(search=search))))
    assert table["gradient_evaluations"].notna().tolist() == [True, False, False]
    assert table["seconds"].tolist() == [10, 20, 30]


def test_progress_ends_at_the_selected_row(finished: Results) -> None:
    table = curves.progress(finished)
    last = table.groupby("cell").last()
    for cell in finished.study.cells:
        for number in cell.selected:
            assert last.loc[cell.id, "number"] == number
            assert last.loc[cell.id, "best"] == cell.search[number].value
