"""Which rows are a fair sample, and how they stand, by hand."""

from collections.abc import Callable
from typing import Any

from analysis.results import Results, from_record
from analysis.search.random_draws import draws

Build = Callable[..., Any]


def _pruned(trial: Build, number: int, **validations: float) -> Any:
    reached = {int(interval[1:]): value for interval, value in validations.items()}
    return trial(number=number, state="PRUNED", value=None, validations=reached)


def test_standing_by_value_then_by_progress_then_failures(
    study: Build, cell: Build, trial: Build
) -> None:
    search = (
        trial(number=0, value=0.6),
        _pruned(trial, 1, i1=0.9),
        _pruned(trial, 2, i1=0.5, i2=0.4),
        trial(number=3, state="FAIL", value=None),
        trial(number=4, value=0.8),
        _pruned(trial, 5, i1=0.7),
        trial(number=6, value=0.9, origin="tpe"),
        trial(number=7, value=0.95, origin="gp"),
        trial(number=8, value=0.99, origin="warm-started"),
    )
    found = draws(from_record(study(cell(search=search)))).set_index("number")
    # A pruned row never passes a finished one, however high its low-budget value.
    order = found["standing"].sort_values().index.tolist()
    assert order == [3, 5, 1, 2, 0, 4]
    assert found["standing"].min() == 0.5 / 6
    assert found["standing"].max() == 5.5 / 6
    assert found["value"].notna().tolist() == [True, False, False, False, True, False]


def test_nothing_behind_a_row_under_way_counts(study: Build, cell: Build, trial: Build) -> None:
    running = trial(number=1, state="RUNNING", value=None)
    search = (trial(number=0), running, trial(number=2))
    assert draws(from_record(study(cell(search=search))))["number"].tolist() == [0]


def test_cells_stand_by_themselves_and_ties_share(simulated: Results) -> None:
    found = draws(simulated)
    assert (found.groupby("cell").size() == 10).all()
    doomed = found[found["cell"] == "ct_auc__cifar10-resnet20__0.01"]
    assert (doomed["standing"] == 0.5).all()  # ten failures
