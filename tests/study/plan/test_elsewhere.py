"""A plan for another machine: what it knows by itself, its times by hand, its refusals."""

import math
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from study.cli import app
from study.errors import SpecError
from study.plan.elsewhere import Machine, machine, plan_elsewhere
from study.plan.images import PUBLISHED, labels_of, published
from study.plan.speeds import SPEEDS, Way
from study.spec import Dataset, StudySpec, load_spec, parse_spec, preset_names
from trainables.datasets import (
    DATASETS,
)
from trainables.datasets.cut.imbalance import binary_targets
from trainables.errors import DataError

NOWHERE = Path("/nowhere")
BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture(autouse=True)
def _a_login_node(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No data, no GPU, an empty folder."""
    monkeypatch.setenv("AUCSTUDY_DATA", str(NOWHERE))
    monkeypatch.chdir(tmp_path)


def spec(**changes: Any) -> StudySpec:
    task = {"dataset": "cifar10", "model": "resnet20", "epochs": 10, "intervals": 5}
    raw = {
        "name": "far",
        "methods": ["ce", "ct_auc"],
        "tasks": [task | changes.pop("task", {})],
        "imratios": [0.1],
        "search": {"trials": 6, "pruner": "none"},
        "confirm": {"seeds": 2},
        "space": {"ct_auc": {"inner_steps": 1}},
        "resources": {"gpus": 1},
    }
    return parse_spec(raw | changes)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("8x H100", Machine(8, "H100")),
        ("8 x NVIDIA H100 80GB", Machine(8, "H100 80GB")),
        ("H200", Machine(1, "H200")),
        ("64 cores", Machine(1, None, 64)),
        ("4x64 CPUs", Machine(4, None, 64)),
    ],
)
def test_how_a_machine_is_written(text: str, found: Machine) -> None:
    assert machine(text) == found


@pytest.mark.parametrize("text", ["", "0x H100", "  "])
def test_what_is_no_machine(text: str) -> None:
    with pytest.raises(SpecError, match='written like "8x H100"'):
        machine(text)


def test_times_are_those_that_were_measured() -> None:
    planned, notes = plan_elsewhere(spec(), machine("2x H200"))
    assert planned.slots == 2
    ce, ct_auc = planned.cells
    # 9/10 of 25,000 negatives and a ninth of them, in batches of 128.
    assert (ce.train.positives, ce.train.negatives) == ((2_500,), (22_500,))
    assert ce.steps == ct_auc.steps == 10 * (25_000 // 128)
    for cell, step, evaluations in ((ce, 5.195e-3, 128), (ct_auc, 10.623e-3, 256)):
        validation = 5_000 * step / evaluations / 3
        assert cell.search_seconds == pytest.approx(cell.steps * step + 5 * validation)
        assert cell.gradient_evaluations == cell.steps * evaluations
    assert "measured on H200 (f32, graph)" in notes[0]


def test_trials_that_share_a_gpu_take_longer() -> None:
    alone, _ = plan_elsewhere(spec(), machine("H200"))
    four, notes = plan_elsewhere(spec(resources={"gpus": 0.25}), machine("H200"))
    assert (alone.slots, four.slots) == (1, 4)
    assert four.cells[0].search_seconds == pytest.approx(alone.cells[0].search_seconds * 4 / 0.94)
    assert (
        f"4 trials on a GPU without CUDA MPS, with which it is {1.66 / 0.94:.1f} times" in notes[0]
    )
    _, notes = plan_elsewhere(spec(precision="bf16", resources={"gpus": 0.125}), machine("H200"))
    assert (
        f"8 trials on a GPU without CUDA MPS, with which it is {2.77 / 0.97:.1f} times" in notes[0]
    )


def test_other_methods_by_their_passes_and_images_by_their_size() -> None:
    two = spec(methods=["ct_auc", "auc_s"], space={"ct_auc": {"inner_steps": 3}})
    (ct_auc, auc_s), _ = plan_elsewhere(two, machine("H200"))[0].cells, None
    per_pass = 10.623e-3 / 2
    assert ct_auc.gradient_evaluations == 4 * 128 * ct_auc.steps
    assert ct_auc.search_seconds / ct_auc.steps == pytest.approx(4 * per_pass, rel=0.05)
    assert auc_s.search_seconds / auc_s.steps == pytest.approx(5.326e-3, rel=0.05)
    core = {"resources": {"gpus": 0}, "methods": ["auc_m"], "space": {}}
    small = plan_elsewhere(spec(**core), machine("8 cores"))[0].cells[0]
    large = plan_elsewhere(spec(**core, task={"dataset": "stl10"}), machine("8 cores"))[0].cells[0]
    assert small.search_seconds / small.steps == pytest.approx(0.66, rel=0.1)
    assert large.search_seconds / large.steps == pytest.approx(9 * 0.66, rel=0.1)


def test_seconds_per_step_stand_for_a_pass() -> None:
    (ce, ct_auc), notes = plan_elsewhere(spec(), machine("8x H100"), 0.02)[0].cells, None
    assert ce.search_seconds / ce.steps == pytest.approx(0.02, rel=0.05)
    assert ct_auc.search_seconds / ct_auc.steps == pytest.approx(0.04, rel=0.05)
    assert notes is None
    with pytest.raises(SpecError, match="above 0, not -1"):
        plan_elsewhere(spec(), machine("8x H100"), -1.0)


def test_a_step_that_was_not_measured_is_unknown_and_the_rest_is_not() -> None:
    planned, notes = plan_elsewhere(spec(), machine("8x H100"))
    assert planned.slots == 8
    assert planned.trials == 2 * (6 + 2)
    assert math.isnan(planned.seconds)
    assert "was timed on H100" in notes[0]
    assert "--seconds-per-step" in notes[0]
    with pytest.raises(SpecError, match="which was not measured on 8 x H100"):
        plan_elsewhere(spec(task={"budget": "seconds", "seconds": 100}), machine("8x H100"))


def test_a_machine_of_the_wrong_kind() -> None:
    with pytest.raises(SpecError, match=r'gpus is 1\), not 4 x 64 cores: .*"8x H200"'):
        plan_elsewhere(spec(), machine("4x 64 cores"))
    with pytest.raises(SpecError, match=r'gpus is 0\), not 8 x H100: .*"4x 64 cores"'):
        plan_elsewhere(spec(resources={"gpus": 0}), machine("8x H100"))


def test_a_data_set_whose_size_is_not_known() -> None:
    with pytest.raises(SpecError, match=r"of pathmnist it is not: "):
        plan_elsewhere(spec(task={"dataset": "pathmnist"}), machine("H200"))


def reader_of_ones_own(root: Path, download: bool) -> None:  # noqa: ARG001
    raise RuntimeError("no such disk")


def test_what_is_ones_own_fails_in_words() -> None:
    own = f"{__name__}:reader_of_ones_own"
    with pytest.raises(SpecError, match=r"it is not: .*no such disk"):
        plan_elsewhere(spec(task={"dataset": own, "name": "own"}), machine("H200"))
    buggy = spec(methods=["tests.study.odd_methods:Buggy"], space={})
    with pytest.raises(SpecError, match=r"Buggy fails in one with .*\(odd_methods"):
        plan_elsewhere(buggy, machine("H200"))


@pytest.mark.parametrize("name", PUBLISHED)
def test_published_sizes_are_those_of_the_data(name: str, real_data: Path) -> None:
    folders = (real_data, real_data / "medmnist")
    for folder in folders:
        try:
            found = labels_of(Dataset(name=name), folder)
        except DataError:
            continue
        size, known = PUBLISHED[name], published(Dataset(name=name), NOWHERE)
        for part, labels, stands in (
            (size.train, found.train_labels, known.train_labels),
            (size.test, found.test_labels, known.test_labels),
        ):
            positives = int(binary_targets(labels, found.n_classes).sum())
            assert part == (len(labels) - positives, positives)
            assert int(binary_targets(stands, known.n_classes).sum()) == positives
            assert len(stands) == len(labels)
        assert size.validation_share == found.validation_share == known.validation_share
        return
    pytest.skip(f"{name} is not among the data here")


def test_speeds_are_those_of_the_benchmarks() -> None:
    """As their files print them; names are ours."""
    gpu = (BENCHMARKS / "gpu.md").read_text()
    cpu = (BENCHMARKS / "bench.md").read_text()
    words = {"f32": "f32", "tf32": "TF32", "bf16": "bf16"}
    for way, speeds in SPEEDS.items():
        for method, seconds in speeds.items():
            if way.device == "cpu":
                compiled = ", compiled" if way.execution == "compiled" else ""
                layout = ", channels_last" if way.channels_last else ""
                row = f"| {method} | ours, {way.precision}{compiled}{layout} |"
                assert f"{row} {1000 * seconds:.2f} |" in cpu
            else:
                layout = " channels_last" if way.channels_last else ""
                row = f"| {method} | {way.execution} {words[way.precision]}{layout} |"
                assert f"{row} {1000 * seconds:.3f} |" in gpu
    assert Way("H200", "f32", "graph") in SPEEDS
    assert set(PUBLISHED) <= set(DATASETS)


UNKNOWN_SIZE = {"chexpert"}
"""How many images have each label was not published."""


@pytest.mark.parametrize("name", preset_names())
def test_every_preset_can_be_planned_and_launched_from_a_login_node(name: str) -> None:
    wanted = load_spec(name).resources
    where = "8x H200" if wanted.gpus else "16 cores"
    words = ["plan", name, "--for", where, "--seconds-per-step", "0.1", "--json"]
    done = CliRunner().invoke(app, words)
    if name in UNKNOWN_SIZE:
        assert done.exit_code == 2
        assert "A plan needs the size of its data sets" in done.stderr
    else:
        assert done.exit_code == 0, done.stderr
    printed = CliRunner().invoke(app, ["launch", "slurm", name])
    assert printed.exit_code == 0, printed.stderr


def test_without_the_machine_the_refusal_names_the_way(tmp_path: Path) -> None:
    raw = {
        "name": "far",
        "methods": ["ce"],
        "tasks": [{"dataset": "digits", "model": "mlp", "epochs": 1}],
        "imratios": [0.1],
        "search": {"trials": 1},
        "resources": {"gpus": 64},
    }
    (tmp_path / "far.yaml").write_text(yaml.safe_dump(raw))
    refused = CliRunner().invoke(app, ["plan", "far.yaml"])
    assert refused.exit_code == 2
    assert '--for "8x H200"' in refused.stderr
    alone = CliRunner().invoke(app, ["plan", "far.yaml", "--seconds-per-step", "1"])
    assert alone.exit_code == 2
    assert "name it with --for" in alone.stderr
