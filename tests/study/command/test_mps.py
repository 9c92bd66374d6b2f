"""CUDA MPS is looked for, and said where it would pay; NVIDIA's two programs are stand-ins."""

from pathlib import Path

import pytest
import torch
from typer.testing import CliRunner

from study.cli import app
from study.command.doctor import Finding, examine
from study.command.mps import START, look, mps_warning
from study.spec import Dataset, StudySpec, parse_spec
from tests.study.specs import SPEC

SHARED = 0.25

# As NVIDIA's: it speaks to the daemon through the pipes, and says so if there is none.
CONTROL = """#!/bin/sh
[ -z "$1" ] || { echo "$@" >> "$TOLD"; exit 0; }
read -r asked
[ "$asked" = get_server_list ] || exit 2
[ -e "$CUDA_MPS_PIPE_DIRECTORY/control" ] && exit 0
echo "Cannot find MPS control daemon process"
exit 1
"""


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two GPUs and the driver's programs; gives the folder of the pipes, without a daemon."""
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "nvidia-cuda-mps-control").write_text(CONTROL)
    (programs / "nvidia-smi").write_text("#!/bin/sh\necho Default\necho Default\n")
    for each in programs.iterdir():
        each.chmod(0o755)
    pipes = tmp_path / "pipes"
    pipes.mkdir()
    monkeypatch.setenv("PATH", f"{programs}:/usr/bin:/bin")
    monkeypatch.setenv("TOLD", str(tmp_path / "told"))
    monkeypatch.setenv("CUDA_MPS_PIPE_DIRECTORY", str(pipes))
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    return pipes


def compute_mode(pipes: Path, mode: str) -> None:
    (pipes.parent / "bin" / "nvidia-smi").write_text(f"#!/bin/sh\necho {mode}\n")


def take_away(pipes: Path) -> None:
    """As where the driver's package is split and its MPS is not installed."""
    (pipes.parent / "bin" / "nvidia-cuda-mps-control").unlink()


def examined(folder: Path, gpus: float) -> list[Finding]:
    found = examine(folder, folder, None, [Dataset(name="digits")], gpus)
    return [finding for finding in found if finding.what == "mps"]


def spec(gpus: float) -> StudySpec:
    return parse_spec({**SPEC, "resources": {"gpus": gpus}})


def test_a_daemon_that_answers_is_all_that_is_wanted(machine: Path) -> None:
    (machine / "control").touch()
    (finding,) = examined(machine.parent, SHARED)
    assert (finding.verdict, finding.advice) == ("ok", "")
    assert str(machine) in finding.found
    assert "compute mode Default" in finding.found
    assert mps_warning(spec(SHARED)) is None


def test_without_a_daemon_a_study_that_shares_gpus_is_told_what_to_start(machine: Path) -> None:
    (finding,) = examined(machine.parent, SHARED)
    assert finding.verdict == "warn"
    assert finding.advice.startswith(START)
    assert "2.8 times" in finding.advice
    warning = mps_warning(spec(SHARED))
    assert warning is not None
    assert START in warning
    assert not (machine.parent / "told").exists(), "it only looks"


@pytest.mark.parametrize("gpus", [0, 1, 2])
def test_a_study_that_shares_no_gpu_is_not_bothered(machine: Path, gpus: float) -> None:
    (finding,) = examined(machine.parent, gpus)
    assert finding.verdict == "ok"
    assert mps_warning(spec(gpus)) is None


def test_where_it_is_not_offered_that_is_said(machine: Path) -> None:
    take_away(machine)
    (finding,) = examined(machine.parent, SHARED)
    assert finding.verdict == "warn"
    assert "not offered" in finding.found
    assert START not in finding.advice
    assert "not offered" in str(mps_warning(spec(SHARED)))


@pytest.mark.parametrize("offered", [True, False])
def test_a_gpu_for_one_process_cannot_be_shared_without_it(machine: Path, offered: bool) -> None:
    compute_mode(machine, "Exclusive_Process")
    if not offered:
        take_away(machine)
    (finding,) = examined(machine.parent, SHARED)
    assert finding.verdict == "fail"
    assert (START in finding.advice) == offered
    assert "nvidia-smi -c DEFAULT" in finding.advice
    assert examined(machine.parent, 1)[0].verdict == "ok"
    if offered:
        (machine / "control").touch()
        assert examined(machine.parent, SHARED)[0].verdict == "ok"


def test_trials_elsewhere_are_no_matter_of_this_machine(
    machine: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert not (machine / "control").exists()
    monkeypatch.setenv("RAY_ADDRESS", "127.0.0.1:6379")
    assert mps_warning(spec(SHARED)) is None


def test_a_machine_without_a_gpu_has_nothing_to_say(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert look() is None
    assert examined(tmp_path, SHARED) == []
    assert mps_warning(spec(SHARED)) is None


def test_doctor_and_plan_say_it(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda _: "NVIDIA H200")
    file = machine.parent / "study.yaml"
    file.write_text(
        "name: s\nmethods: [ce]\ntasks: [{dataset: digits, model: mlp, epochs: 1}]\n"
        "imratios: [0.1]\nsearch: {trials: 1}\nresources: {gpus: 0.25}\n"
    )
    examined = CliRunner().invoke(app, ["doctor", str(file)])
    assert examined.exit_code == 0, examined.output
    assert START in " ".join(examined.output.split())
    # It goes on to time steps, which takes a GPU that is one.
    planned = CliRunner().invoke(app, ["plan", str(file)])
    assert START in " ".join(planned.output.split())
