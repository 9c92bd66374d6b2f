"""The ledger of budgets, by hand."""

from collections.abc import Callable
from typing import Any

import pytest

from analysis.compare import budget
from analysis.findings import Findings
from analysis.results import Results, from_record
from analysis.sections.budget import section
from analysis.write.blocks import Note

Build = Callable[..., Any]


def test_counts_and_sums(study: Build, cell: Build, trial: Build, confirm: Build) -> None:
    search = (
        trial(gradient_evaluations=100, seconds=1.0),
        trial(number=1, state="PRUNED", value=None, gradient_evaluations=40, seconds=0.5),
        trial(number=2, state="FAIL", value=None, gradient_evaluations=None, seconds=None),
        trial(number=3, state="RUNNING", value=None, gradient_evaluations=None, seconds=None),
    )
    record = cell(
        search=search,
        planned_trials=6,
        confirm=(confirm(0, 0.8, gradient_evaluations=200, seconds=2.0),),
        superseded=(confirm(0, 0.7, gradient_evaluations=300, seconds=3.0),),
    )
    row = budget.by_cell(from_record(study(record))).iloc[0]
    assert (row["planned"], row["trials"], row["open"]) == (6, 3, 1)
    assert (row["finished"], row["pruned"], row["failed"]) == (1, 1, 1)
    assert (row["search_gradient_evaluations"], row["search_seconds"]) == (140, 1.5)
    # Replaced configurations were paid for as well.
    assert (row["confirms"], row["confirm_gradient_evaluations"]) == (2, 500)
    assert row["unreported"] == 1


def test_unequal_budgets_are_flagged(study: Build, cell: Build, trial: Build) -> None:
    def searched(count: int, each: int) -> tuple[Any, ...]:
        return tuple(trial(number=i, gradient_evaluations=each) for i in range(count))

    cells = budget.by_cell(
        from_record(
            study(
                cell("a", search=searched(10, 100)),
                cell("b", search=searched(10, 110)),
                cell("c", search=searched(10, 220)),
                cell("d", search=searched(8, 130)),
                cell("alone", 0.3, search=searched(2, 1)),
            )
        )
    ).set_index("method")
    # Median of 1000, 1100, 2200 and 1040 is 1070.
    assert cells.loc["c", "relative"] == pytest.approx(2200 / 1070)
    assert cells.loc["c", "unequal"] == "2.06 times the median gradient evaluations"
    assert cells.loc["d", "unequal"] == "8 trials where another method had 10"
    assert not cells.loc[["a", "b", "alone"], "unequal"].any()


def test_without_a_search_the_runs_are_compared(study: Build, cell: Build, confirm: Build) -> None:
    """A run that failed early says nothing of what a run costs."""

    def runs(each: int) -> dict[str, Any]:
        lost = {"state": "FAIL", "value": None, "reason": "diverged"}
        failed = confirm(2, None, gradient_evaluations=1, **lost)
        return {
            "confirm": (*(confirm(i, 0.8, gradient_evaluations=each) for i in (0, 1)), failed),
            "selected": None,
        }

    cells = budget.by_cell(
        from_record(study(cell("a", **runs(100)), cell("b", **runs(100)), cell("c", **runs(200))))
    ).set_index("method")
    assert cells["run_gradient_evaluations"].tolist() == [100, 100, 200]
    assert cells["relative"].tolist() == [1, 1, 2]
    assert cells.loc["c", "unequal"] == "2.00 times the median gradient evaluations"
    assert not cells.loc[["a", "b"], "unequal"].any()


def test_by_method_adds_up(simulated: Results) -> None:
    cells = budget.by_cell(simulated)
    methods = budget.by_method(cells)
    assert methods["method"].tolist() == simulated.methods
    for column in ("trials", "finished", "pruned", "failed", "search_seconds"):
        assert methods[column].sum() == pytest.approx(cells[column].sum())
    assert (methods["finished"] + methods["pruned"] + methods["failed"] == 80).all()


def test_nothing_spent_is_not_unequal(study: Build, cell: Build) -> None:
    cells = budget.by_cell(from_record(study(cell("a"), cell("b"))))
    assert (cells["unequal"] == "").all()
    assert cells["relative"].isna().all()


def eager_notes(results: Results) -> list[str]:
    notes = [block for block in section(Findings(results)).blocks if isinstance(block, Note)]
    return [item for note in notes for item in note.items if "Eager" in item]


def test_who_fell_back_to_eager_and_why(
    study: Build, cell: Build, trial: Build, confirm: Build
) -> None:
    waits, copies = "eager: the step waits (own.py:7)", "eager: OSError: a copy."
    results = from_record(
        study(
            cell("a", search=(trial(execution="graph"), trial(number=1, execution="eager"))),
            cell("b", search=(trial(execution=waits), trial(number=1, execution=waits))),
            cell("c", search=(trial(),), confirm=(confirm(0, 0.8, execution=copies),)),
            cell("d", superseded=(confirm(0, 0.8, execution=waits),)),
        )
    )
    assert budget.fallbacks(results).to_numpy().tolist() == [
        ["the step waits (own.py:7)", "b", 2],
        ["OSError: a copy.", "c", 1],
        ["the step waits (own.py:7)", "d", 1],
    ]
    assert eager_notes(results) == [
        "Eager, neither captured as a CUDA graph nor compiled: b (2 trials) and d (1 trial). "
        "Reason: the step waits (own.py:7).",
        "Eager, neither captured as a CUDA graph nor compiled: c (1 trial). "
        "Reason: OSError: a copy.",
    ]


def test_where_none_fell_back_nothing_is_said(study: Build, cell: Build, trial: Build) -> None:
    """Nor of studies that do not tell how their steps ran."""
    rows = (trial(execution="graph"), trial(number=1, execution="eager"), trial(number=2))
    for search in (rows, (trial(),), ()):
        results = from_record(study(cell(search=search)))
        assert len(budget.fallbacks(results)) == 0
        assert eager_notes(results) == []
