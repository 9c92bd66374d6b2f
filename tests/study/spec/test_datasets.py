"""A data set in a spec: its name, or its name and options; and ratios of a task's own."""

from typing import Any

import pytest
import yaml

from study.cells import cells
from study.errors import SpecError
from study.spec import changes, dump, parse_spec


def spec(*tasks: dict[str, Any], imratios: list[float | None] | None = None) -> dict[str, Any]:
    return {
        "name": "s",
        "methods": ["ce"],
        "tasks": [{"model": "mlp", "epochs": 1, **task} for task in tasks],
        "imratios": imratios or [0.1],
        "search": {"trials": 0},
    }


@pytest.mark.parametrize(
    ("dataset", "written", "shown", "task"),
    [
        ("digits", "digits", "digits", "digits-mlp"),
        ({"name": "digits"}, "digits", "digits", "digits-mlp"),
        (
            {"name": "digits", "positives": [1, 7], "negatives": None},
            {"name": "digits", "positives": [1, 7]},
            "digits (positives 1 + 7)",
            "digits-mlp",
        ),
    ],
)
def test_a_data_set_is_written_as_it_is_read(
    dataset: object, written: object, shown: str, task: str
) -> None:
    study = parse_spec(spec({"dataset": dataset}))
    assert study.tasks[0].dataset.shown == shown
    assert study.tasks[0].name == task
    dumped = yaml.safe_load(dump(study))
    assert dumped["tasks"][0]["dataset"] == written
    assert parse_spec(dumped).tasks == study.tasks


def test_options_reach_the_trial_and_none_leave_it_as_it_was() -> None:
    plain, choosy = (
        cells(parse_spec(spec({"dataset": dataset})))[0]
        for dataset in ("digits", {"name": "digits", "positives": [3]})
    )
    assert "data" not in plain.run
    assert choosy.run == {**plain.run, "data": {"positives": [3]}}
    assert plain.dataset == "digits"


@pytest.mark.parametrize(
    ("dataset", "words"),
    [
        ({"positives": [1]}, "must have a name, or say where .* folder, csv, npz, hdf5, and none"),
        ({"folder": "a", "csv": "b"}, "and folder and csv of these is there"),
        ({"name": "digits", "positve": [1]}, r"no option 'positve' \(did you mean 'positives'\?\)"),
        ({"name": "digit"}, "data set must be one of digits"),
        (3, "must be a mapping"),
    ],
)
def test_a_wrong_data_set_is_refused(dataset: object, words: str) -> None:
    with pytest.raises(SpecError, match=rf"tasks\[0\]\.dataset.*{words}"):
        parse_spec(spec({"dataset": dataset}))


def test_a_task_may_have_ratios_of_its_own() -> None:
    study = parse_spec(
        spec({"dataset": "digits"}, {"dataset": "digits", "name": "own", "imratios": [None, 0.05]})
    )
    assert [(cell.task, cell.imratio) for cell in cells(study)] == [
        ("digits-mlp", 0.1),
        ("own", None),
        ("own", 0.05),
    ]


def test_no_ratio_leaves_a_task() -> None:
    def plain(own: list[float] | None, of_all: list[float | None]) -> Any:
        task: dict[str, Any] = {"dataset": "digits"}
        study = parse_spec(spec({**task, "imratios": own} if own else task, imratios=of_all))
        return yaml.safe_load(dump(study))

    assert not changes(plain(None, [0.1, 0.2]), plain([0.1, 0.2, 0.3], [0.5]))
    (difference,) = changes(plain([0.1, 0.2], [0.5]), plain([0.2], [0.5]))
    assert difference == "imratios of task digits-mlp held 0.1, which cannot leave the study."
