"""bf16 on a CPU that has none: said before the study begins, and only then."""

import pytest
import torch
from typer.testing import CliRunner

from study.cli import app
from study.plan import bf16
from study.spec import StudySpec, parse_spec
from tests.study.specs import SPEC


def spec(**changes: object) -> StudySpec:
    return parse_spec({**SPEC, "precision": "bf16", **changes})


@pytest.mark.parametrize(("factor", "warned"), [(15.0, True), (1.3, True), (1.1, False)])
def test_the_warning_says_how_slow_it_is(
    monkeypatch: pytest.MonkeyPatch, factor: float, warned: bool
) -> None:
    monkeypatch.setattr(bf16, "cpu_slowdown", lambda: factor)
    words = bf16.bf16_warning(spec())
    assert (words is not None) is warned
    if words is not None:
        assert f"{factor:.1f} times as long as in f32. Set precision: f32" in words


def test_what_does_not_train_on_this_cpu_is_not_warned_of(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bf16, "cpu_slowdown", lambda: 15.0)
    assert bf16.bf16_warning(spec(precision="f32")) is None
    assert bf16.bf16_warning(spec(resources={"gpus": 1})) is None
    monkeypatch.setenv("RAY_ADDRESS", "127.0.0.1:6379")
    assert bf16.bf16_warning(spec()) is None


def test_measuring_leaves_threads_and_generator_as_they_are() -> None:
    threads, state = torch.get_num_threads(), torch.get_rng_state()
    assert bf16.cpu_slowdown() > 0
    assert torch.get_num_threads() == threads
    assert torch.equal(torch.get_rng_state(), state)


def test_doctor_and_plan_say_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    monkeypatch.setattr(bf16, "cpu_slowdown", lambda: 15.0)
    file = tmp_path_factory.mktemp("spec") / "study.yaml"
    file.write_text(
        "name: s\nmethods: [ce]\ntasks: [{dataset: digits, model: mlp, epochs: 1}]\n"
        "imratios: [0.1]\nsearch: {trials: 1}\nprecision: bf16\n"
    )
    for command in ("doctor", "plan"):
        done = CliRunner().invoke(app, [command, str(file)])
        assert done.exit_code == 0, done.output
        assert "15.0 times as long" in " ".join(done.output.split())
