"""The plan of sets with patients, several labels or volumes; what cannot be cut is refused."""

import json
from typing import Any

import pytest
import yaml
from rich.console import Console
from typer.testing import CliRunner

from study.cli import app
from study.command.as_json import plan_data, text
from study.command.tables import plan_tables
from study.errors import SpecError
from study.plan.cost import StudyPlan, plan_study
from study.plan.prospects import setting_prospects
from study.plan.timing import Timing
from study.spec import StudySpec, check_environment, parse_spec
from trainables.datasets.cache import read_source
from trainables.datasets.cut.imbalance import binary_task


def spec(reader: str, **changes: Any) -> StudySpec:
    task = {
        "name": "own",
        "dataset": f"tests.study.own_sets:{reader}",
        "model": "mlp",
        "epochs": 2,
        "batch_size": 50,
    }
    raw = {
        "name": "own",
        "methods": ["ce", "auc_m"],
        "tasks": [task | changes.pop("task", {})],
        "imratios": [None],
        "search": {"trials": 2},
        "confirm": {"seeds": 3},
    }
    return parse_spec(raw | changes)


def planned(of: StudySpec) -> StudyPlan:
    timings = {(method, "own"): Timing(0.1, 0.5, 50.0) for method in ("ce", "auc_m")}
    return plan_study(of, timings, slots=1)


def shown(plan: StudyPlan) -> str:
    console = Console(width=200)
    with console.capture() as captured:
        console.print(*plan_tables(plan, "this machine", ""))
    return captured.get()


def test_patients_are_counted_by_part_and_classes_named() -> None:
    plan = planned(spec("patients", imratios=[0.1, None]))
    source = read_source("tests.study.own_sets:patients", "data")
    for cell in plan.cells:
        task = binary_task(source, cell.imratio, 0, "before")
        assert cell.train.images == len(task.train_targets)
        assert cell.train.positives == (int(task.train_targets.sum()),)
        assert task.val_groups is not None
        assert cell.val.groups == len(task.val_groups.unique())
        assert cell.steps == 2 * (cell.train.images // 50)
    words = shown(plan)
    first = plan.cells[0]
    assert f"{first.train.groups}" in words.partition("Groups (patients)")[2]
    assert "benign" in words.partition("Classes on each side")[2]
    assert "melanoma" in words
    assert "own: 2 images were skipped." in words
    data = json.loads(text(plan_data("own", plan, "here", "")))
    assert data["cells"][0]["val"]["groups"] == first.val.groups
    assert data["data"] == [
        {
            "task": "own",
            "negatives": ["benign"],
            "positives": ["melanoma"],
            "labels": [],
            "notes": ["2 images were skipped."],
        }
    ]


def test_several_labels_are_counted_one_by_one() -> None:
    plan = planned(spec("films"))
    cell = plan.cells[0]
    task = binary_task(read_source("tests.study.own_sets:films", "data"), None, 0, "before")
    for part, targets in ((cell.train, task.train_targets), (cell.test, task.test_targets)):
        assert part.images == len(targets)
        assert part.positives == tuple((targets == 1).sum(0).tolist())
        assert part.negatives == tuple((targets == 0).sum(0).tolist())
    prospects = setting_prospects(plan)
    assert [each.label for each in prospects] == ["a", "b", "c"]
    assert [each.test_positives for each in prospects] == list(cell.test.positives)
    assert prospects[2].test_width > prospects[0].test_width  # c is the rarest
    words = shown(plan)
    assert f"{cell.test.positives[2]} + {cell.test.negatives[2]}" in words
    data = json.loads(text(plan_data("own", plan, "here", "")))
    assert data["cells"][0]["train"]["positives"] == list(cell.train.positives)
    assert data["data"][0]["labels"] == ["a", "b", "c"]


WRONG: dict[str, tuple[StudySpec, str]] = {
    "one patient with all positives": (spec("one_patient"), "one group, number 0, holds all posi"),
    "a patient in two parts": (spec("shared_patient"), "no group .* may be in two parts"),
    "an imratio of labels": (spec("films", imratios=[0.1]), r"write imratios: \[null\]"),
    "an augmentation of images on volumes": (
        spec("voxels", task={"augmentation": "flip", "model": "small_cnn_3d"}),
        "augmentation flip is for images .*: take one of none, crop_flip_3d",
    ),
    "an augmentation of volumes on images": (
        spec("patients", task={"augmentation": "flip_3d"}),
        r"augmentation flip_3d is for volumes .*: "
        r"take one of crop_flip, crop_resize_flip, flip, none",
    ),
    "a mix that cuts images on volumes": (
        spec(
            "voxels",
            task={"model": "small_cnn_3d"},
            methods=["ce", {"name": "four", "method": "auc_m", "set": {"mix": "ricap"}}],
        ),
        "task own: mix ricap cuts images .*, and these are volumes: take one of mixup, cutmix, ",
    ),
    "partners of several labels": (
        spec("films", methods=[{"name": "even", "method": "ce", "set": {"mix": "balanced_mixup"}}]),
        "task own: mix balanced_mixup draws images evenly .* 3 labels: name one",
    ),
    "a network of images on volumes": (
        spec("voxels", task={"model": "small_cnn"}),
        "small_cnn must take volumes of 1 channels and 6x8x8 pixels, as these are, and fails",
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_cannot_be_is_refused_before_anything_is_written(case: str) -> None:
    wrong, words = WRONG[case]
    with pytest.raises(SpecError, match=words):
        check_environment(wrong)


def test_each_thing_is_said_once_however_many_ratios() -> None:
    with pytest.raises(SpecError) as refusal:
        check_environment(spec("one_patient", imratios=[0.05, 0.1, None]))
    assert str(refusal.value).count("holds all positives") == 1


def test_a_study_of_volumes_is_planned(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    raw = spec("voxels", task={"model": "small_cnn_3d"}).model_dump(mode="json", exclude_none=True)
    (tmp_path / "own.yaml").write_text(yaml.safe_dump(raw))
    done = CliRunner().invoke(app, ["plan", "own.yaml"])
    assert done.exit_code == 0, done.output
    assert "40 + 40" in done.output  # the test set


@pytest.mark.parametrize("augmentation", ["crop_flip_3d", "flip_3d", "crop_flip_rotate_3d"])
def test_a_spec_may_name_every_augmentation_of_volumes(augmentation: Any) -> None:
    check_environment(spec("voxels", task={"augmentation": augmentation, "model": "small_cnn_3d"}))
