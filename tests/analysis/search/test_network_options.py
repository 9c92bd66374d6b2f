"""Options of networks that were searched: named as they are, of one task and not of another."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from analysis.export import _documented, frames
from analysis.findings import Findings
from analysis.results import Results, from_record
from analysis.search import importance, optimum, sensitivity
from analysis.sections import profile_values
from study.cell import Moves

Build = Callable[..., Any]
LR = {"lr": {"low": 1e-3, "high": 1.0, "log": True, "step": None}}
DROP = {"model.drop_rate": {"low": 0.0, "high": 0.4, "log": False, "step": None}}


@pytest.fixture
def results(study: Build, cell: Build, trial: Build) -> Results:
    """A method on two tasks; on the first dropout of 0.3 is best, the second has none."""
    draw = np.random.default_rng(0)

    def search(names: tuple[str, ...]) -> tuple[Any, ...]:
        rows = []
        for number in range(40):
            params = {"lr": float(10 ** draw.uniform(-3, 0))}
            drop = float(draw.uniform(0, 0.4))
            value = 0.8 + float(draw.normal(0, 0.002))
            if "model.drop_rate" in names:
                params["model.drop_rate"] = drop
                value -= 2 * (drop - 0.3) ** 2
            rows.append(trial(number=number, params=params, value=value))
        return tuple(rows)

    return from_record(
        study(
            cell(id="a", task="a", space=LR | DROP, search=search(("lr", "model.drop_rate"))),
            cell(id="b", task="b", space=LR, search=search(("lr",))),
        )
    )


def test_its_curve_is_of_the_task_that_has_it(results: Results) -> None:
    points = sensitivity.points(results)
    curves = sensitivity.curves(results, points)
    assert [(c.task, c.hyperparameter) for c in curves if c.hyperparameter != "lr"] == [
        ("a", "model.drop_rate")
    ]
    best = optimum.optima(results, points, curves).set_index(["task", "hyperparameter"])
    assert float(str(best.loc[("a", "model.drop_rate"), "best"])) == pytest.approx(0.3, abs=0.05)
    assert ("b", "model.drop_rate") not in best.index


def test_its_importance_is_found(results: Results) -> None:
    table = importance.importance(results).set_index(["hyperparameter", "measure"])
    assert table.loc[("model.drop_rate", "everywhere"), "important"]
    assert not table.loc[("lr", "everywhere"), "important"]


def test_exports_say_what_it_is(results: Results) -> None:
    assert results.trials["params_model.drop_rate"].notna().sum() == 40
    columns = _documented(frames(results)[0]).set_index("column")
    assert str(columns.loc["params_model.drop_rate", "meaning"]).startswith(
        "the network's option model"
    )
    assert str(columns.loc["params_lr", "meaning"]).startswith("hyperparameter lr;")


def test_a_profile_of_it_stands_in_the_report(
    study: Build, cell: Build, trial: Build, confirm: Build
) -> None:
    moves = Moves({"model.drop_rate": (0.0, 0.2)}, {"model.drop_rate": 0.0}, seeds=2, test=True)
    moved = ("model.drop_rate", 0.2)
    rows = tuple(
        trial("profile", seed, seed=seed, moved=moved, params=dict([moved]), test_auroc=0.7)
        for seed in range(2)
    )
    confirmed = tuple(confirm(seed, 0.8) for seed in range(2))
    section = profile_values.section(
        Findings(from_record(study(cell(confirm=confirmed, profile=rows, moves=moves))))
    )
    assert section is not None
    (table,) = section.tables()
    texts = [[each.text for each in row] for row in table.rows]
    assert all("model.drop_rate" in row for row in texts)
    assert [row[3] for row in texts] == ["0", "0.2"]
